"""What a model asks for besides atoms: charge and spin, which are fixed in it; parameters of frames are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.algorithms.deepmd.branches import BRANCHES
from decant.data.charges import charge_of, spin_of
from decant.foundation.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

NEUTRAL_SINGLET = (0, 1)
FIXED = "default_chg_spin"
"""Where a descriptor keeps the charge and multiplicity that it takes where none are given: LAMMPS gives none."""


def knows_charge(model: Mapping[str, Any]) -> bool:
    """Return whether a section ``model`` describes systems of any total charge and spin."""
    return bool(model.get("descriptor", {}).get("add_chg_spin_ebd"))


def charge_and_spin(model: Mapping[str, Any], charge: int | None, spin: int | None) -> list[int] | None:
    """Return total charge, e, and multiplicity to fix in a model; None where it knows nothing of them.

    Raises
    ------
    InputError
        If one is given to a model that does not know it.
    """
    if not knows_charge(model):
        for name, value in (("charge", charge), ("spin", spin)):
            if value is not None:
                raise InputError(f"`{name}` {value}: the model knows no total {name}; leave it out")
        return None
    own = model["descriptor"].get(FIXED) or NEUTRAL_SINGLET
    return [int(own[0]) if charge is None else charge, int(own[1]) if spin is None else spin]


def charge_and_spin_of(frames: Sequence[Atoms], name: str) -> list[int]:
    """Return the one total charge, e, and multiplicity of all frames; `name` is the model that is to learn them."""
    states = sorted({(charge_of(frame), spin_of(frame) or 1) for frame in frames})
    if len(states) > 1:
        told = ", ".join(f"{charge:+d} and {spin}" for charge, spin in states)
        raise InputError(
            f"{name}: a fit of it takes one total charge and multiplicity, and the frames have {told}: keep one of them"
        )
    return list(states[0])


def require_atoms_alone(path: Path, model: Mapping[str, Any]) -> None:
    """Refuse a model that must be given numbers with each frame or atom; `path` is its file."""
    fitting = model.get("fitting_net", {})
    frame = fitting.get("numb_fparam") and fitting.get("default_fparam") is None
    if frame or fitting.get("numb_aparam"):
        kind = "numb_fparam" if frame else "numb_aparam"
        raise InputError(f"{path}: must be given parameters of each frame ({kind}), which decant does not: not covered")


def with_fixed_charge(path: Path, branch: str | None, state: list[int], target: Path) -> Path:
    """Write a checkpoint as it is, but for the charge and spin that a branch takes where none are given; return it."""
    import torch

    content = torch.load(path, map_location="cpu", weights_only=True)
    params = content.get("model", content)["_extra_state"]["model_params"]
    model = params[BRANCHES][branch] if branch else params
    model["descriptor"][FIXED] = [float(value) for value in state]
    torch.save(content, target)
    return target
