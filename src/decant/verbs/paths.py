"""Paths as people give them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path

Location = str | PathLike[str]
"""A file or a folder."""
Locations = Location | Sequence[Location]
"""One or several of them."""


def path(given: Location | None) -> Path | None:
    """Return what was given as a path, or None."""
    return None if given is None else Path(given)


def paths(given: Locations | None) -> list[Path]:
    """Return what was given as a list: one, several, or none."""
    if given is None:
        return []
    several: Iterable[Location] = [given] if isinstance(given, str | PathLike) else given
    return [Path(one) for one in several]


def words(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the words of a text with commas, or of a list."""
    several = given.split(",") if isinstance(given, str) else given or ()
    return tuple(word.strip() for word in several if word.strip())


def texts(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return one text or several as a tuple."""
    return (given,) if isinstance(given, str) else tuple(given)


def numbers(given: int | Sequence[int]) -> tuple[int, ...]:
    """Return one number or several as a tuple."""
    return (given,) if isinstance(given, int) else tuple(given)
