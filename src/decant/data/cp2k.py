"""The frame of a CP2K output of one geometry, read by dpdata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from decant.data.deepmd import frames_of
from decant.data.extxyz import RawFrame
from decant.foundation.errors import InputError

MARK = "CP2K| version string"
_RUN = "Multiplication driver"
"""What the head of each run in an output has; the last run counts."""
_SCF_END = re.compile(r"SCF run (NOT )?converged|outer SCF loop (FAILED to )?converge", re.IGNORECASE)
_ENERGY = re.compile(r"ENERGY\| Total FORCE_EVAL")


def read_cp2k(path: Path) -> Iterator[RawFrame]:
    """Yield the frame; it has its `error` set if its electrons did not converge, or the output ends before its energy.

    Raises
    ------
    InputError
        If the output is of several geometries: dpdata reads one.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    text = text[max(text.rfind(_RUN), 0) :]
    energies = _ENERGY.findall(text)
    if len(energies) > 1:
        raise InputError(
            f"{path}: a CP2K output of {len(energies)} geometries; give one of a single geometry, or the "
            "trajectory as extended XYZ"
        )
    error = cp2k_error(text)
    if error:
        yield RawFrame(0, None, error=error)
        return
    import dpdata

    yield from frames_of(dpdata.LabeledSystem(str(path), fmt="cp2k/output"), {})


def cp2k_error(text: str) -> str:
    """Say why the frame of a CP2K output cannot be used; an empty string if its electrons converged.

    With an outer loop, inner ones may stop early: the last word counts.
    """
    ends = list(_SCF_END.finditer(text))
    if ends and (ends[-1][1] or ends[-1][2]):
        return f"unconverged: {ends[-1][0]}"
    return "" if _ENERGY.search(text) else "incomplete: the output ends before its energy"
