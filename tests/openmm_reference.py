"""The force field in OpenMM from the toolkit's own parameters: another program, and another conversion of units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from decant.force_field.cache import parameters_of
from decant.force_field.sage import FORCE_FIELD, IONS
from decant.lammps.data import lammps_box
from decant.molecules.molecule import Molecule

CUTOFF_NM, EWALD_TOLERANCE = 0.9, 1e-6
SCALE_14_LJ, SCALE_14_COULOMB = 0.5, 0.8333333333


def openmm_energy_forces(atoms: Atoms, kinds: Sequence[Molecule]) -> tuple[float, np.ndarray]:
    """Return energy (eV) and forces (eV/angstrom) of molecules one after the other, in the order of their SMILES.

    OpenMM wants a cell of at least twice the cutoff: a smaller one is repeated, and its share is returned.
    """
    import openmm
    from ase.units import kJ, mol, nm
    from openmm import unit

    periodic = bool(atoms.pbc.any())
    copies = int(np.ceil(2.02 * 10 * CUTOFF_NM / np.diag(lammps_box(atoms).cell)).max()) if periodic else 1
    large = atoms.repeat(copies) if periodic else atoms
    system = _system(large, list(kinds) * copies**3)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
    context.setPositions(large.positions / 10 * unit.nanometer)
    state = context.getState(energy=True, forces=True)
    energy = state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole) * kJ / mol
    forces = state.getForces(asNumpy=True).value_in_unit(unit.kilojoule_per_mole / unit.nanometer) * kJ / mol / nm
    number = len(large) // len(atoms)
    return energy / number, np.asarray(forces)[: len(atoms)]


def _system(atoms: Atoms, kinds: Sequence[Molecule]) -> object:
    import openmm
    from openff.toolkit import ForceField
    from openff.toolkit import Molecule as ToolkitMolecule

    field = ForceField(f"{FORCE_FIELD}.offxml", str(IONS))
    system = openmm.System()
    bonds, angles, torsions = openmm.HarmonicBondForce(), openmm.HarmonicAngleForce(), openmm.PeriodicTorsionForce()
    octahedral = openmm.CustomAngleForce("k/16*(1 - cos(4*theta))")
    octahedral.addPerAngleParameter("k")
    pairs = openmm.NonbondedForce()
    labels, bonded, first = {}, [], 0
    for kind in kinds:
        if kind.smiles not in labels:
            molecule = ToolkitMolecule.from_smiles(kind.smiles, allow_undefined_stereo=True)
            labels[kind.smiles] = field.label_molecules(molecule.to_topology())[0]
        found, charges = labels[kind.smiles], parameters_of(kind.smiles).charges
        for atom, charge in enumerate(charges):
            vdw = found["vdW"][(atom,)]
            system.addParticle(1.0)
            pairs.addParticle(charge, vdw.sigma.to_openmm(), vdw.epsilon.to_openmm())
        for atoms_of, one in found["Bonds"].items():
            i, j = (first + atom for atom in atoms_of)
            bonds.addBond(i, j, one.length.to_openmm(), one.k.to_openmm())
            bonded.append((i, j))
        for atoms_of, one in found["Angles"].items():
            members = [first + atom for atom in atoms_of]
            if sum(bond[0] == atoms_of[1] or bond[1] == atoms_of[1] for bond in found["Bonds"]) > 4:
                octahedral.addAngle(*members, [one.k.to_openmm()])
            else:
                angles.addAngle(*members, one.angle.to_openmm(), one.k.to_openmm())
        for atoms_of, one in found["ProperTorsions"].items():
            for n, phase, k, divide in zip(one.periodicity, one.phase, one.k, one.idivf, strict=True):
                members = [first + atom for atom in atoms_of]
                torsions.addTorsion(*members, n, phase.to_openmm(), k.to_openmm() / divide)
        for (a, centre, b, c), one in found["ImproperTorsions"].items():
            for x, y, z in ((a, b, c), (b, c, a), (c, a, b)):
                for n, phase, k in zip(one.periodicity, one.phase, one.k, strict=True):
                    members = [first + atom for atom in (centre, x, y, z)]
                    torsions.addTorsion(*members, n, phase.to_openmm(), k.to_openmm() / 3)
        first += len(charges)
    pairs.createExceptionsFromBonds(bonded, SCALE_14_COULOMB, SCALE_14_LJ)
    if atoms.pbc.any():
        rows = lammps_box(atoms).cell / 10
        assert np.allclose(rows, atoms.cell.array / 10), "give a cell in LAMMPS's orientation, reduced"
        system.setDefaultPeriodicBoxVectors(*rows)
        pairs.setNonbondedMethod(openmm.NonbondedForce.PME)
        pairs.setCutoffDistance(CUTOFF_NM)
        pairs.setEwaldErrorTolerance(EWALD_TOLERANCE)
        pairs.setUseDispersionCorrection(True)
    for force in (bonds, angles, octahedral, torsions, pairs):
        if force is not pairs:
            force.setUsesPeriodicBoundaryConditions(bool(atoms.pbc.any()))
        system.addForce(force)
    return system
