"""How the command line says what the library means: its fields as the options of the verb at hand."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_FIELD = re.compile(r"`(\w+)`")
# units at the end of a field's name, which options leave to their help
_UNITS = re.compile(r"_(?:ps|fs|K|bar|g_cm3|A|MB|s)$")


class Speech(logging.Formatter):
    """Messages of the library with the options of one verb in place of fields.

    Parameters
    ----------
    parameters
        The arguments and options of the verb, as Typer's command has them; none to leave fields as they are.
    """

    def __init__(self, parameters: Sequence[Any] = ()):
        super().__init__()
        self._options: dict[str, str] = {}
        for parameter in parameters:
            if parameter.param_type_name == "option":
                short = [word for word in parameter.opts if not word.startswith("--")]
                word = (short or parameter.opts)[0]
                # the library calls a thing as Python does, the option may have another word: both are known
                self._options |= {parameter.name: word, word.lstrip("-").replace("-", "_"): word}

    def say(self, message: str) -> str:
        """Return a message of the library as the command line says it."""
        return _FIELD.sub(self._option, message)

    def tell(self, error: str) -> None:
        """Print the message of an error of the library on standard error."""
        print(f"decant: error: {self.say(error)}", file=sys.stderr)

    def format(self, record: logging.LogRecord) -> str:
        """Return a warning as a line of the command line; on a terminal it takes the place of a line of progress."""
        fresh = "\r\x1b[K" if sys.stderr.isatty() else ""
        return f"{fresh}decant: {record.levelname.lower()}: {self.say(record.getMessage())}"

    def _option(self, found: re.Match[str]) -> str:
        name = found[1]
        return self._options.get(name) or self._options.get(_UNITS.sub("", name)) or name


@contextmanager
def speaking(application: Any, words: Sequence[str]) -> Iterator[Speech]:
    """Yield the speech of the verb that the words of a command line name; warnings are spoken so meanwhile."""
    named = next((application.commands[word] for word in words if word in application.commands), None)
    speech = Speech(named.params if named else ())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(speech)
    logger = logging.getLogger("decant")
    before = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [handler], False
    try:
        yield speech
    finally:
        logger.handlers, logger.propagate = before
