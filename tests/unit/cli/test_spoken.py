"""The command line says options where the library says fields."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer

from decant.cli.spoken import Speech
from decant.foundation.errors import warn


def verb(
    output: Annotated[Path, typer.Option("--output", "-o")],
    start: Annotated[str, typer.Option("--from")] = "",
    count: Annotated[int, typer.Option("--count", "-n")] = 1,
    timestep: float = 0.5,
    rdf_cutoff: float = 6.0,
) -> None: ...


@pytest.fixture
def speech() -> Speech:
    app = typer.Typer()
    app.command("verb")(verb)
    return Speech(typer.main.get_command(app).params)


@pytest.mark.parametrize(
    ("library", "command_line"),
    [
        ("`timestep_fs` 5: too long", "--timestep 5: too long"),
        ("x: exists; give another `output`", "x: exists; give another -o"),
        ("`count` 9: the data hold 8", "-n 9: the data hold 8"),
        ("`start` and `from` are one thing", "--from and --from are one thing"),
        ("`rdf_cutoff` 0", "--rdf-cutoff 0"),
        ("`liquid` EC: not an option of this verb", "liquid EC: not an option of this verb"),
        ("no field at all", "no field at all"),
    ],
)
def test_a_field_is_called_by_its_option_where_the_verb_has_one(speech: Speech, library: str, command_line: str):
    assert speech.say(library) == command_line


def test_a_warning_of_the_library_reaches_a_python_program_as_a_record(caplog: pytest.LogCaptureFixture):
    warn("`density_g_cm3` 3 is outside")
    assert caplog.messages == ["`density_g_cm3` 3 is outside"]
