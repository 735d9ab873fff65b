"""The console script `decant`: gathers the verbs and turns a caller's mistake into one line and exit code 2."""

from __future__ import annotations

import sys

import typer

from decant.errors import InputError

# in the order of the flow
VERBS = (
    "solvents", "build", "label", "import", "split", "fit", "evaluate", "export", "check", "simulate", "analyze", "compare",
)  # fmt: skip


def application() -> typer.Typer:
    """Return the Typer application with every verb; each lives in the module of its name."""
    import importlib
    import importlib.util

    app = typer.Typer(
        name="decant",
        help="From labelled data to MACE and Deep Potential models, LAMMPS liquids and honest observables.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for verb in VERBS:
        name = f"decant.cli.{verb.replace('import', 'import_')}"
        if importlib.util.find_spec(name) is None:
            continue
        module = importlib.import_module(name)
        app.command(verb)(module.command)
    return app


def main() -> None:
    """Run the command line."""
    try:
        application()()
    except InputError as error:
        print(f"decant: error: {error}", file=sys.stderr)
        sys.exit(2)
