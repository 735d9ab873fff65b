"""The interface of a recipe that makes configurations, and the recipes there are."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import yaml
from ase import Atoms

from decant.errors import InputError, nearest
from decant.files import require_file

Interval = float | list[float]
"""A number, or [low, high] from which each frame draws its own value."""


class Recipe(Protocol):
    """A way to make configurations."""

    name: str

    def build(self, count: int, seed: int, **parameters: Any) -> list[Atoms]:
        """Return `count` configurations; the same seed and parameters give the same ones.

        Each carries ``arrays["mol_id"]`` and, where frames are related, an ``info["group"]`` that they share.

        Raises
        ------
        InputError
            If a parameter makes no sense.
        """
        ...


def recipes() -> dict[str, Callable[[], Any]]:
    """Return every recipe by name; an installed package adds one under the entry point group ``decant.recipes``."""
    from decant.configurations.active import ActiveRecipe
    from decant.configurations.cluster import ClusterRecipe
    from decant.configurations.liquid import LiquidRecipe
    from decant.configurations.monomer import AtomRecipe, MonomerRecipe

    found: dict[str, Callable[[], Any]] = {
        "atom": AtomRecipe, "monomer": MonomerRecipe, "cluster": ClusterRecipe, "liquid": LiquidRecipe,
        "active": ActiveRecipe,
    }  # fmt: skip
    for entry in metadata.entry_points(group="decant.recipes"):
        found.setdefault(entry.name, entry.load())
    return found


def read_recipes(path: Path) -> list[dict[str, Any]]:
    """Read a recipe file: a YAML list whose entries name a recipe, a count, parameters and, if wished, a seed.

    Raises
    ------
    InputError
        If the file is missing or an entry is not of this form; the message names the entry.
    """
    require_file(path, "a YAML list of recipes")
    try:
        entries = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{path}: expected a YAML list of recipes, each with 'recipe', 'count' and 'parameters'")
    known = recipes()
    for number, entry in enumerate(entries):
        where = f"{path}: entry {number}"
        if not isinstance(entry, dict) or "recipe" not in entry:
            raise InputError(f"{where}: expected a mapping with the key 'recipe'")
        for key in entry:
            if key not in ("recipe", "count", "parameters", "seed"):
                raise InputError(f"{where}: unknown key '{key}'; expected recipe, count, parameters, seed")
        if entry["recipe"] not in known:
            hint = nearest(str(entry["recipe"]), known)
            raise InputError(f"{where}: unknown recipe '{entry['recipe']}'{hint}; expected one of {', '.join(known)}")
        if not isinstance(entry.get("count", 1), int) or entry.get("count", 1) < 1:
            raise InputError(f"{where}: count must be a positive whole number, not {entry['count']!r}")
        _check_parameters(where, known[entry["recipe"]](), entry.get("parameters") or {})
    return entries


def _check_parameters(where: str, recipe: Any, parameters: Any) -> None:
    if not isinstance(parameters, dict):
        raise InputError(f"{where}: parameters must be a mapping of names to values")
    taken = inspect.signature(recipe.build).parameters
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in taken.values()):
        return
    names = [name for name in taken if name not in ("count", "seed")]
    for name in parameters:
        if name not in names:
            raise InputError(f"{where}: recipe '{recipe.name}' has no parameter '{name}'{nearest(name, names)}")
    for name in names:
        if taken[name].default is inspect.Parameter.empty and name not in parameters:
            raise InputError(f"{where}: recipe '{recipe.name}' needs the parameter '{name}'")


def build_entry(entry: dict[str, Any], number: int, seed: int) -> list[Atoms]:
    """Build the configurations of one entry of a recipe file.

    Parameters
    ----------
    entry
        As `read_recipes` returns it.
    number
        Its position in the file; it keeps the groups of entries apart.
    seed
        Seed of an entry that names none.

    Returns
    -------
    list of ase.Atoms
        Each with ``info`` recipe, parameters (JSON), seed and group.
    """
    recipe = recipes()[entry["recipe"]]()
    parameters = entry.get("parameters") or {}
    chosen = int(entry.get("seed", seed + number))
    frames = recipe.build(entry.get("count", 1), chosen, **parameters)
    for index, atoms in enumerate(frames):
        group = atoms.info.get("group", index)
        atoms.info |= {
            "recipe": recipe.name,
            "group": f"{recipe.name}-{number}-{chosen}-{group}",
            "seed": chosen,
            "parameters": json.dumps(parameters, sort_keys=True).replace('"', "'"),
        }
    return frames


def draw(value: Interval, random: np.random.Generator, name: str) -> float:
    """Return the number itself, or a number drawn evenly from [low, high].

    Raises
    ------
    InputError
        If `value` is neither.
    """
    ends = np.atleast_1d(value)
    if ends.size not in (1, 2) or ends.dtype.kind not in "if" or not np.isfinite(ends).all() or ends[0] > ends[-1]:
        raise InputError(f"{name}: expected a number or [low, high], not {value!r}")
    return float(random.uniform(ends[0], ends[-1]))
