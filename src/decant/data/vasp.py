"""Frames of VASP: OUTCAR and vasprun.xml, read by ASE, and which of their steps did not converge or are incomplete."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import groupby, islice
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree

import numpy as np
from ase.io import ParseError, iread
from ase.io.vasp_parsers import vasp_outcar_parsers as outcar

from decant.data.extxyz import RawFrame
from decant.data.raw import by_calculator, open_text
from decant.foundation.errors import InputError

STEP_END = "FREE ENERGIE OF THE ION-ELECTRON SYSTEM"
"""What an OUTCAR has once in each ionic step, after forces and stress."""
_TO_ENERGY = 4
"""Lines from there to the energy, the last of a step."""
_RUN = re.compile(r"^ vasp\.\d", re.MULTILINE)
_NELM = re.compile(r"\bNELM\s*=\s*(\d+)")
_NELECT = re.compile(r"\bNELECT\s*=\s*([\d.]+)")
_ITERATION = re.compile(r"Iteration\s+\d+\(\s*(\d+)\s*\)")
LEARNED = "of VASP's machine-learned force field, not of its electrons"
_LEARNED_ENERGY = "energy ML TOTEN"
INCOMPLETE = "the last ionic step is incomplete: the file ends within it"
DEFAULT_NELM, DEFAULT_EDIFF = 60, 1e-4
"""What VASP takes where INCAR says nothing."""
_TITLE = re.compile(r"POTCAR:(.*)")
_VALENCES = re.compile(r"\bZVAL *=((?: +\d+\.\d+)+)")
_XML_TYPE = re.compile(r"<rc><c>\s*\d+\s*</c><c>\s*\w+\s*</c><c>[^<]*</c><c>\s*([\d.]+)\s*</c><c>([^<]*)</c>")
"""A row of atomtypes in vasprun.xml: valence and title of a pseudopotential."""
_PSEUDO_HYDROGEN = re.compile(r"\bH\d?\.\d+")
_OVERFLOW = re.compile(r"\*{3,}")
"""What Fortran writes of a number that is too large for its field."""


@dataclass(frozen=True)
class _Head:
    """What the head of a run in an OUTCAR says.

    Attributes
    ----------
    elements
        Of each atom.
    electrons
        Their number as it is written, which tells the charge; empty if it is not.
    fault
        Why the frames cannot be used; empty if they can.
    """

    elements: tuple[str, ...]
    electrons: str
    fault: str


def read_outcar(path: Path) -> Iterator[RawFrame]:
    """Yield every ionic step of an OUTCAR; one that cannot be used, or a last one cut short, has its `error` set.

    A run that goes on with another may be appended to it.

    Raises
    ------
    InputError
        If there is no step, or no head before it, or that of another run has other atoms or another charge.
    """
    head, most = None, DEFAULT_NELM
    with open_text(path) as stream:
        for step, whole in _steps(stream):
            begins = [found.start() for found in _RUN.finditer(step)]
            text = step[begins[-1] if begins else 0 :]  # what a run before has left unfinished is no part of the step
            if not whole:
                if _ITERATION.search(text) or STEP_END in text:
                    yield RawFrame(0, None, error=INCOMPLETE)
                elif head is None:
                    raise InputError(f"{path}: an OUTCAR that ends before its first ionic step")
                return
            head = _next_head(path, head, text)
            most = int([most, *_NELM.findall(text)][-1])
            error = head.fault or outcar_error(text, most)
            yield RawFrame(0, None, error=error) if error else _frame(head, text)


def _steps(stream: TextIO) -> Iterator[tuple[str, bool]]:
    """Yield the text of each ionic step, with all since the one before, and whether it is whole: the last is not."""
    lines: list[str] = []
    for line in stream:
        lines.append(line)
        if STEP_END in line:
            last = list(islice(stream, _TO_ENERGY))
            if len(last) < _TO_ENERGY:
                break
            yield "".join(lines + last), True
            lines = []
    yield "".join(lines), False


def _next_head(path: Path, before: _Head | None, step: str) -> _Head:
    """Return the head that a step belongs to: its own, if it is the first of a run, or the one before.

    Raises
    ------
    InputError
        If there is none, or two are not of one system.
    """
    if "ions per type" not in step:
        if before is None:
            raise InputError(f"{path}: no 'ions per type' before the first ionic step: the head of the file is missing")
        return before
    head = _read_head(step[: step.find("Iteration")])
    if before and (head.elements, head.electrons) != (before.elements, before.electrons):
        raise InputError(
            f"{path}: several runs, of other atoms or charges ({_told(before)}; {_told(head)}): import the OUTCAR of "
            "each by itself"
        )
    return head


def _read_head(text: str) -> _Head:
    parsers = [outcar.SpeciesTypes(), outcar.IonsPerSpecies()]
    elements = outcar.OutcarHeaderParser(parsers).build(text.splitlines())["symbols"]
    valences = (float(number) for row in _VALENCES.findall(text) for number in row.split())
    electrons = _NELECT.search(text)
    return _Head(tuple(elements), electrons[1] if electrons else "", _pseudo(_TITLE.findall(text), valences))


def _told(head: _Head) -> str:
    atoms = " ".join(f"{element}{len(list(run))}" for element, run in groupby(head.elements))
    return atoms + f" with {head.electrons} electrons" * bool(head.electrons)


def _pseudo(titles: Iterable[str], valences: Iterable[float]) -> str:
    """Say which atoms are no elements, from titles and valences of pseudopotentials; an empty string if all are."""
    for title in titles:
        if found := _PSEUDO_HYDROGEN.search(title):
            return f"{found[0]} is a pseudo-hydrogen, which is no element"
    for valence in valences:
        if valence % 1:
            return f"an atom has {valence:g} electrons of valence: a pseudo-atom, which is no element"
    return ""


def _frame(head: _Head, step: str) -> RawFrame:
    """Return the frame of a step; it has its `error` set if a number of it cannot be read."""
    parsers = [outcar.Cell(), outcar.PositionsAndForces(), outcar.Stress(), outcar.Energy()]
    about = {"symbols": list(head.elements), "natoms": len(head.elements)}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # ASE's word for a stress that is no number
            return by_calculator(outcar.OutcarChunkParser(about, parsers).build(step.splitlines()))
    except UserWarning:
        return RawFrame(0, None, error="the ionic step cannot be read: a stress that is no number")
    except (ValueError, IndexError, ParseError) as error:
        return RawFrame(0, None, error=f"the ionic step cannot be read: {error}")


def outcar_error(step: str, most: int) -> str:
    """Say why an ionic step of an OUTCAR cannot be used; an empty string if its electrons converged.

    VASP says ``aborting loop because EDIFF is reached`` of a step that converged, and from version 6 on ``EDIFF was not
    reached`` of one that did not; before, only the number of iterations tells.

    Parameters
    ----------
    step
        Its text.
    most
        NELM.
    """
    if _LEARNED_ENERGY in step:
        return LEARNED
    ends = re.findall(r".*aborting loop.*", step)
    return _unconverged(int([0, *_ITERATION.findall(step)][-1]), most, ends[-1] if ends else "")


def _unconverged(iterations: int, most: int, said: str = "") -> str:
    """Say why a step has not converged, from its number of iterations, NELM and what VASP said of its end."""
    if "EDIFF is reached" in said or ("not reached" not in said and "hard stop" not in said and iterations < most):
        return ""
    return f"unconverged: the electrons did not reach EDIFF (NELM = {most})"


def read_vasprun(path: Path) -> Iterator[RawFrame]:
    """Yield every ionic step of a vasprun.xml; one that cannot be used, or a last one cut short, has its `error` set.

    Raises
    ------
    InputError
        If it is of several runs.
    """
    with open_text(path) as stream:
        text = _OVERFLOW.sub("nan", stream.read())  # by which the frame is left out later
    if text.count("<modeling>") > 1:
        raise InputError(f"{path}: several runs, one after the other: import the vasprun.xml of each by itself")
    types = _XML_TYPE.findall(text)
    fault = _pseudo([title for _, title in types], [float(valence) for valence, _ in types])
    errors = vasprun_errors(text)
    with np.errstate(invalid="ignore"):  # in the cell, too, may be what is no number
        frames = list(iread(StringIO(text), index=":", format="vasp-xml"))
    for atoms, error in zip(frames, errors, strict=False):
        if error != INCOMPLETE:
            frame = by_calculator(atoms)
            frame.error = fault or error
            yield frame
    if errors and errors[-1] == INCOMPLETE:
        yield RawFrame(0, None, error=INCOMPLETE)


def vasprun_errors(text: str) -> list[str]:
    """Return for each ionic step of a vasprun.xml why it cannot be used; an empty string if its electrons converged.

    A step has not converged if it took NELM iterations and the last changed the energy by more than EDIFF. A step
    without an energy of its own at the end of a file cut short comes last.
    """
    most, least, errors, steps = DEFAULT_NELM, DEFAULT_EDIFF, [], []
    begun = False
    with suppress(ElementTree.ParseError):  # what is whole counts
        for event, element in ElementTree.iterparse(StringIO(text), events=("start", "end")):
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
