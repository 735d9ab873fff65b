"""The package that docs/extending.md makes works as the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.entry_points import install

PAGE = (REPOSITORY / "docs" / "extending.md").read_text(encoding="utf-8")


def blocks() -> dict[str, str]:
    """Return the files of the page by name."""
    return dict(re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))


def commands() -> list[str]:
    """Return the command lines of the page."""
    return re.findall(r"^decant .*$", "\n".join(re.findall(r"^```\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)), re.M)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the files of the page, installed as pip would: its entry points lie in a dist-info beside it."""
    folder = tmp_path_factory.mktemp("page")
    for name, content in blocks().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    install(folder)
    return folder


def run(folder: Path, *words: str) -> str:
    """Run a command in the folder, with its package installed, and return what it printed."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, "PATH": path, "PYTHONPATH": str(folder)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def said(package: Path) -> dict[str, str]:
    """What each verb of the page said; they build on one another."""
    return {line.split()[1]: run(package, *line.split()) for line in commands()}


def test_the_page_has_a_recipe_a_method_and_an_algorithm_of_its_own() -> None:
    assert {"argon/recipe.py", "argon/method.py", "argon/algorithm.py", "test_argon.py"} <= set(blocks())


def test_the_commands_of_the_page_end_with_agreement(said: dict[str, str], package: Path) -> None:
    assert list(said) == ["build", "label", "split", "fit", "export", "check"]
    assert "lj, Ar" in said["export"]
    assert said["check"].splitlines()[-1] == "PASS"
    assert "lj/smooth/linear" in (package / "potentials" / "argon" / "pair.lammps").read_text()


def test_what_the_algorithm_does_not_know_is_refused_by_option(said: dict[str, str], package: Path) -> None:
    for words, answer in (
        (("--format", "mliap"), "--format mliap: lj has one form"),
        (("--elements", "Ar"), "lj exports a model as a whole: leave out --elements, --head"),
        (("--precision", "single"), "computes in double --precision only"),
    ):
        with pytest.raises(AssertionError, match=f"decant: error: .*{answer}"):
            run(package, "decant", "export", "models/argon", "-o", "potentials/other", *words)
    with pytest.raises(AssertionError, match="lj knows nothing: it always starts anew"):
        run(
            package,
            "decant",
            "fit",
            "lj",
            "data",
            "-o",
            "models/b",
            "--preset",
            "small",
            "--pretrained",
            "models/argon",
        )


def test_the_package_passes_the_conformance_tests(said: dict[str, str], package: Path) -> None:
    told = run(package, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_argon.py")
    assert re.search(r"\d+ passed", told) and "failed" not in told and "skipped" not in told, told


CALLS = "CALLS = iter(range(1000))"
BREAKS = [
    # other frames at each call, and yet those of today tomorrow: the fits below are made to them
    ("recipe", "import numpy as np\n", f"import numpy as np\n{CALLS}\n", "test_the_same_seed_makes_the_same_frames"),
    ("recipe", "default_rng(seed)", "default_rng([seed, next(CALLS)])", "test_the_same_seed_makes_the_same_frames"),
    (
        "method",
        "return eval",
        "atoms.info['seen'] = 1; return eval",
        "test_labelling_leaves_the_configuration_as_it_was",
    ),
    ("algorithm", "-0.5 * vector.T", "0.5 * vector.T", "test_forces_and_virial_are_the_derivatives_of_the_energy"),
    ("algorithm", "-0.5 * vector.T", "0.5 * vector.T", "test_lammps_and_python_agree_on_every_number_of_ranks"),
    (
        "algorithm",
        "foreign := set(self.atoms.symbols)",
        "foreign := set()",
        "test_an_element_that_it_does_not_know_is_refused",
    ),
    ("algorithm", "self.require_whole(source, part)", "pass", "test_a_part_that_the_model_has_not_is_refused"),
    ("algorithm", "except ValueError", "except KeyError", "test_what_is_no_model_is_not_exported"),
]


def test_the_conformance_tests_name_what_is_broken(package: Path, tmp_path: Path) -> None:
    shutil.copytree(package, tmp_path / "broken", ignore=shutil.ignore_patterns("__pycache__"))
    for module, before, after, _ in BREAKS:
        file = tmp_path / "broken" / "argon" / f"{module}.py"
        text = file.read_text()
        assert before in text or after in text
        file.write_text(text.replace(before, after))
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not finds_what", "test_argon.py")
    with pytest.raises(AssertionError) as told:
        run(tmp_path / "broken", sys.executable, *words)
    failed = set(re.findall(r"^ *FAILED .*::(test_\w+)", str(told.value), re.MULTILINE))
    assert failed == {name for *_, name in BREAKS}
