"""Frames of VASP: OUTCAR and vasprun.xml, read by ASE, and which of their steps did not converge or are incomplete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

from ase.io import iread
from ase.io.formats import open_with_compression

from decant.data.extxyz import RawFrame
from decant.data.raw import by_calculator

STEP_END = "FREE ENERGIE OF THE ION-ELECTRON SYSTEM"
"""What an OUTCAR has once in each ionic step, after forces and stress."""
_NELM = re.compile(r"\bNELM\s*=\s*(\d+)")
_ITERATION = re.compile(r"Iteration\s+\d+\(\s*(\d+)\s*\)")
LEARNED = "of VASP's machine-learned force field, not of its electrons"
_LEARNED_ENERGY = "energy ML TOTEN"
_LEARNED_WORDS = {
    _LEARNED_ENERGY: "energy   TOTEN", "ML energy  without": "energy  without", "ML energy(sigma": "energy(sigma",
}  # fmt: skip
"""Words of a step of a force field that VASP learns on the way, and those of the same lines that ASE knows."""
INCOMPLETE = "the last ionic step is incomplete: the file ends within it"
DEFAULT_NELM, DEFAULT_EDIFF = 60, 1e-4
"""What VASP takes where INCAR says nothing."""


def read_outcar(path: Path) -> Iterator[RawFrame]:
    """Yield every ionic step of an OUTCAR; one unconverged or learned, or a last one cut short, has its `error` set."""
    errors = outcar_errors(path)
    with TemporaryDirectory() as folder:
        plain = _plain_steps(path, Path(folder) / path.name) if LEARNED in errors else path
        frames = iread(plain, index=":", format="vasp-out")
        for atoms, error in zip(frames, chain(errors, repeat("")), strict=False):
            frame = by_calculator(atoms)
            frame.error = error
            yield frame
    if errors and errors[-1] == INCOMPLETE:
        yield RawFrame(0, None, error=INCOMPLETE)


def _plain_steps(path: Path, copy: Path) -> Path:
    """Write a copy of an OUTCAR whose learned steps are laid out as those of electrons, and return its path."""
    with open_with_compression(str(path)) as stream:
        text = stream.read()
    for learned, plain in _LEARNED_WORDS.items():
        text = text.replace(learned, plain)
    with open_with_compression(str(copy), "w") as stream:
        stream.write(text)
    return copy


def outcar_errors(path: Path) -> list[str]:
    """Return for each ionic step of an OUTCAR why it cannot be used; an empty string if its electrons converged.

    VASP says ``aborting loop because EDIFF is reached`` of a step that converged, and from version 6 on ``EDIFF was not
    reached`` of one that did not; before, only the number of iterations tells. A step begun and not ended comes last.
    """
    errors, most, iterations, said = [], DEFAULT_NELM, 0, ""
    with open_with_compression(str(path)) as stream:
        for line in stream:
            if STEP_END in line:
                errors.append(_unconverged(iterations, most, said))
                iterations, said = 0, ""
            elif _LEARNED_ENERGY in line and errors:
                errors[-1] = LEARNED
            elif "aborting loop" in line:
                said = line
            elif found := _ITERATION.search(line):
                iterations = int(found[1])
            elif found := _NELM.search(line):
                most = int(found[1])
    return errors + [INCOMPLETE] * (iterations > 0)


def _unconverged(iterations: int, most: int, said: str = "") -> str:
    """Say why a step has not converged, from its number of iterations, NELM and what VASP said of its end."""
    if "EDIFF is reached" in said or ("not reached" not in said and "hard stop" not in said and iterations < most):
        return ""
    return f"unconverged: the electrons did not reach EDIFF (NELM = {most})"


def read_vasprun(path: Path) -> Iterator[RawFrame]:
    """Yield every ionic step of a vasprun.xml; one unconverged, or a last one cut short, has its `error` set."""
    errors = vasprun_errors(path)
    frames = iread(path, index=":", format="vasp-xml")
    for atoms, error in zip(frames, errors, strict=False):
        if error != INCOMPLETE:
            frame = by_calculator(atoms)
            frame.error = error
            yield frame
    if errors and errors[-1] == INCOMPLETE:
        yield RawFrame(0, None, error=INCOMPLETE)


def vasprun_errors(path: Path) -> list[str]:
    """Return for each ionic step of a vasprun.xml why it cannot be used; an empty string if its electrons converged.

    A step has not converged if it took NELM iterations and the last changed the energy by more than EDIFF. A step
    without an energy of its own at the end of a file cut short comes last.
    """
    most, least, errors, steps = DEFAULT_NELM, DEFAULT_EDIFF, [], []
    begun = False
    with open_with_compression(str(path), "rb") as stream, suppress(ElementTree.ParseError):  # what is whole counts
        for event, element in ElementTree.iterparse(stream, events=("start", "end")):
            if element.tag == "calculation":
                begun = event == "start"
                if event == "end":
                    steps.append(element)
            elif event == "end" and element.tag == "i" and element.get("name") in ("NELM", "EDIFF"):
                number = float(element.text or "nan")
                most, least = (int(number), least) if element.get("name") == "NELM" else (most, number)
    for step in steps:
        energies = [float(one.text or "nan") for one in step.findall("scstep/energy/i[@name='e_fr_energy']")]
        changed = abs(energies[-1] - energies[-2]) if len(energies) > 1 else float("inf")
        done = len(step.findall("scstep")) < most or changed <= abs(least)
        errors.append("" if done else _unconverged(most, most))
    return errors + [INCOMPLETE] * begun
