"""Numbers of things and lists of things as they stand in a sentence."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, noun: str) -> str:
    """Return a number of things: "1 run", "2 runs"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(items: Sequence[str], comma: str = ", ") -> str:
    """Return items as a list in a sentence: "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    last = " and " if comma == ", " else f"{comma}and "
    return f"{comma.join(items[:-1])}{last}{items[-1]}"


def quoted(name: str) -> str:
    """Return the name of a data set as it stands in a sentence."""
    return f"“{name}”"


def shortened(items: Sequence[str], most: int = 4) -> str:
    """Return the first few items as a list, and how many more there are."""
    more = len(items) - most
    return listed([*items[:most], f"{more} more"] if more > 0 else items)
