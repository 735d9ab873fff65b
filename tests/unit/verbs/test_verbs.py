"""Each verb of the command line is a function with its name, its options and its defaults."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

import decant
from decant.cli.main import application
from decant.foundation.errors import InputError
from decant.molecules.electrolyte import Solution
from decant.verbs.arguments import texts
from decant.verbs.simulate import counted

COMMANDS: dict[str, Any] = typer.main.get_command(application()).commands  # type: ignore[attr-defined]
FUNCTIONS = [
    name for name in decant.__all__ if getattr(getattr(decant, name), "__module__", "").startswith("decant.verbs")
]
WITHOUT = {
    "init": "a template to edit",
    "doctor": "of the machine, not of data",
    "lmp": "becomes LAMMPS itself",
    "recipes": "a page to read",
    "solvents": "a page to read",
    "validate": "a page to read before run",
    "watch": "goes on until what it watches ends",
}
"""Verbs that are no function, and what they are instead."""
OF_THE_COMMAND = {
    "bench": set[str](),
    "fit": {"evaluate"},  # a verb of its own
    "label": {"override"},  # part of the settings
    "plan": {"as_json"},  # as_mapping
    "run": {"dry_run", "export_only"},
    "split": {"apart"},  # without
    "status": {"jobs"},
}
"""Options that say what a command prints or does besides."""


def function(verb: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(decant, f"{verb}_" if verb == "import" else verb)
    return found


def test_every_verb_is_a_function_or_said_to_be_none() -> None:
    assert {name.rstrip("_") for name in FUNCTIONS} | WITHOUT.keys() == COMMANDS.keys()


@pytest.mark.parametrize("verb", sorted(COMMANDS.keys() - WITHOUT.keys()))
def test_a_function_has_the_options_of_its_command_and_their_defaults(verb: str) -> None:
    parameters = inspect.signature(function(verb)).parameters
    options = {one.name: one for one in COMMANDS[verb].params if one.name not in ("config", "help")}
    assert options.keys() - OF_THE_COMMAND.get(verb, set()) <= parameters.keys()
    for name, option in options.items():
        default = parameters[name].default if name in parameters else inspect.Parameter.empty
        if isinstance(default, bool | float | str) and option.default is not None:
            assert option.default == default, f"--{name}: {option.default} is {default} in Python"


@pytest.mark.parametrize("verb", FUNCTIONS)
def test_a_function_tells_of_each_of_its_parameters(verb: str) -> None:
    words = inspect.getdoc(getattr(decant, verb)) or ""
    _, _, described = words.partition("Parameters\n")
    names = {name.strip() for line in described.splitlines() if not line.startswith(" ") for name in line.split(",")}
    parameters = set(inspect.signature(getattr(decant, verb)).parameters)
    assert parameters <= names or (not described and len(parameters) == 1)


def test_a_box_of_shares_without_its_size_names_what_to_give() -> None:
    with pytest.raises(InputError, match="`liquid` EC:3,EMC:7: give the size of the box, its `molecules`"):
        counted("EC:3,EMC:7", None, Solution(by="mass"), None)


def test_one_text_is_not_taken_for_its_letters(tmp_path: Path) -> None:
    assert texts("EC/EMC, 250-350 K") == ("EC/EMC, 250-350 K",) and texts(["a", "b"]) == ("a", "b")
    with pytest.raises(InputError, match="mace has no setting 'r_mux'"):
        decant.fit("mace", tmp_path, tmp_path / "fit", settings="r_mux=5")
