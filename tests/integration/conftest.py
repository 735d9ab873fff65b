"""A tiny labelled data set, tiny fits of both algorithms to it, and the potentials exported from them."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from decant.cli.main import run
from decant.foundation.files import sha256, write_yaml
from decant.lammps.command import lmp_binary
from decant.testing.frames import write_data
from tests.conftest import REPOSITORY
from tests.warm import WARM, warm_training

REAXFF_CUTOFF = 5.0
"""In angstrom; half of the force field's, which holds molecules together as well in a third of the time."""
# networks of a size that fits in seconds; they still have every part of a real one
TINY = {
    "mace": ["--max-epochs=4", "--set=hidden_irreps=8x0e+8x1o", "--set=radial_MLP='[8]'"],
    "deepmd": [
        "--max-epochs=4",
        "--set=model.descriptor.neuron=[4,8,16]",
        "--set=model.descriptor.axis_neuron=4",
        "--set=model.descriptor.rcut=4.5",
        "--set=model.fitting_net.neuron=[16,16]",
        "--set=model.descriptor.precision=float64",  # agreement is told apart from error better than in single
        "--set=model.fitting_net.precision=float64",
    ],
}


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def run_decant(*arguments: object, expect: int = 0) -> Done:
    """Run the command line in this process, where torch is imported once, and demand an exit code."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        code = run([str(argument) for argument in arguments])
    assert code == expect, stdout.getvalue() + stderr.getvalue()
    return Done(code, stdout.getvalue(), stderr.getvalue())


def of_all_workers(factory: pytest.TempPathFactory) -> Path:
    """Return the temporary folder that the workers of pytest-xdist share."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def start_decant(factory: pytest.TempPathFactory, *arguments: object) -> subprocess.Popen[bytes]:
    """Start the command line in a process of its own, which can be killed; its fits begin at once.

    The server of the training program must run already: a fit of the session's fixtures has started it.
    """
    words = [str(of_all_workers(factory)), *map(str, arguments)]
    return subprocess.Popen(
        [sys.executable, "-c", WARM, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, start_new_session=True,
    )  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fits that this process or `start_decant` runs begin at once; those of another `decant` are as everywhere."""
    with warm_training(of_all_workers(tmp_path_factory)):
        yield


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that is made once a session: workers of pytest-xdist wait for the first that asks for it."""
    base = of_all_workers(factory)
    folder, made = base / "shared" / name, base / f"shared-{name}-made"
    with (base / f"shared-{name}-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            folder.parent.mkdir(exist_ok=True)
            make(folder)
            made.touch()
    return folder


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory with train, valid and test.extxyz: shaken methanol, periodic and not, real GFN1-xTB labels."""

    return once(tmp_path_factory, "data", write_data)


def fitted(factory: pytest.TempPathFactory, algorithm: str, data: Path) -> Path:
    """Return the directory of a tiny fit of an algorithm."""
    words = ("fit", algorithm, data, "--preset", "quick", *TINY[algorithm])
    return once(factory, f"{algorithm}-model", lambda output: run_decant(*words, "-o", output))


def exported(factory: pytest.TempPathFactory, name: str, model: Path) -> Path:
    """Return the directory of the potential of a tiny fit."""
    return once(factory, f"{name}-potential", lambda output: run_decant("export", model, "-o", output))


@pytest.fixture(scope="session")
def mace_model(tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a tiny MACE fit."""
    return fitted(tmp_path_factory, "mace", tiny_dataset)


@pytest.fixture(scope="session")
def deepmd_model(tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a tiny Deep Potential fit."""
    return fitted(tmp_path_factory, "deepmd", tiny_dataset)


@pytest.fixture(scope="session")
def mace_potential(mace_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of the exported MACE."""
    return exported(tmp_path_factory, "mace", mace_model)


@pytest.fixture(scope="session")
def deepmd_potential(deepmd_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of the exported Deep Potential."""
    return exported(tmp_path_factory, "deepmd", deepmd_model)


@pytest.fixture(scope="session")
def deepmd_earlier_potential(deepmd_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of the potential of the same training, some steps before its end: exported from a checkpoint."""
    checkpoints = (deepmd_model / "work").glob("model.ckpt-*.pt")
    earlier = min(checkpoints, key=lambda path: int(path.stem.split("-")[1]))
    return exported(tmp_path_factory, "deepmd-earlier", earlier)


@pytest.fixture(scope="session")
def reaxff(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A potential folder around LAMMPS's ReaxFF for C/H/O, without charges, in metal units.

    By its algorithm it needs no plugin but ours, so that neither decant nor any rank loads torch.
    """
    folder = tmp_path_factory.mktemp("reaxff")
    source = lmp_binary().parent / "share" / "lammps" / "potentials" / "ffield.reax.cho"
    text = source.read_text(errors="replace").replace("UNITS: real", "", 1)  # kcal/mol, scaled to eV below
    assert text.count("   10.0000 !Upper Taper-radius") == 1
    text = text.replace("   10.0000 !Upper Taper-radius", f"{REAXFF_CUTOFF:10.4f} !Upper Taper-radius")
    (folder / "model.reax").write_text(text)
    (folder / "pair.lammps").write_text(
        "fix charges all property/atom q ghost yes\n"
        "pair_style hybrid/scaled 0.0433641 reaxff NULL checkqeq no safezone 2.0 mincap 200\n"
        "pair_coeff * * reaxff ${potential}/model.reax H C O\n"
    )
    files = {name: sha256(folder / name) for name in ("model.reax", "pair.lammps")}
    card = {"format": "decant-potential-1", "algorithm": "mace", "elements": ["H", "C", "O"], "cutoff_A": REAXFF_CUTOFF}
    training = {"density_g_cm3": [0.9, 1.3], "temperature_K": [200.0, 600.0]}
    write_yaml(folder / "card.yaml", {**card, "data": training, "files": files})
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, whose size can be changed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], check=False, capture_output=True
    ).returncode == 0  # fmt: skip
    if not mounted:
        pytest.skip("a small file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
