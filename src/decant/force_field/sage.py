"""Parameters of OpenFF Sage with AM1-BCC charges of the graph network NAGL, by the toolkit of the Open Force Field.

Boothroyd et al., J. Chem. Theory Comput. 2023, 19, 3251 (Sage). The extra ``forcefield`` installs what it needs; only
this module imports it, and it takes ten seconds to load, so what it finds is kept (`decant.force_field.cache`).
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.force_field.parameters import MoleculeParameters
from decant.foundation.errors import InputError
from decant.foundation.threads import loading
from decant.foundation.units import KJ_MOL_PER_EV

if TYPE_CHECKING:
    from rdkit.Chem import Mol

FORCE_FIELD = "openff_unconstrained-2.2.1"
"""Sage 2.2.1 with flexible bonds: a label has forces along all of them."""
CHARGES = "openff-gnn-am1bcc-1.0.0"
INSTALL = "pip install 'decant-mlip[forcefield]'"
IONS = Path(__file__).with_name("ions.offxml")
"""Anions beside it: their sources stand in the file."""
OWN = "decant-"
"""How the names of the parameters in that file begin."""
MOST_NEIGHBOURS = 4
"""Sage has one angle for all around an atom: an octahedral ion without an angle of its own would fold."""

_EV_PER_KCAL_MOL = 4.184 / KJ_MOL_PER_EV
_PERMUTATIONS = ((0, 2, 3), (2, 3, 0), (3, 0, 2))  # of the outer atoms of an improper, whose second is the centre


def require_toolkit() -> None:
    """Raise `InputError` with the command that installs it, if the toolkit is not there."""
    for module in ("openff.toolkit", "openff.nagl", "openff.nagl_models", "openforcefields"):
        try:
            found = importlib.util.find_spec(module)
        except (ImportError, ValueError):
            found = None
        if found is None:
            raise InputError(f"method 'openff': {module} is not installed; run: {INSTALL}")


def parametrize(smiles: str) -> MoleculeParameters:
    """Return the parameters of a molecule.

    Parameters
    ----------
    smiles
        Its SMILES.

    Raises
    ------
    InputError
        If the force field or the model of charges has none for it.
    """
    from rdkit import Chem

    require_toolkit()
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    with _quiet(), loading(threads=1):
        found = _labels(smiles, mol)
        charges = _charges(smiles, mol, found)
    crowded = _crowded(mol)
    vdw = [found["vdW"][(atom,)] for atom in range(mol.GetNumAtoms())]
    return MoleculeParameters(
        smiles=smiles,
        elements=tuple(atom.GetSymbol() for atom in mol.GetAtoms()),
        charges=charges,
        sigma=tuple(_number(one.sigma, "angstrom") for one in vdw),
        epsilon=tuple(_energy(one.epsilon) for one in vdw),
        bonds=tuple(
            (*atoms, _energy(one.k, "/angstrom**2") / 2, _number(one.length, "angstrom"))
            for atoms, one in found["Bonds"].items()
        ),
        angles=tuple(
            (*atoms, _energy(one.k, "/radian**2") / 2, _number(one.angle, "degree"))
            for atoms, one in found["Angles"].items()
            if atoms[1] not in crowded
        ),
        octahedral=tuple(
            (*atoms, _energy(one.k, "/radian**2") / 2) for atoms, one in found["Angles"].items() if atoms[1] in crowded
        ),
        torsions=(*_torsions(found["ProperTorsions"]), *_impropers(found["ImproperTorsions"])),
    )


@functools.cache
def _force_field() -> Any:
    from openff.toolkit import ForceField

    return ForceField(f"{FORCE_FIELD}.offxml", str(IONS))


@functools.cache
def _model() -> Any:
    from openff.nagl import GNNModel
    from openff.nagl_models import validate_nagl_model_path

    return GNNModel.load(validate_nagl_model_path(f"{CHARGES}.pt"), eval_mode=True)


def _toolkit_molecule(mol: Mol) -> Any:
    from openff.toolkit import Molecule

    return Molecule.from_rdkit(mol, allow_undefined_stereo=True, hydrogens_are_explicit=True)


def _labels(smiles: str, mol: Mol) -> dict[str, Any]:
    """Return the toolkit's parameters by kind and atoms.

    Raises
    ------
    InputError
        If an atom, a bond, an angle or a torsion has none.
    """
    crowded = _crowded(mol)
    molecule = _toolkit_molecule(mol)
    found = dict(_force_field().label_molecules(molecule.to_topology())[0])
    for atoms, one in found["Angles"].items():
        if atoms[1] in crowded and not one.id.startswith(OWN):
            raise _without(smiles, f"angles of {crowded[atoms[1]]} with more than {MOST_NEIGHBOURS} bonds")
    wanted = {
        "vdW": ("atom", [(atom,) for atom in molecule.atoms]),
        "Bonds": ("bond", [(bond.atom1, bond.atom2) for bond in molecule.bonds]),
        "Angles": ("angle", molecule.angles),
        "ProperTorsions": ("torsion", molecule.propers),
    }
    for kind, (word, groups) in wanted.items():
        known = {min(atoms, atoms[::-1]) for atoms in map(tuple, found[kind])}
        for group in groups:
            atoms = tuple(atom.molecule_atom_index for atom in group)
            if min(atoms, atoms[::-1]) not in known:
                raise _without(smiles, f"the {word} {'-'.join(atom.symbol for atom in group)}")
    return found


def _crowded(mol: Mol) -> dict[int, str]:
    """Return the atoms with more neighbours than Sage knows angles for, and their elements."""
    return {atom.GetIdx(): atom.GetSymbol() for atom in mol.GetAtoms() if atom.GetDegree() > MOST_NEIGHBOURS}


def _without(smiles: str, what: str) -> InputError:
    return InputError(f"{smiles}: the force field {FORCE_FIELD} has no parameters for {what}")


def _charges(smiles: str, mol: Mol, found: dict[str, Any]) -> tuple[float, ...]:
    """Return the charges of the force field's library (ions of one atom, water), else those of NAGL.

    Atoms that only a resonance structure tells apart have one charge, and the sum is that of the molecule.
    """
    from rdkit import Chem

    total = Chem.GetFormalCharge(mol)
    library = found["LibraryCharges"]
    if len(library) == mol.GetNumAtoms():
        values = np.array([_number(one.charge[0], "elementary_charge") for _, one in sorted(library.items())])
    else:
        try:
            values = np.array(
                _model().compute_property(_toolkit_molecule(mol), check_domains=True, error_if_unsupported=True), float
            )
        except ValueError as error:
            raise InputError(f"{smiles}: the charge model {CHARGES} does not know it: {error}") from error
    classes = equivalent_atoms(mol)
    values = (np.bincount(classes, values) / np.bincount(classes))[classes]
    return tuple(float(value) for value in values - (values.sum() - total) / len(values))


def equivalent_atoms(mol: Mol) -> np.ndarray:
    """Number the atoms of a molecule so that those with the same place in the graph of elements have one number."""
    from rdkit import Chem

    plain = Chem.RWMol()
    for atom in mol.GetAtoms():
        bare = Chem.Atom(atom.GetAtomicNum())
        bare.SetNoImplicit(True)
        plain.AddAtom(bare)
    for bond in mol.GetBonds():
        plain.AddBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), Chem.BondType.SINGLE)
    plain.UpdatePropertyCache(strict=False)
    return np.unique(list(Chem.CanonicalRankAtoms(plain, breakTies=False)), return_inverse=True)[1]


def _torsions(found: dict[tuple[int, ...], Any]) -> Iterator[tuple[Any, ...]]:
    for atoms, one in found.items():
        yield (*atoms, tuple(_term(one, number, 1.0) for number in range(len(one.k))))


def _impropers(found: dict[tuple[int, ...], Any]) -> Iterator[tuple[Any, ...]]:
    """Yield each improper as the mean over three torsions from the centre through the outer atoms in turn.

    That is how SMIRNOFF has it (https://openforcefield.github.io/standards/standards/smirnoff).
    """
    for atoms, one in found.items():
        for turn in _PERMUTATIONS:
            terms = tuple(_term(one, number, len(_PERMUTATIONS)) for number in range(len(one.k)))
            yield (atoms[1], *(atoms[place] for place in turn), terms)


def _term(one: Any, number: int, paths: float) -> tuple[float, int, float]:
    """Return K, n and the phase of one term; K is divided by what the file says, else by the number of paths."""
    divide = one.idivf[number] if one.idivf else paths
    return _energy(one.k[number]) / divide, int(one.periodicity[number]), _number(one.phase[number], "degree")


def _number(quantity: Any, unit: str) -> float:
    return float(quantity.m_as(unit))


def _energy(quantity: Any, per: str = "") -> float:
    return _number(quantity, f"kilocalorie/mole{per}") * _EV_PER_KCAL_MOL


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what the toolkit says about other toolkits that it does not find."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
