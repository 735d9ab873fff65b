"""The interface of a recipe that makes configurations, and the recipes there are."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from ase import Atoms

from decant.data.charges import complete_charges
from decant.foundation.errors import InputError, nearest
from decant.foundation.files import parse_yaml, require_file

Interval = float | list[float] | tuple[float, float]
"""A number, or [low, high] from which each frame draws its own value."""


class Recipe(Protocol):
    """A way to make configurations.

    A class whose attribute `base` is another recipe, and whose `build` ends with ``**box``, takes the parameters of
    that recipe as well. Parameters that recipes share are dataclasses: see `decant.configurations.groups.flat`. Where a
    recipe can say how large its frames will be, it has a method more: see `decant.configurations.sizes.TellsSizes`. A
    method `check`, which is given all parameters by name, raises `InputError` for values that make no sense, before any
    recipe of a file is made; `build` calls it, too. One whose attribute `own_groups` is true names groups that hold
    across entries and files, as they stand.
    """

    name: str

    def build(self, count: int, seed: int, **parameters: Any) -> list[Atoms]:
        """Return `count` configurations; the same seed and parameters give the same ones.

        Each carries ``arrays["mol_id"]``; where frames are related, an ``info["group"]`` that they share; and where it
        derives from another configuration, an ``info["parent"]`` that says from which.

        The docstring of the class says in its first line what the recipe makes and in a paragraph that begins with
        "Good for" what for; that of this method describes the parameters in numpydoc form. `decant recipes` shows both.

        Raises
        ------
        InputError
            If a parameter makes no sense.
        """
        ...


GROUP = "decant.recipes"
KEYS = ("recipe", "count", "parameters", "seed")
PLAIN = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a text"}
"""Types of parameters that are checked for every recipe, in words."""
BUILT_IN = (
    "decant.configurations.monomer:AtomRecipe",
    "decant.configurations.monomer:MonomerRecipe",
    "decant.configurations.torsion:TorsionRecipe",
    "decant.configurations.dimer:DimerRecipe",
    "decant.configurations.cluster:ClusterRecipe",
    "decant.configurations.ion_pair:IonPairRecipe",
    "decant.configurations.cluster_cut:ClusterCutRecipe",
    "decant.configurations.liquid:LiquidRecipe",
    "decant.configurations.volume_scan:VolumeScanRecipe",
    "decant.configurations.rigid_moves:RigidMovesRecipe",
    "decant.configurations.hot:HotRecipe",
    "decant.configurations.mixture_grid:MixtureGridRecipe",
    "decant.learning.recipe:ActiveRecipe",
    "decant.configurations.run:RunRecipe",
    "decant.configurations.import_:ImportRecipe",
)


def recipes() -> dict[str, Callable[[], Any]]:
    """Return every recipe by name; an installed package adds one under the entry point group ``decant.recipes``."""
    found: dict[str, Callable[[], Any]] = {}
    for path in BUILT_IN:
        recipe = metadata.EntryPoint("", path, GROUP).load()
        found[recipe.name] = recipe
    for entry in metadata.entry_points(group=GROUP):
        found.setdefault(entry.name, entry.load())
    return found


def find_recipe(name: str) -> Any:
    """Return the recipe of this name.

    Raises
    ------
    InputError
        If there is none; the message names the nearest.
    """
    known = recipes()
    if name not in known:
        raise InputError(f"unknown recipe '{name}'{nearest(name, known)}; expected one of {', '.join(known)}")
    return known[name]()


def parameters_of(recipe: Any) -> dict[str, inspect.Parameter] | None:
    """Return the parameters of a recipe by name, those of its `base` last; None if it takes anything."""
    taken = dict(inspect.signature(recipe.build).parameters)
    for name in ("self", "count", "seed"):
        taken.pop(name, None)
    rest = [name for name, parameter in taken.items() if parameter.kind is inspect.Parameter.VAR_KEYWORD]
    if not rest:
        return taken
    if not hasattr(recipe, "base"):
        return None
    del taken[rest[0]]
    inherited = parameters_of(recipe.base) or {}
    return {**taken, **{name: parameter for name, parameter in inherited.items() if name not in taken}}


def complete(recipe: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a recipe, as it takes them, with the defaults of those left out."""
    taken = parameters_of(recipe) or {}
    defaults = {name: one.default for name, one in taken.items() if one.default is not inspect.Parameter.empty}
    return {**defaults, **as_taken(recipe, parameters)}


