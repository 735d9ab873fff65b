"""The console script `decant`: gathers the verbs and turns a caller's mistake into one line and exit code 2."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from decant.cli.spoken import speaking
from decant.foundation.errors import REASON, InputError, ProgramFailed
from decant.foundation.extras import absence
from decant.foundation.files import refusal
from decant.foundation.threads import computing
from decant.foundation.version import __version__

# in the order of the flow
VERBS = (
    "doctor", "init", "validate", "run", "status", "watch", "solvents", "recipes", "build", "label", "import",
    "inspect", "select", "split", "fit", "evaluate", "export", "check", "learn", "bench", "plan", "trust",
    "ready", "simulate", "lmp", "analyze", "score", "compare", "report",
)  # fmt: skip
PLACES = ("-o", "--output", "--predictions", "--from")
"""Options that name a file or a folder, of which none is no default."""
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Arguments of a verb are another program's."""


def print_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        print(f"decant {__version__}")
        raise typer.Exit


def alone(
    context: typer.Context,
    show: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """From labelled data to MACE and Deep Potential models, LAMMPS liquids and honest observables.

    Without a verb: what is in this folder, and what comes next.
    """
    if context.invoked_subcommand is None:
        from decant.overview.overview import as_text, overview

        typer.echo(as_text(overview(Path()), Path()))
        typer.echo("\n'decant --help' lists all verbs, 'decant VERB --help' has examples of each.")


def application() -> typer.Typer:
    """Return the Typer application with every verb; each lives in the module of its name."""
    import importlib

    app = typer.Typer(
        name="decant",
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(alone)
    for verb in VERBS:
        name = f"decant.cli.{verb.replace('import', 'import_')}"
        app.command(verb, context_settings=PASSED_ON if verb == "lmp" else None)(importlib.import_module(name).command)
    return app


def main() -> None:
    """Run the command line."""
    os.environ.update(computing(os.environ))  # before anything is loaded that reads it
    # of the text of other packages, which CPython 3.12 and later tells whoever imports them first
    warnings.filterwarnings("ignore", category=SyntaxWarning)
    sys.exit(run(sys.argv[1:]))


def _require_words(words: Sequence[str]) -> None:
    """Raise `InputError` if a word is empty: as a path it would be the working directory."""
    for before, word in pairwise(words):
        if not word and before in PLACES:
            raise InputError(f"'' after {before}: nothing is given; a variable of the shell may be empty")


def run(words: Sequence[str]) -> int:
    """Run a command line in this process, and return its exit code; a caller's mistake and a failed program are told.

    Parameters
    ----------
    words
        Verb, arguments and options.
    """
    reason = os.environ.pop(REASON, None)  # this command's own; those that it starts have none
    command = typer.main.get_command(application())
    with speaking(command, words) as speech:
        try:
            _require_words(words)
            command(args=list(words), prog_name="decant")
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except (InputError, ProgramFailed) as error:
            speech.tell(str(error))
            if reason and isinstance(error, InputError) and error.code:
                Path(reason).write_text(f"{error.code}\n", encoding="utf-8")
            return 2 if isinstance(error, InputError) else 1
        except (OSError, ModuleNotFoundError) as error:
            message = absence(error) if isinstance(error, ModuleNotFoundError) else refusal(error)
            if message is None:
                raise
            speech.tell(message)
            return 2
    return 0
