"""Errors of a potential on labelled configurations, with forces split by what they do to a molecule.

In a molecular liquid nearly all of the force is intramolecular. The small part that moves and turns whole molecules
decides density and diffusion, and a total force error says almost nothing about it. Each molecule's forces are
therefore projected exactly onto its rigid translation and rotation (Magdau et al., npj Comput. Mater. 9, 146 (2023)).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.units import bar

from decant.data.decomposition import labelled_parts, less
from decant.foundation.errors import InputError
from decant.molecules.topology import formula, whole_positions

if TYPE_CHECKING:
    from ase import Atoms

    from decant.data.prediction import Prediction

ROUNDING = 1e-9
"""eV, eV/angstrom: a reference that is no larger is nothing but the rounding of what splits it, and no scale."""
PARTS = ("translational", "rotational", "vibrational")
# Principal moments of inertia below these are zero: the axis of a linear molecule, or a lone atom (amu A^2).
RELATIVE_ZERO_MOMENT = 1.0e-9
ABSOLUTE_ZERO_MOMENT = 1.0e-6
MILLI = 1000.0
FEWEST_GROUPS = 5
"""Groups of frames from which on their spread is told as an uncertainty."""


@dataclass(frozen=True)
class ForceParts:
    """Forces split by molecule; the three parts add up to the whole.

    Attributes
    ----------
    translational, rotational, vibrational
        eV/angstrom, shape (atoms, 3). They are mutually orthogonal under the metric 1/m.
    """

    translational: np.ndarray
    rotational: np.ndarray
    vibrational: np.ndarray


def split_forces(positions: np.ndarray, masses: np.ndarray, forces: np.ndarray, mol_id: np.ndarray) -> ForceParts:
    r"""Split forces into the translational, rotational and vibrational part of each molecule.

    With the net force :math:`F`, the mass :math:`M`, the torque :math:`\tau` and the inertia tensor :math:`I` of a
    molecule about its centre of mass, and :math:`r_i` the position from there, atom :math:`i` has

    .. math:: f_i^{trans} = \frac{m_i}{M} F, \qquad f_i^{rot} = m_i (I^{+} \tau) \times r_i

    and the rest is vibrational. These are the forces that would give the rigid molecule its translational and angular
    acceleration. :math:`I^{+}` is the pseudo-inverse, so linear molecules and lone atoms need no special case.

    Parameters
    ----------
    positions
        Positions of whole (unwrapped) molecules, angstrom, shape (atoms, 3).
    masses
        g/mol, shape (atoms,).
    forces
        Any unit, shape (atoms, 3).
    mol_id
        Molecule of each atom; any integers, shape (atoms,).

    Returns
    -------
    ForceParts
        In the unit of `forces`.
    """
    _, molecule = np.unique(mol_id, return_inverse=True)
    weight = np.asarray(masses, dtype=float)[:, None]
    mass = _sum_by(molecule, weight)
    arm = positions - (_sum_by(molecule, weight * positions) / mass)[molecule]
    translational = weight * (_sum_by(molecule, forces) / mass)[molecule]
    torque = _sum_by(molecule, np.cross(arm, forces))
    square = np.einsum("ia,ia->i", arm, arm)[:, None, None] * np.eye(3)
    inertia = _sum_by(molecule, weight[:, :, None] * (square - arm[:, :, None] * arm[:, None, :]))
    angular = np.einsum("mab,mb->ma", _pseudo_inverse(inertia), torque)
    rotational = weight * np.cross(angular[molecule], arm)
    return ForceParts(translational, rotational, forces - translational - rotational)


def _sum_by(molecule: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sum `values` (atoms, ...) over the atoms of each molecule."""
    total = np.zeros((molecule.max() + 1, *values.shape[1:]))
    np.add.at(total, molecule, values)
    return total


def _pseudo_inverse(inertia: np.ndarray) -> np.ndarray:
    """Invert inertia tensors (molecules, 3, 3), leaving out axes about which there is nothing to turn."""
    moments, axes = np.linalg.eigh(inertia)
    smallest = np.maximum(RELATIVE_ZERO_MOMENT * moments[:, -1:], ABSOLUTE_ZERO_MOMENT)
    inverse = np.where(moments > smallest, 1.0 / np.maximum(moments, smallest), 0.0)
    return np.einsum("mak,mk,mbk->mab", axes, inverse, axes)


