"""Ions by name: the table of ions that decant knows."""

from __future__ import annotations

import functools
import importlib.resources

from decant.foundation.files import parse_yaml
from decant.molecules.molecule import Molecule


@functools.cache
def ions() -> tuple[Molecule, ...]:
    """Return every named ion."""
    text = importlib.resources.files("decant").joinpath("molecules/ions.yaml").read_text(encoding="utf-8")
    table: dict[str, str] = parse_yaml(text)
    return tuple(Molecule(name, smiles) for name, smiles in table.items())