def as_taken(recipe: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as a recipe takes them: see `plain`."""
    taken = parameters_of(recipe) or {}
    return {name: plain(value, types_of(taken[name]) if name in taken else ()) for name, value in parameters.items()}


def read_recipes(path: Path) -> list[dict[str, Any]]:
    """Read a recipe file: a YAML list whose entries name a recipe, a count, parameters and, if wished, a seed.

    Raises
    ------
    InputError
        If the file is missing or an entry is not of this form; the message names the entry.
    """
    require_file(path, "a YAML list of recipes")
    entries = parse_yaml(Path(path))
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{path}: expected a YAML list of recipes, each with 'recipe', 'count' and 'parameters'")
    check_entries(entries, str(path))
    return entries


def check_entries(entries: Sequence[Any], where: str) -> None:
    """Raise `InputError` if an entry of a recipe file that `where` names is not of its form."""
    for number, entry in enumerate(entries):
        _check_entry(entry, f"{where}: entry {number}")


def _check_entry(entry: Any, where: str) -> None:
    if not isinstance(entry, dict) or "recipe" not in entry:
        raise InputError(f"{where}: expected a mapping with the key 'recipe'")
    for key in entry:
        if key not in KEYS:
            hint = nearest(str(key), KEYS)
            raise InputError(f"{where}: unknown key '{key}'{hint}; expected {', '.join(KEYS)}")
    try:
        recipe = find_recipe(str(entry["recipe"]))
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    count = plain(entry.get("count", 1), ("int",))
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InputError(f"{where}: count must be a positive whole number, not {count!r}")
    seed = plain(entry.get("seed", 0), ("int",))
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"{where}: seed must be a whole number from 0 on, not {seed!r}")
    _check_parameters(where, recipe, entry.get("parameters") or {})


def _check_parameters(where: str, recipe: Any, parameters: Any) -> None:
    if not isinstance(parameters, dict):
        raise InputError(f"{where}: parameters must be a mapping of names to values")
    taken = parameters_of(recipe)
    if taken is None:
        return
    for name in parameters:
        if name not in taken:
            raise InputError(f"{where}: recipe '{recipe.name}' has no parameter '{name}'{nearest(str(name), taken)}")
    for name, parameter in taken.items():
        if parameter.default is inspect.Parameter.empty and name not in parameters:
            raise InputError(f"{where}: recipe '{recipe.name}' needs the parameter '{name}'")
        if name in parameters:
            _check_type(f"{where}: {name}", parameters[name], types_of(parameter))


def types_of(parameter: inspect.Parameter) -> set[str]:
    """Return the names of the types that a parameter may have: ``int`` and ``None`` of ``int | None``."""
    told = parameter.annotation
    told = told if isinstance(told, str) else getattr(told, "__name__", str(told))
    return {part.strip() for part in told.split("|")}


def _check_type(where: str, value: Any, kinds: set[str]) -> None:
    """Raise `InputError` if a value is not of a plain type such as ``int | None``; others are the recipe's matter."""
    value = plain(value, kinds)
    known = kinds - {"None"}
    if not known or not known <= PLAIN.keys() or (value is None and kinds & {"None", "str"}):
        return
    if isinstance(value, bool):
        fits = "bool" in known
    elif isinstance(value, int | float):
        fits = ("float" in known and not np.isnan(value)) or ("int" in known and isinstance(value, int))
    else:
        fits = "str" in known and isinstance(value, str)
    if not fits:
        hint = unquoted(value) if "str" in known else ""
        raise InputError(f"{where}: expected {' or '.join(PLAIN[kind] for kind in sorted(known))}, not {value!r}{hint}")


def plain(value: Any, kinds: Collection[str]) -> Any:
    """Return a value as a recipe takes it: where it is to be a whole number, one however written (1e3); a path as text.

    Parameters
    ----------
    value
        As a file or a caller gives it.
    kinds
        Names of the types that it may have, as of `types_of`.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer() and "int" in kinds and "float" not in kinds:
        return int(value)
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def build_entry(entry: dict[str, Any], number: int, seed: int) -> list[Atoms]:
    """Build the configurations of one entry of a recipe file.

    Parameters
    ----------
    entry
        As `read_recipes` returns it.
    number
        Its position in the file; it keeps the groups of entries apart, but for boxes of one liquid and seed.
    seed
        Seed of an entry that names none.

    Returns
    -------
    list of ase.Atoms
        Each with ``info`` recipe, parameters (JSON), seed, group, where it derives from another, parent, and charge and
        spin where they follow from its molecules.
    """
    recipe = find_recipe(entry["recipe"])
    parameters = as_taken(recipe, entry.get("parameters") or {})
    chosen = plain(entry.get("seed", seed + number), ("int",))
    frames = recipe.build(plain(entry.get("count", 1), ("int",)), chosen, **parameters)
    complete_charges(frames)
    family = getattr(recipe, "base", recipe).name
    for index, atoms in enumerate(frames):
        # boxes of one liquid and seed begin alike, in whatever entry or file and whatever was made of them
        place, group = atoms.info.get("liquid", number), atoms.info.get("group", index)
        atoms.info |= {
            "recipe": recipe.name,
            "group": group if getattr(recipe, "own_groups", False) else f"{family}-{place}-{chosen}-{group}",
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
    low, high = check_interval(value, name)
    return float(random.uniform(low, high))


def check_interval(value: Interval, name: str) -> tuple[float, float]:
    """Return the ends of a number or of [low, high].

    Raises
    ------
    InputError
        If `value` is neither.
    """
    ends = np.atleast_1d(_array(value))
    if (
        ends.shape not in ((1,), (2,)) or ends.dtype.kind not in "if"
        or not np.isfinite(ends).all() or ends[0] > ends[-1]
    ):  # fmt: skip
        raise InputError(f"{name}: expected a number or [low, high], not {value!r}")
    return float(ends[0]), float(ends[-1])


def check_whole(value: Any, name: str, least: int) -> None:
    """Raise `InputError` unless a value is a whole number from `least` on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{name} {value!r}: expected a whole number from {least} on")


def check_rising(value: Any, name: str, told: str, zero: bool = False) -> None:
    """Raise `InputError` unless a value is [low, high], both positive, or the first 0 if that may be.

    The message says what is expected: `told`.
    """
    ends = _array(value)
    fits = ends.shape == (2,) and ends.dtype.kind in "if" and 0 <= ends[0] < ends[1] < np.inf
    if not fits or not (zero or ends[0]):
        raise InputError(f"{name}: expected {told}, not {value!r}")


def _array(value: Any) -> np.ndarray:
    """Return numbers as an array, and of what is none, such as lists of several lengths, one that holds no number."""
    try:
        return np.asarray(value)
    except ValueError:
        return np.asarray(str(value))


def names(value: str | list[str]) -> list[str]:
    """Return names given as a list or as text with commas.

    Raises
    ------
    InputError
        If `value` is neither.
    """
    if not isinstance(value, str | list | tuple):
        raise InputError(f"expected names, as a list or as text with commas, not {value!r}{unquoted(value)}")
    given = value.split(",") if isinstance(value, str) else value
    if truths := [name for name in given if isinstance(name, bool)]:
        raise InputError(f"expected names, not {truths[0]!r}{unquoted(truths[0])}")
    if not given:
        raise InputError("expected at least one name, as a list or as text with commas")
    return [str(name).strip() for name in given]


def unquoted(value: Any) -> str:
    """Return what to do about a word of a name that YAML took for a truth value; nothing for other values."""
    return " (YAML takes no, off, yes and on for truth values: quote the name)" if isinstance(value, bool) else ""


def whole_ends(value: int | list[int], name: str) -> tuple[int, int]:
    """Return the ends of a whole number or of [fewest, most].

    Raises
    ------
    InputError
        If `value` is neither, or its lower end is below 1.
    """
    ends = np.atleast_1d(_array(value))
    if ends.shape not in ((1,), (2,)) or ends.dtype.kind != "i" or not 1 <= ends[0] <= ends[-1]:
        raise InputError(f"{name}: expected a positive whole number or [fewest, most], not {value!r}")
    return int(ends[0]), int(ends[-1])