def fit_errors(frames: Sequence[Atoms], predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Return the errors of `predictions` on labelled `frames`.

    Force errors are over Cartesian components of the force on each atom: ``rmse = sqrt(mean((f - f_ref)^2))`` over
    all atoms and x, y, z. A part's error is the same over the *projected* force vectors of the atoms, so parts and
    total share one scale and `ratio` (rmse over the root mean square of the reference's own part) says how much of
    that part is wrong: 1 means that predicting zero would have done as well.

    Parameters
    ----------
    frames
        Labelled frames in house form. Isolated atoms are left out. Forces need ``arrays["mol_id"]`` for the parts.
    predictions
        One for each frame.

    Returns
    -------
    dict
        ``frames``, ``atoms``, ``molecules`` (counts); ``energy_meV_per_atom``; ``force_meV_per_A`` with ``total``,
        ``translational``, ``rotational``, ``vibrational``; ``virial_meV_per_atom`` (over the components; None if no
        frame has one). Each set of numbers is ``rmse``, ``mae``, ``reference_rms`` and ``ratio``. For the energy,
        ``reference_rms`` is the spread about the mean, and ``mean_error`` and ``rmse_shifted`` (mean error taken
        off) tell a constant offset from a real error. ``offsets`` holds the mean error of each composition, and
        ``rmse_within`` what is left without them, estimated over the compositions of two frames or more (None if there
        is none): such constants no force feels, and no composition that a potential has not seen is without.
        ``pressure_bar`` has the ``mean_error`` of the pressure over groups of related frames, its ``size`` (no sign),
        its ``uncertainty`` (one standard error; None of fewer than `FEWEST_GROUPS`) and ``groups``, their number; None
        if no frame has a virial.

    Raises
    ------
    InputError
        If the lists differ in length, a label is missing, or a prediction is not finite or of the wrong shape.
    """
    if len(frames) != len(predictions):
        raise InputError(f"{len(predictions)} predictions for {len(frames)} frames; expected one for each")
    pairs = [
        (number, atoms, prediction)
        for number, (atoms, prediction) in enumerate(zip(frames, predictions, strict=True))
        if atoms.info.get("config_type") != "IsolatedAtom"
    ]
    if not pairs:
        raise InputError("no frame to take errors on: the set is empty or has isolated atoms only")
    for number, atoms, prediction in pairs:
        _require_labels(number, atoms)
        _require_sound(number, atoms, prediction)
    chosen = [(atoms, prediction) for _, atoms, prediction in pairs]
    return {
        "frames": len(chosen),
        "atoms": sum(len(atoms) for atoms, _ in chosen),
        "molecules": sum(len(np.unique(atoms.arrays["mol_id"])) for atoms, _ in chosen),
        "energy_meV_per_atom": _energy_errors(chosen),
        "force_meV_per_A": _force_errors(chosen),
        "virial_meV_per_atom": _virial_errors(chosen),
        "pressure_bar": _pressure_error(chosen),
    }


def molecular_errors(
    frames: Sequence[Atoms], predictions: Sequence[Prediction], intra: Sequence[Prediction]
) -> dict[str, Any]:
    """Return the errors of the intra- and the intermolecular part of energy, force and virial.

    Parameters
    ----------
    frames
        Labelled frames with the intramolecular part, as ``decant label --molecules`` writes them.
    predictions
        One for each frame.
    intra
        The intramolecular part of each prediction, by the same potential.

    Returns
    -------
    dict
        ``frames`` (their number), ``intra`` and ``inter``, each with ``energy_meV_per_atom``, ``force_meV_per_A`` and
        ``virial_meV_per_atom``: numbers as in `fit_errors`, the force as a whole. The intermolecular part is the rest,
        on both sides.
    """
    parts: dict[str, list[tuple[Atoms, Prediction]]] = {"intra": [], "inter": []}
    for atoms, whole, alone in zip(frames, predictions, intra, strict=True):
        inside, between = labelled_parts(atoms)
        parts["intra"].append((_with_labels(atoms, inside), alone))
        parts["inter"].append((_with_labels(atoms, between), less(whole, alone)))
    result: dict[str, Any] = {"frames": len(frames)}
    for name, pairs in parts.items():
        reference = np.concatenate([atoms.arrays["REF_forces"] for atoms, _ in pairs])
        predicted = np.concatenate([prediction.forces for _, prediction in pairs])
        result[name] = {
            "energy_meV_per_atom": _energy_errors(pairs),
            "force_meV_per_A": _numbers(predicted - reference, reference),
            "virial_meV_per_atom": _virial_errors(pairs),
        }
    return result


def _with_labels(atoms: Atoms, labels: Prediction) -> Atoms:
    """Return a copy whose labels are those given."""
    frame = atoms.copy()
    frame.info["REF_energy"] = labels.energy
    frame.arrays["REF_forces"] = labels.forces
    frame.info.pop("REF_virial", None)
    if labels.virial is not None:
        frame.info["REF_virial"] = labels.virial
    return frame


def _require_labels(number: int, atoms: Atoms) -> None:
    for key, where in (("REF_energy", atoms.info), ("REF_forces", atoms.arrays), ("mol_id", atoms.arrays)):
        if key not in where:
            raise InputError(f"frame {number}: no {key}; give labelled frames in house form (decant import)")


def _require_sound(number: int, atoms: Atoms, prediction: Prediction) -> None:
    if np.shape(prediction.forces) != (len(atoms), 3):
        raise InputError(
            f"frame {number}: predicted forces have shape {np.shape(prediction.forces)}, expected {(len(atoms), 3)}"
        )
    if not (np.isfinite(prediction.energy) and np.isfinite(prediction.forces).all()):
        raise InputError(f"frame {number}: the predicted energy or forces are not finite; the potential is broken here")


def _numbers(error: np.ndarray, reference: np.ndarray) -> dict[str, float | None]:
    """RMSE, MAE, RMS of the reference and their ratio, in thousandths of the unit given."""
    rmse, rms = float(np.sqrt(np.mean(error**2))), float(np.sqrt(np.mean(reference**2)))
    return {
        "rmse": MILLI * rmse,
        "mae": MILLI * float(np.mean(np.abs(error))),
        "reference_rms": MILLI * rms,
        "ratio": rmse / rms if rms > ROUNDING else None,
    }


def _energy_errors(pairs: list[tuple[Atoms, Prediction]]) -> dict[str, Any]:
    reference = np.array([atoms.info["REF_energy"] / len(atoms) for atoms, _ in pairs])
    error = np.array([prediction.energy / len(atoms) for atoms, prediction in pairs]) - reference
    names = np.array([_composition(atoms) for atoms, _ in pairs])
    offsets = {str(name): float(error[names == name].mean()) for name in np.unique(names)}
    within = error - np.array([offsets[name] for name in names])
    freedom = len(error) - len(offsets)
    return {
        **_numbers(error, reference - reference.mean()),
        "mean_error": MILLI * float(error.mean()),
        "rmse_shifted": MILLI * float(error.std()),
        "rmse_within": MILLI * float(np.sqrt(np.sum(within**2) / freedom)) if freedom else None,
        "offsets": {name: MILLI * value for name, value in offsets.items()},
    }


def _composition(atoms: Atoms) -> str:
    """Return the formulas of the molecules of a frame, with their ratio where it is a mixture: C3H4O3:1,C4H8O3:2."""
    symbols, mol_id = np.array(atoms.get_chemical_symbols()), atoms.arrays["mol_id"]
    counts = Counter(formula(symbols[mol_id == label].tolist()) for label in np.unique(mol_id))
    if len(counts) == 1:
        return next(iter(counts))
    divisor = gcd(*counts.values())
    return ",".join(f"{name}:{count // divisor}" for name, count in sorted(counts.items()))


def force_components(
    frames: Sequence[Atoms], predictions: Sequence[Prediction]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the reference and the predicted forces of all frames, in all and by part, for errors and parity plots.

    Returns
    -------
    reference, predicted
        eV/angstrom, shape (atoms of all frames, 3), under ``total``, ``translational``, ``rotational`` and
        ``vibrational``.
    """
    reference: dict[str, list[np.ndarray]] = {name: [] for name in ("total", *PARTS)}
    predicted: dict[str, list[np.ndarray]] = {name: [] for name in ("total", *PARTS)}
    for atoms, prediction in zip(frames, predictions, strict=True):
        masses, mol_id = atoms.get_masses(), atoms.arrays["mol_id"]
        positions = whole_positions(atoms, mol_id)
        for forces, collected in ((atoms.arrays["REF_forces"], reference), (prediction.forces, predicted)):
            parts = split_forces(positions, masses, np.asarray(forces, dtype=float), mol_id)
            collected["total"].append(np.asarray(forces, dtype=float))
            for name in PARTS:
                collected[name].append(getattr(parts, name))
    return (
        {name: np.concatenate(arrays) for name, arrays in reference.items()},
        {name: np.concatenate(arrays) for name, arrays in predicted.items()},
    )


def _force_errors(pairs: list[tuple[Atoms, Prediction]]) -> dict[str, dict[str, float | None]]:
    """Errors of the total force and of each part."""
    reference, predicted = force_components(*zip(*pairs, strict=True))
    return {name: _numbers(predicted[name] - reference[name], reference[name]) for name in reference}


def _virial_errors(pairs: list[tuple[Atoms, Prediction]]) -> dict[str, float | None] | None:
    """Errors of the virial over the frames where both sides have one."""
    errors, references = [], []
    for atoms, prediction in pairs:
        if "REF_virial" in atoms.info and prediction.virial is not None:
            reference = np.asarray(atoms.info["REF_virial"], dtype=float).reshape(3, 3) / len(atoms)
            references.append(reference)
            errors.append(np.asarray(prediction.virial).reshape(3, 3) / len(atoms) - reference)
    return _numbers(np.array(errors), np.array(references)) if errors else None


def _pressure_error(pairs: list[tuple[Atoms, Prediction]]) -> dict[str, Any] | None:
    """Error of the pressure, bar, averaged over the frames of a group first: those of one trajectory are alike."""
    groups: dict[Any, list[float]] = {}
    for number, (atoms, prediction) in enumerate(pairs):
        if "REF_virial" in atoms.info and prediction.virial is not None and atoms.cell.rank == 3:
            error = np.reshape(prediction.virial, (3, 3)) - np.reshape(atoms.info["REF_virial"], (3, 3))
            pressure = float(np.trace(error)) / (3 * atoms.get_volume() * bar)
            groups.setdefault(atoms.info.get("group", number), []).append(pressure)
    if not groups:
        return None
    means = np.array([np.mean(errors) for errors in groups.values()])
    known = len(means) >= FEWEST_GROUPS
    return {
        "mean_error": float(means.mean()),
        "size": float(abs(means.mean())),
        "uncertainty": float(means.std(ddof=1) / np.sqrt(len(means))) if known else None,
        "groups": len(means),
    }
