"""The command line: instant help, examples for every verb, options from a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from decant.cli.main import VERBS, application, run
from decant.cli.options import whole_numbers
from decant.foundation.errors import InputError

HEAVY = ("torch", "mace", "deepmd", "rdkit", "MDAnalysis", "matplotlib", "ase", "scipy", "tblite")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['decant', '--help']\n"
        "from decant.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('LOADED', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("LOADED []")


def test_what_python_says_of_the_text_of_other_packages_is_not_told() -> None:
    code = (
        "import sys, warnings; sys.argv = ['decant', '--version']\n"
        "from decant.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "warnings.warn('invalid escape sequence', SyntaxWarning)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_shows_examples_and_takes_a_configuration_file(verb: str) -> None:
    result = CliRunner().invoke(application(), [verb, "--help"])
    assert result.exit_code == 0
    assert f"decant {verb}" in result.output
    assert "For example" in result.output
    assert "--config" in result.output or verb == "lmp"  # what follows it is LAMMPS's


def test_a_configuration_file_gives_options_and_the_command_line_wins(tmp_path: Path) -> None:
    (tmp_path / "data.extxyz").write_text("")
    config = tmp_path / "split.yaml"
    config.write_text(f"sources: {tmp_path / 'missing.extxyz'}\noutput: {tmp_path / 'parts'}\n")
    result = CliRunner().invoke(application(), ["split", "--config", str(config)])
    assert isinstance(result.exception, InputError)
    assert "missing.extxyz" in str(result.exception), "the argument came from the file"
    other = str(tmp_path / "other.extxyz")
    result = CliRunner().invoke(application(), ["split", other, "--config", str(config)])
    assert isinstance(result.exception, InputError)
    assert "other.extxyz" in str(result.exception), "the command line wins"


def test_an_unknown_key_of_a_configuration_file_is_named_with_the_nearest(tmp_path: Path) -> None:
    config = tmp_path / "split.yaml"
    config.write_text("fraction: 0.8,0.1,0.1\n")
    result = CliRunner().invoke(application(), ["split", "--config", str(config)])
    assert isinstance(result.exception, InputError)
    assert "unknown key 'fraction'" in str(result.exception)
    assert "did you mean 'fractions'" in str(result.exception)


@pytest.mark.parametrize("several", ["r_mux=5", "[r_mux=5]"])
def test_an_option_that_may_be_repeated_comes_alone_or_as_a_list_of_a_configuration_file(
    several: str, tmp_path: Path
) -> None:
    config = tmp_path / "fit.yaml"
    config.write_text(f"algorithm: mace\ndata: {tmp_path}\noutput: {tmp_path / 'fit'}\nset: {several}\n")
    result = CliRunner().invoke(application(), ["fit", "--config", str(config)])
    assert isinstance(result.exception, InputError)
    assert "mace has no setting 'r_mux'" in str(result.exception)


@pytest.mark.parametrize("text", ["1,2,4", " 1, 2,4,2", "[1, 2, 4]"])
def test_numbers_come_with_commas_or_as_a_list_of_a_configuration_file(text: str) -> None:
    assert whole_numbers("--ranks", text) == [1, 2, 4]


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "1,,2", "one"])
def test_what_is_no_positive_whole_number_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"--ranks .*: expected positive whole numbers with commas"):
        whole_numbers("--ranks", text)


def test_a_shell_completes_verbs_and_options() -> None:
    def completed(words: str) -> str:
        variables = {"_DECANT_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        code = "from decant.cli.main import main; main()"
        command = [sys.executable, "-c", code]
        return subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True).stdout

    assert completed("decant si") == "simulate\n"
    assert completed("decant simulate --visc") == "--viscosity\n"


def test_without_a_verb_one_sees_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/train.extxyz").touch()
    done = CliRunner().invoke(application(), [])
    assert done.exit_code == 0
    assert "decant fit mace data -o models/data" in done.stdout


def test_an_empty_word_is_no_path(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["select", "x.extxyz", "-n", "2", "-o", ""]) == 2
    assert "decant: error: '' after -o: nothing is given" in capsys.readouterr().err
