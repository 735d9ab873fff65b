"""The force field by LAMMPS is the one that OpenMM makes of the same file, for every molecule that it knows."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.optimize import BFGS

from decant.configurations.sampling import calculator
from decant.force_field import cache
from decant.force_field.evaluate import evaluate
from decant.force_field.sage import parametrize, require_toolkit
from decant.foundation.errors import InputError
from decant.labels.base import LabelError
from decant.labels.registry import labeler
from decant.molecules.liquid import parse_liquid
from decant.molecules.molecule import Molecule
from decant.molecules.packing import pack
from decant.molecules.solvents import molecule
from tests.openmm_reference import openmm_energy_forces

pytestmark = pytest.mark.usefixtures("parameter_cache")

RELATIVE = 1e-4
"""What energies and forces of the two programs may differ by; those without a cell differ by 1e-8."""


def shaken(atoms: Atoms) -> Atoms:
    atoms.positions += np.random.default_rng(1).normal(scale=0.03, size=(len(atoms), 3))
    return atoms


def liquid(text: str, density: float) -> tuple[Atoms, list[Molecule]]:
    composition = parse_liquid(text)
    return shaken(pack(composition, density, 1)), [kind for kind, count in composition for _ in range(count)]


def require_agreement(atoms: Atoms, kinds: list[Molecule], relative: float = RELATIVE) -> None:
    charge = sum(kind.charge for kind in kinds)
    ours = evaluate(atoms, charge)
    energy, forces = openmm_energy_forces(atoms, kinds)
    # energies have no zero of their own: the error counts beside the thermal energy of the atoms
    assert ours.energy == pytest.approx(energy, abs=relative * 0.025 * len(atoms))
    error = np.sqrt(((ours.forces - forces) ** 2).mean() / (forces**2).mean())
    assert error < relative, f"forces differ by {error:.1e}"


@pytest.mark.parametrize(
    "name", ["EC", "EMC", "ACN", "water", "TFSI-", "PF6-", "BF4-", "OS(C)(=O)=O", "CN1C=C[N+](CC)=C1"]
)
def test_a_molecule_alone_is_that_of_openmm(name: str) -> None:
    kind = molecule(name)
    require_agreement(shaken(kind.embed(1)), [kind], 1e-5)


def test_a_cluster_has_every_pair_however_far_apart() -> None:
    atoms, kinds = liquid("EC:2,Li+:1,Cl-:1", 0.02)
    atoms.pbc = False
    assert np.linalg.norm(np.ptp(atoms.positions, axis=0)) > 20.0, "beyond any cutoff"
    require_agreement(atoms, kinds, 1e-5)


@pytest.mark.parametrize(("text", "density"), [("EC:2,EMC:4", 0.9), ("EC:3,Li+:2,Cl-:1,PF6-:1,water:2", 1.0)])
def test_a_liquid_is_that_of_openmm_with_the_same_cutoffs(text: str, density: float) -> None:
    require_agreement(*liquid(text, density))


def test_a_leaning_cell_is_that_of_openmm() -> None:
    atoms, kinds = liquid("EMC:4", 0.35)
    centres = np.array([atoms.positions[first : first + 15].mean(axis=0) for first in range(0, 60, 15)])
    cell = atoms.cell.array.copy()
    cell[1, 0], cell[2, 0], cell[2, 1] = 2.0, -3.0, 4.0
    moved = centres @ np.linalg.inv(atoms.cell.array) @ cell
    atoms.positions += np.repeat(moved - centres, 15, axis=0)
    atoms.set_cell(cell)
    require_agreement(atoms, kinds)


def test_the_virial_is_the_same_in_every_orientation_and_scales_as_it_should() -> None:
    atoms, _ = liquid("EMC:2", 0.4)
    plain = evaluate(atoms).virial
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    turned = atoms.copy()
    turned.set_cell(atoms.cell.array @ turn)
    turned.positions = atoms.positions @ turn
    again = evaluate(turned).virial
    assert plain is not None and again is not None
    np.testing.assert_allclose(turn.T @ plain @ turn, again, atol=1e-5)


def test_the_order_of_the_atoms_does_not_matter() -> None:
    atoms, _ = liquid("EC:1,EMC:1", 0.3)
    order = np.random.default_rng(3).permutation(len(atoms))
    one, other = evaluate(atoms), evaluate(atoms[order])
    assert other.energy == pytest.approx(one.energy, abs=1e-7)
    np.testing.assert_allclose(other.forces, one.forces[order], atol=1e-6)


def test_a_hot_frame_with_a_long_bond_keeps_its_molecules() -> None:
    atoms = molecule("EC").embed(1)
    carbon, hydrogen = next((i, j) for i, j in molecule("EC").bonds if atoms.symbols[j] == "H")
    atoms.set_distance(carbon, hydrogen, 1.40, fix=0)
    require_agreement(atoms, [molecule("EC")], 1e-5)


def test_charges_add_up_and_equivalent_atoms_share_them() -> None:
    found = parametrize(molecule("TFSI-").smiles)
    assert sum(found.charges) == pytest.approx(-1.0, abs=1e-12)
    oxygens = [charge for element, charge in zip(found.elements, found.charges, strict=True) if element == "O"]
    assert np.ptp(oxygens) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("C[Si](C)(C)C", "has no parameters for the atom Si"),
        ("F[P-](F)(F)(F)(F)C(F)(F)F", "has no parameters for angles of P with more than 4 bonds"),
        ("O=C1O[B-](F)(F)OC1=O", "has no parameters for the atom B"),
        ("[O-]Cl(=O)(=O)=O", "has no parameters for the bond O-Cl"),
        ("[Zn+2]", "has no parameters for the atom Zn"),
    ],
)
def test_a_molecule_without_parameters_is_named_with_what_is_missing(smiles: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        parametrize(smiles)


def frequencies(name: str) -> np.ndarray:
    """Return the harmonic frequencies of an ion at rest, 1/cm, without its six of translation and rotation."""
    ion = molecule(name).embed(1)
    ion.info["charge"] = -1
    ion.calc = calculator(labeler("openff"))
    BFGS(ion, logfile=None).run(fmax=1e-5, steps=200)
    hessian = np.empty((3 * len(ion), 3 * len(ion)))
    for number in range(3 * len(ion)):
        low, high = ion.copy(), ion.copy()
        low.positions.flat[number] -= 0.002
        high.positions.flat[number] += 0.002
        hessian[number] = (evaluate(low, -1).forces - evaluate(high, -1).forces).ravel() / 0.004
    weights = np.sqrt(np.outer(*[np.repeat(ion.get_masses(), 3)] * 2))
    squares = np.linalg.eigvalsh((hessian + hessian.T) / 2 / weights)[6:]
    return np.sqrt(squares) * np.sqrt(units._e / units._amu) / 1e-10 / (2 * np.pi * units._c * 100)


def test_an_octahedral_ion_stays_one_and_vibrates_at_all_its_bends() -> None:
    ion = molecule("PF6-").embed(1)
    ion.info["charge"] = -1
    ion.positions += np.random.default_rng(1).normal(scale=0.1, size=(7, 3))
    ion.calc = calculator(labeler("openff"))
    BFGS(ion, logfile=None).run(fmax=1e-3, steps=200)
    arms = ion.positions[[0, 2, 3, 4, 5, 6]] - ion.positions[1]
    cosines = np.sort((arms @ arms.T)[np.triu_indices(6, 1)] / 1.606**2)
    np.testing.assert_allclose(cosines, [-1] * 3 + [0] * 12, atol=2e-3)
    found = frequencies("PF6-")
    # three bends of F-P-F of each of T2g, T2u and T1u; as stiff as the published harmonic angle at 90 degrees
    assert found.min() > 400 and found[:9].max() < 620


def test_charges_of_ions_are_scaled_and_those_of_molecules_are_not() -> None:
    pair = Atoms("LiCl", [[0, 0, 0], [6, 0, 0]])
    full, scaled = (evaluate(pair, 0, ion_charge_scale=scale).energy for scale in (1.0, 0.8))
    coulomb = -14.3996 / 6.0  # e^2 / (4 pi epsilon_0), eV angstrom
    assert scaled - full == pytest.approx(coulomb * (0.8**2 - 1), rel=1e-4)
    water = molecule("water").embed(1)
    assert evaluate(water, 0, ion_charge_scale=0.8).energy == evaluate(water, 0).energy
    method = labeler("openff", {"ion_charge_scale": 0.8})
    assert method.settings["ion_charge_scale"] == 0.8 and "ion_charge_scale" not in labeler("openff").settings
    ion = molecule("PF6-").embed(1)
    ion.info["charge"] = -1
    assert np.isfinite(method.label(ion).energy), "the charge of a frame is the formal one"
    for wrong in (0, 1.2, "most", True):
        with pytest.raises(InputError, match=r"`ion_charge_scale` .*: expected a number above 0, at most 1"):
            labeler("openff", {"ion_charge_scale": wrong})


@pytest.mark.parametrize(
    ("atoms", "charge", "reason"),
    [
        (
            Atoms("CH3", [[0, 0, 0], [1.08, 0, 0], [-0.54, 0.935, 0], [-0.54, -0.935, 0]]),
            0,
            "CH3: no closed-shell molecule",
        ),
        (molecule("water").embed(1), 1, r"charge \+1: its molecules have 0"),
        (Atoms("Li", cell=[9, 9, 9], pbc=True), 0, r"charge 0: its molecules have \+1"),
    ],
)
def test_what_a_force_field_cannot_be_is_said(atoms: Atoms, charge: int, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        evaluate(atoms, charge)


def test_a_lone_atom_has_no_energy_and_what_is_not_known_is_a_label_error() -> None:
    method = labeler("openff")
    assert method.label(Atoms("C")).energy == 0.0
    with pytest.raises(LabelError, match="has no parameters for the atom Si"):
        method.label(molecule("C[SiH3]").embed(1))
    with pytest.raises(InputError, match="method 'openff' has no setting 'cutoff'; it has ion_charge_scale"):
        labeler("openff", {"cutoff": 8})


def test_a_cell_in_which_a_molecule_meets_itself_is_refused() -> None:
    atoms = molecule("ACN").embed(1)
    atoms.rotate(atoms.positions[2] - atoms.positions[0], "x")
    atoms.set_cell([5.8, 20.0, 20.0])
    atoms.pbc = True
    with pytest.raises(InputError, match="too small for its molecules"):
        evaluate(atoms)


def test_parameters_are_kept_and_a_damaged_file_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    water = molecule("water").smiles
    cache.parameters_of.cache_clear()
    made = cache.parameters_of(water)
    (file,) = cache.cache_folder().iterdir()
    for content in (file.read_text(), file.read_text()[:-20], json.dumps([])):
        file.write_text(content)
        cache.parameters_of.cache_clear()
        assert cache.parameters_of(water) == made
        assert json.loads(file.read_text())["parameters"]["smiles"] == water


def test_without_the_toolkit_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openff.nagl", None)
    with pytest.raises(
        InputError, match=r"openff\.nagl is not installed; run: pip install 'decant-mlip\[forcefield\]'"
    ):
        require_toolkit()
