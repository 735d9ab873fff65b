"""A plugin compiled for another update of LAMMPS is told from one that fits, before it reads beside what it means."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from decant.lammps.command import environment, lmp_binary
from tests.conftest import REPOSITORY

PROBE = Path(__file__).with_name("layout_probe.cpp")
SCRIPT = "units metal\nregion box block 0 1 0 1 0 1\ncreate_box 1 box\npair_style probe\n"


def headers(package: str, name: str) -> Path:
    """Return the folder of an installed distribution that holds a header."""
    return next(Path(str(file.locate())).parent for file in metadata.files(package) or [] if file.name == name)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (None, "the same layout"),
        ("int comm_forward;", "another layout"),
        ("double **cutghost;", "another layout"),
        ("int trim_flag;", "another layout"),
        ("int instance_me;", "another layout"),
    ],
)
def test_a_member_more_anywhere_in_the_class_is_noticed(tmp_path: Path, after: str | None, said: str) -> None:
    if shutil.which("g++") is None:
        pytest.skip("no g++ on this machine")
    lammps = headers("lammps", "pair.h")
    if after:
        text = (lammps / "pair.h").read_text()
        assert text.count(after) == 1
        (tmp_path / "pair.h").write_text(text.replace(after, f"{after} double moved;"))
    ours = REPOSITORY / "src" / "pair_mace"
    folders = [tmp_path, lammps, headers("mpich", "mpi.h"), ours, ours / "compat"]
    subprocess.run(
        [
            *["g++", "-std=c++17", "-shared", "-fPIC", "-w", "-DLAMMPS_SMALLBIG"],
            *[f"-I{folder}" for folder in folders],
            *[str(PROBE), "-o", str(tmp_path / "probeplugin.so")],
        ],
        check=True,
    )
    (tmp_path / "in.probe").write_text(SCRIPT)
    variables = environment("mace") | {"LAMMPS_PLUGIN_PATH": str(tmp_path)}
    done = subprocess.run(
        [str(lmp_binary()), "-in", "in.probe", "-log", "none"],
        cwd=tmp_path, env=os.environ | variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert f"ERROR: {said}" in done.stdout, done.stdout
