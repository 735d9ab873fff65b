"""Which plugins a run of LAMMPS asks for, told from the files that its arguments name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib import metadata
from itertools import pairwise, takewhile
from pathlib import Path

from decant.lammps.command import IN_PYTHON, MACE, OWN_STYLES, PYTHON_FIX

DEEPMD = "deepmd"
"""Name of Deep Potential's plugin, and of its styles."""
_COMMENT = re.compile(r"#.*")
_INCLUDE = re.compile(r"^\s*include\s+[\"']?([^\s\"']+)", re.MULTILINE)
_PERHAPS = re.compile(r"[\"']include\s+([^\s\"']+)")
"""An include after the ``then`` or ``else`` of an ``if``."""
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w))")
_INDEX = re.compile(r"^\s*variable\s+(\w+)\s+(?:index|string)\s+[\"']?([^\s\"']+)[\"']?\s*$", re.MULTILINE)
"""A variable of one value; of several, a loop takes each."""


def wanted_plugin(arguments: Sequence[str], directory: Path = Path()) -> str | None:
    """Return the name of our own plugin where a run needs no other, None where it may; `IN_PYTHON` for such a run.

    Parameters
    ----------
    arguments
        Of `lmp`. A run that reads its commands from standard input, or a file whose name only the run itself will tell,
        may need any, and so may each one where a plugin of others is installed, whose styles are not known here.
    directory
        Where it runs.
    """
    script = _after(arguments, "-in", "-i")
    if script is None:
        return None
    found = list(_texts(directory, script, _variables(arguments), set()))
    texts = [text for text in found if text is not None]
    if any(f"fix {PYTHON_FIX} " in text for text in texts):
        return IN_PYTHON
    others = _installed() - {MACE, DEEPMD}
    return MACE if len(texts) == len(found) and not others and all(DEEPMD not in text for text in texts) else None


def plugin_of(algorithm: str, arguments: Sequence[str], directory: Path) -> str | None:
    """Return the plugin of an algorithm or, if it has none, what `wanted_plugin` says of a run with its potential."""
    own = algorithm in (OWN_STYLES, IN_PYTHON) or algorithm in _installed()
    return algorithm if own else wanted_plugin(arguments, directory)


def _installed() -> set[str]:
    return {entry.name for entry in metadata.entry_points(group="lammps.plugins")}


def _texts(directory: Path, name: str, variables: dict[str, str], seen: set[Path]) -> Iterator[str | None]:
    """Yield what a script and the files that it includes say, None for one that is not found."""
    path = directory / name
    if path in seen:
        return
    if not path.is_file():
        yield None
        return
    seen.add(path)
    text = _COMMENT.sub("", path.read_text(errors="replace"))
    yield text
    variables = {name: value for name, value in _INDEX.findall(text)} | variables  # what is given first counts
    for included in _INCLUDE.findall(text):
        yield from _texts(directory, _filled(included, variables), variables, seen)
    for included in _PERHAPS.findall(text):
        if (directory / (perhaps := _filled(included, variables))).is_file():
            yield from _texts(directory, perhaps, variables, seen)


def _filled(text: str, variables: dict[str, str]) -> str:
    """Return a text with the values of variables, which may name others."""
    for _ in range(len(variables) + 1):
        text = _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], found[0]), text)
    return text


def _variables(arguments: Sequence[str]) -> dict[str, str]:
    """Return the variables that the arguments give; several values, which are of a loop, name no file as one text."""
    starts = [place for place, word in enumerate(arguments) if word in ("-var", "-v") and place + 2 < len(arguments)]
    more = {place: takewhile(lambda word: not word.startswith("-"), arguments[place + 3 :]) for place in starts}
    return {arguments[place + 1]: " ".join([arguments[place + 2], *more[place]]) for place in starts}


def _after(arguments: Sequence[str], *options: str) -> str | None:
    """Return the word after the first of some options, None if there is none."""
    return next((word for before, word in pairwise(arguments) if before in options), None)
