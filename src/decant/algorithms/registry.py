"""Where an algorithm of a given name is found."""

from __future__ import annotations

import functools
from importlib import metadata

from decant.algorithms.base import Algorithm
from decant.foundation.errors import InputError, nearest

GROUP = "decant.algorithms"
BUILT_IN = {
    "mace": "decant.algorithms.mace.algorithm:Mace",
    "deepmd": "decant.algorithms.deepmd.algorithm:DeepPotential",
    "ase": "decant.labels.algorithm:CalculatorAlgorithm",  # by name only: it stands on the reference methods
}


@functools.cache
def algorithm(name: str) -> Algorithm:
    """Return the algorithm of a name: one of ours or one named by an installed package.

    Raises
    ------
    InputError
        If nobody knows the name, or what the package names cannot be loaded or is no `Algorithm`.
    """
    entries = _entries()
    if name not in entries:
        raise InputError(f"unknown algorithm '{name}'{nearest(name, entries)}; known are: {', '.join(sorted(entries))}")
    entry = entries[name]
    package = f"{entry.dist.name}: " if entry.dist else ""
    try:
        found = entry.load()()
    except Exception as error:  # a package of others can fail in any way
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{package}algorithm '{name}' ({entry.value}) cannot be loaded: {reason}") from error
    if not isinstance(found, Algorithm) or found.name != name:
        raise InputError(
            f"{package}algorithm '{name}': {entry.value} is no decant.algorithms.base.Algorithm of this name"
        )
    return found


def known_algorithms() -> list[str]:
    """Return the names that `algorithm` accepts."""
    return sorted(_entries())


def _entries() -> dict[str, metadata.EntryPoint]:
    """Return the entry points by name; an installed package may put its own in the place of one of ours."""
    ours = {key: metadata.EntryPoint(key, value, GROUP) for key, value in BUILT_IN.items()}
    return ours | {entry.name: entry for entry in metadata.entry_points(group=GROUP)}
