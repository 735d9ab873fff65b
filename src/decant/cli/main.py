"""The console script `decant`: gathers the verbs and turns a caller's mistake into one line and exit code 2."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from decant.cli.spoken import speech
from decant.foundation.errors import REASON, InputError, ProgramFailed
from decant.foundation.files import refusal
from decant.foundation.threads import computing
from decant.foundation.version import __version__

# in the order of the flow
VERBS = (
    "doctor", "init", "validate", "run", "status", "solvents", "recipes", "build", "label", "import", "inspect",
    "select", "split", "fit", "evaluate", "export", "check", "learn", "bench", "plan", "simulate", "analyze", "score",
    "compare", "report",
)  # fmt: skip


def print_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        print(f"decant {__version__}")
        raise typer.Exit


def version(
    show: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """From labelled data to MACE and Deep Potential models, LAMMPS liquids and honest observables."""


def application() -> typer.Typer:
    """Return the Typer application with every verb; each lives in the module of its name."""
    import importlib

    app = typer.Typer(
        name="decant",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(version)
    for verb in VERBS:
        name = f"decant.cli.{verb.replace('import', 'import_')}"
        app.command(verb)(importlib.import_module(name).command)
    return app


def main() -> None:
    """Run the command line."""
    reason = os.environ.pop(REASON, None)  # this command's own; those that it starts have none
    os.environ.update(computing(os.environ))  # before anything is loaded that reads it
    command = typer.main.get_command(application())
    say = speech(command, sys.argv[1:]).say
    try:
        command()
    except InputError as error:
        print(f"decant: error: {say(str(error))}", file=sys.stderr)
        if reason and error.code:
            Path(reason).write_text(f"{error.code}\n", encoding="utf-8")
        sys.exit(2)
    except ProgramFailed as error:
        print(f"decant: error: {say(str(error))}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if (message := refusal(error)) is None:
            raise
        print(f"decant: error: {say(message)}", file=sys.stderr)
        sys.exit(2)
