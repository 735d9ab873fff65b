"""Parameters that were found once, kept in the user's cache: finding those of a molecule takes seconds."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from pathlib import Path

from decant.force_field.parameters import MoleculeParameters
from decant.force_field.sage import CHARGES, FORCE_FIELD, parametrize
from decant.foundation.errors import InputError
from decant.foundation.files import write_beside

FORMAT = 2


def cache_folder() -> Path:
    """Return the folder of the cache: ``decant/force_field`` in ``XDG_CACHE_HOME``, by default ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "decant" / "force_field"


@functools.cache
def parameters_of(smiles: str) -> MoleculeParameters:
    """Return the parameters of a molecule, from the cache where they are.

    Parameters
    ----------
    smiles
        Its SMILES.

    Raises
    ------
    InputError
        If the force field has none for it, or the toolkit is needed and not installed.
    """
    key = [FORMAT, FORCE_FIELD, CHARGES, smiles]
    file = cache_folder() / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]}.json"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["key"] == key:
            return MoleculeParameters.from_mapping(content["parameters"])
    except (OSError, ValueError, KeyError, TypeError):  # not there, or damaged: it is made anew
        pass
    found = parametrize(smiles)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with write_beside(file) as temporary:
            temporary.write_text(json.dumps({"key": key, "parameters": found.as_mapping()}), encoding="utf-8")
    except (OSError, InputError):  # a home that cannot be written to costs time only
        pass
    return found
