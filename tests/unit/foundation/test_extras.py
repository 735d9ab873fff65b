"""What is not installed is told with the extra that brings it."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from decant.cli.main import run
from decant.data.frames import write_frames
from decant.foundation.extras import EXTRAS, absence, bringing, installation


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("torch", "mace"), ("mace.tools", "mace"), ("deepmd", "deepmd"), ("dpdata", "deepmd"), ("tblite", "labels"),
        ("h5py", "labels"),
        ("dscribe.descriptors", "labels"), ("sklearn", "labels"), ("snakemake", "study"), ("numpy", None),
        ("no_such_module", None),
    ],
)  # fmt: skip
def test_every_module_of_an_extra_is_known_by_its_import_name(module: str, extra: str | None) -> None:
    assert bringing(module) == extra


def test_the_extras_are_those_of_the_package_and_all_is_all_of_them() -> None:
    given = set(metadata.metadata("decant-mlip").get_all("Provides-Extra") or [])
    assert {*EXTRAS, "all", "docs", "test", "build"} == given
    everything = next(text for text in metadata.requires("decant-mlip") or [] if text.startswith("decant-mlip["))
    assert all(extra in everything.partition("]")[0] for extra in EXTRAS)


def test_a_module_of_our_own_that_is_missing_is_no_extra() -> None:
    assert absence(ModuleNotFoundError("No module named 'decant.nothing'", name="decant.nothing")) is None
    assert absence(ModuleNotFoundError("strange")) is None


def test_a_verb_without_its_packages_says_what_to_install_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    atoms = Atoms("H", info={"recipe": "a", "group": "a"})
    atoms.arrays["mol_id"] = np.array([1])
    write_frames(tmp_path / "data.extxyz", [atoms])
    monkeypatch.setitem(sys.modules, "dscribe", None)  # as Python finds a package that is not there
    monkeypatch.setitem(sys.modules, "dscribe.descriptors", None)
    assert run(["inspect", str(tmp_path / "data.extxyz"), "-o", str(tmp_path / "page.html")]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"decant: error: this needs dscribe, which is not installed; run: {installation('labels')}"
