"""The examples in scripts/ are valid bash, and every decant command in them is one that the command line takes."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from decant.cli.main import application

SCRIPTS = sorted(
    path for path in (Path(__file__).parents[2] / "scripts").iterdir() if path.suffix in (".sh", ".sbatch")
)
COMMANDS = typer.main.get_command(application())


def commands(script: Path) -> list[list[str]]:
    """Return the words of each decant command, with 2 in place of every variable."""
    found = []
    for line in script.read_text().replace("\\\n", " ").splitlines():
        call = re.search(r"(?:^|\|\| |&& )(decant \w[^#;]*)", line.strip())
        if call and not line.startswith("#"):
            found.append(shlex.split(re.sub(r"\$\{?\w+\}?", "2", call[1]))[1:])
    return found


def test_the_scripts_of_every_place_are_here() -> None:
    assert {path.name for path in SCRIPTS} >= {
        "laptop.sh", "slurm_cpu.sbatch", "slurm_gpu.sbatch", "offline_wheelhouse.sh", "site_lammps.sh",
    }  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_valid_bash(script: Path) -> None:
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    if shutil.which("shellcheck"):
        done = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "verbs"),
    [
        ("laptop.sh", ["build", "label", "split", "fit", "export", "check", "simulate", "analyze"]),
        ("slurm_cpu.sbatch", ["simulate", "analyze"]),
        ("slurm_gpu.sbatch", ["simulate", "analyze"]),
    ],
)
def test_its_decant_commands_have_verbs_and_options_that_exist(name: str, verbs: list[str]) -> None:
    found = commands(next(path for path in SCRIPTS if path.name == name))
    assert [words[0] for words in found] == verbs
    for verb, *words in found:
        COMMANDS.commands[verb].make_context(verb, words)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["offline_wheelhouse.sh", "site_lammps.sh"])
def test_a_script_that_lacks_what_it_needs_says_so_and_does_nothing(name: str, tmp_path: Path) -> None:
    script = next(path for path in SCRIPTS if path.name == name)
    done = subprocess.run(
        ["bash", script], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=False
    )
    assert done.returncode != 0 and b": " in done.stderr
    assert not list(tmp_path.iterdir())
