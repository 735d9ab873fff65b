"""The pair style compiles against older and newer releases of LAMMPS than the one that it comes with."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.integration.test_layout import headers

sys.path.insert(0, str(REPOSITORY / "scripts"))
import other_lammps

FORWARD = "virtual void forward_comm(class Pair *, int size = 0) = 0;"
OLDER = {
    "of 2021": "virtual void forward_comm_pair(class Pair *) = 0;",
    "of 2022 to 2024": "virtual void forward_comm(class Pair *) = 0;",
}
"""How comm.h declared what sends values of a pair style."""

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ on this machine")


def with_comm(folder: Path, declaration: str) -> list[Path]:
    """Return folders with the installed headers, comm.h of another declaration before them."""
    installed = headers("lammps", "comm.h")
    text = (installed / "comm.h").read_text(encoding="utf-8")
    assert text.count(FORWARD) == 1
    (folder / "comm.h").write_text(text.replace(FORWARD, declaration), encoding="utf-8")
    return [folder, installed]


@pytest.mark.parametrize("declaration", OLDER.values(), ids=OLDER)
def test_it_compiles_with_an_older_way_to_send_between_ranks(declaration: str, tmp_path: Path) -> None:
    assert other_lammps.compile_plugin(*with_comm(tmp_path, declaration)) == ""


def test_a_lammps_without_any_way_that_is_known_is_told(tmp_path: Path) -> None:
    said = other_lammps.compile_plugin(*with_comm(tmp_path, "virtual void send(class Pair *) = 0;"))
    assert "error: no matching function for call to" in said and "forward" in said


def test_it_compiles_with_the_headers_of_other_releases() -> None:
    folders = sorted(path for path in other_lammps.HEADERS.glob("*") if other_lammps.fetched(path.name))
    if not folders:
        pytest.skip("no headers of other releases: python scripts/other_lammps.py fetches them")
    said = {path.name: other_lammps.compile_plugin(other_lammps.fetched(path.name) or path) for path in folders}
    assert {name: text for name, text in said.items() if text} == {}
