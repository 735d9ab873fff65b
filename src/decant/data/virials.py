"""Whether virials fit forces: most of the virial of a molecular liquid is that within its molecules,
:math:`\\sum_i f_i \\otimes (r_i - R)`, with the centre R of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from decant.data.misfits import Finding, Sample, is_near, is_sure, misfit, odd_frames, proportion


def check_virials(made: Sequence[Sample], kind: str, scale: float) -> Finding | None:
    """Compare virials with the internal ones of the molecules, without their traces: over all frames, then in each.

    Frames whose molecules push each other harder than their bonds do are left out: what molecules do together is not
    in the internal virial.

    Parameters
    ----------
    made
        Frames with or without virial.
    kind
        ``virial`` or ``stress``: those from the other are left out.
    scale
        What takes the forces to eV/angstrom.
    """
    found = [sample for sample in made if sample.kind == kind and "REF_virial" in sample.atoms.info]
    pairs = {
        sample.number: (_deviator(sample.atoms.info["REF_virial"]), _deviator(internal_virial(sample)) * scale)
        for sample in found
        if _is_internal(sample)
    }
    empty = [sample for sample in found if not sample.atoms.info["REF_virial"].any() and sample.forces.any()]
    if len(empty) > len(found) / 2:
        text = f"the {kind} is zero in {len(empty)} of {len(found)} frames, though forces are not: it is no label"
        return Finding(kind, f"{text}; leave it by `{kind}_key` none", wants=())
    if not pairs:
        return None
    virial, inner = (np.concatenate(column) for column in zip(*pairs.values(), strict=True))
    if order := _check_order(kind, virial.reshape(-1, 9), inner.reshape(-1, 9)):
        return order
    told = "the virial is {:.4g} times what the forces within molecules say"
    if not is_sure(virial, inner, 5 * len(pairs) - 1, 0.85):
        return _odd_virials(kind, told, pairs)
    factor = proportion(virial, inner)
    if is_near(factor, 2.0):
        return _odd_virials(kind, told, pairs)
    finding = misfit(kind, told.format(factor), factor)
    volume = float(np.median([sample.atoms.get_volume() for sample in found]))
    if not 0.6 < -factor / {"virial": 1 / volume, "stress": volume}[kind] < 1.6:
        return finding
    text = f"{finding.text}, or the key is that of a {'stress' if kind == 'virial' else 'virial'}, not of a {kind}"
    return Finding(kind, text, finding.wants)


def _odd_virials(kind: str, told: str, pairs: Mapping[int, tuple[np.ndarray, np.ndarray]]) -> Finding | None:
    ratios = {number: proportion(*pair) for number, pair in pairs.items() if is_sure(*pair, 5, 0.85)}
    return odd_frames(kind, told, ratios, {number for number, ratio in ratios.items() if not is_near(ratio, 2.0)})


OWN_ORDER = (5, 2, 1)
"""Where in a row of nine yz, xz and xy stand."""
_ORDERS = {"xx yy zz xy yz zx": (1, 5, 2), "xx yy zz xy xz yz": (1, 2, 5)}
"""Six numbers in the order of VASP and of LAMMPS, and where in a row of nine that is which is read as yz, xz, xy."""


def _check_order(kind: str, virial: np.ndarray, inner: np.ndarray) -> Finding | None:
    """See whether the shears of virials are those of the internal ones in another order."""
    shears = virial[:, OWN_ORDER].ravel()
    if len(shears) < 9:
        return None
    series = {order: inner[:, places].ravel() for order, places in {"": OWN_ORDER, **_ORDERS}.items()}
    left = {order: _unexplained(shears, right) for order, right in series.items()}
    order = min(left, key=lambda order: left[order])
    # one of three shears has its place in two orders: only what explains much more than ASE's own is the other
    if left[order] > left[""] / 4 or not is_sure(shears, series[order], len(shears), 0.9):
        return None
    text = f"the {kind} has the order {order}, not that of ASE: give it as nine numbers, or as xx yy zz yz xz xy"
    return Finding(kind, f"{text}, or leave it by `{kind}_key` none", wants=())


def _unexplained(x: np.ndarray, y: np.ndarray) -> float:
    """Return the share of the squares of one series that another, in proportion to it, leaves."""
    return 1 - float((x @ y) ** 2 / max((x @ x) * (y @ y), 1e-300))


def internal_virial(sample: Sample) -> np.ndarray:
    """Return the symmetric sum of force times position about the centre of its molecule, eV, shape (3, 3)."""
    sizes = np.bincount(sample.mol_id)
    centres = np.column_stack([np.bincount(sample.mol_id, sample.whole[:, axis]) for axis in range(3)]) / sizes[:, None]
    matrix = sample.forces.T @ (sample.whole - centres[sample.mol_id])
    return np.asarray(matrix + matrix.T) / 2


def _is_internal(sample: Sample) -> bool:
    """Say whether the forces on the molecules as a whole are small beside those on their atoms."""
    nets = np.column_stack([np.bincount(sample.mol_id, sample.forces[:, axis]) for axis in range(3)])
    return bool((nets**2).sum() < 0.1 * (sample.forces**2).sum())


def _deviator(matrix: np.ndarray) -> np.ndarray:
    return np.asarray(matrix - np.eye(3) * np.trace(matrix) / 3).ravel()
