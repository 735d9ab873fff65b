"""Molecules by name: the table of solvents that decant knows."""

from __future__ import annotations

import functools
import importlib.resources
from typing import Any

from decant.foundation.errors import InputError, nearest
from decant.foundation.files import parse_yaml
from decant.molecules.ions import ions
from decant.molecules.molecule import Molecule, graph


@functools.cache
def solvent_table() -> dict[str, dict[str, Any]]:
    """Return the table of named solvents as it stands in ``solvents.yaml``."""
    text = importlib.resources.files("decant").joinpath("molecules/solvents.yaml").read_text(encoding="utf-8")
    table: dict[str, dict[str, Any]] = parse_yaml(text)
    return table


@functools.cache
def solvents() -> tuple[Molecule, ...]:
    """Return every named solvent."""
    return tuple(Molecule(name, entry["smiles"]) for name, entry in solvent_table().items())


def molecule(name_or_smiles: str) -> Molecule:
    """Return the solvent of this name (any case), the ion of this name, or the molecule of this SMILES.

    Raises
    ------
    InputError
        If it is neither; the message names the nearest solvent.
    """
    text = name_or_smiles.strip()
    for solvent in solvents():
        if solvent.name.lower() == text.lower():
            return solvent
    for ion in ions():
        if ion.name == text:
            return ion
    try:
        graph(text)
    except InputError as error:
        hint = nearest(text, solvent_table())
        raise InputError(
            f"unknown solvent '{text}'{hint}; expected a name listed by 'decant solvents' or a SMILES string"
        ) from error
    return Molecule(text, text)


def known_name(kind: Molecule) -> str:
    """Return the name under which a molecule stands in the tables, also of one that was given as SMILES; else its own.

    Only what was measured is looked up so: a SMILES orders the atoms of a molecule, and keeps its name.
    """
    if kind.name in solvent_table():
        return kind.name
    return _known_names().get(kind.identity, kind.name)


@functools.cache
def _known_names() -> dict[str, str]:
    return {kind.identity: kind.name for kind in (*solvents(), *ions())}
