"""The exceptions and warnings that a user is meant to read.

Messages name what the caller gave by its field, in backticks: ``"`ranks` 9: expected 1 to 8"``. Python's caller reads
just that; the command line puts the option of that name in its place (`decant.cli.spoken`).
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable
from typing import ClassVar

OUT_OF_TIME = 75
"""Exit status of a run that its walltime stopped: EX_TEMPFAIL of sysexits.h, "try again later"."""
REASON = "DECANT_REASON"
"""Environment variable: the file into which a command that fails writes the `code` of its `InputError`."""


class InputError(Exception):
    """A mistake in what the caller gave.

    The command line prints the message as one line and exits with code 2; it must say which file, frame or field is
    wrong, what was expected, and what to do.

    Attributes
    ----------
    code
        The kind of mistake as a word for programs; empty where only people ask for it.
    """

    code: ClassVar[str] = ""


class UnknownElement(InputError):
    """A refusal: what was asked for has an element that the potential has never seen."""

    code = "unknown-element"


class ProgramFailed(RuntimeError):
    """A program that decant runs (a training, LAMMPS) ended with an error; the message tells its last words.

    The command line prints the message without a traceback and exits with code 1.
    """


def warn(message: str) -> None:
    """Tell the user something that is no error; the logger ``decant`` says it on standard error."""
    logging.getLogger("decant").warning(message)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the known word closest to `word`, or an empty string."""
    options = list(known)
    lowered = {option.lower(): option for option in options}
    close = difflib.get_close_matches(word.lower(), list(lowered), n=1)
    return f" (did you mean '{lowered[close[0]]}'?)" if close else ""
