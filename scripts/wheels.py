"""Build the wheels of every Python on this machine into dist, and try each in an empty environment without a compiler.

python scripts/wheels.py [--only 3.11]

One wheel of the stable ABI serves CPython 3.12 and later, 3.11 has its own. Interpreters are those on PATH and pyenv's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
VERSIONS = ("3.11", "3.12", "3.13")
STABLE = "3.12"
"""The version whose wheel serves the later ones, too: `wheel.py-api` in pyproject.toml."""


def interpreter(version: str) -> Path | None:
    """Return a Python of a version, like 3.12, that starts; None if this machine has none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    named = shutil.which(f"python{version}")
    for path in [*([Path(named)] if named else []), *sorted(pyenv.glob(f"{version}.*/bin/python{version}"))]:
        # pyenv puts a program of that name on PATH which only starts where the version is chosen
        if subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0:
            return path
    return None


def built_by(version: str, found: list[str]) -> str:
    """Return the version whose wheel a version installs: the first with the stable ABI, or its own."""
    later = [one for one in found if numbers(one) >= numbers(STABLE)]
    return later[0] if version in later else version


def numbers(version: str) -> tuple[int, ...]:
    """Return a version like 3.12 as it compares."""
    return tuple(int(part) for part in version.split("."))


def build(python: Path, dist: Path) -> Path:
    """Return the wheel that a Python builds, repaired: for every Linux with this machine's glibc or a later one."""
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        run("uv", "build", "--quiet", "--wheel", "--python", python, "--out-dir", folder, REPOSITORY)
        (raw,) = Path(folder).glob("*.whl")
        repaired = Path(folder) / "repaired"
        run("auditwheel", "repair", "--wheel-dir", repaired, raw)
        (wheel,) = repaired.glob("*.whl")
        dist.mkdir(exist_ok=True)
        return Path(shutil.move(wheel, dist / wheel.name))


def scratch() -> Path:
    """Return the folder for what is thrown away."""
    folder = REPOSITORY / "build"
    folder.mkdir(exist_ok=True)
    return folder


def install(wheel: Path, python: Path, environment: Path) -> str:
    """Install a wheel, without extras, into a new environment; nothing is compiled. Return time and size."""
    start = time.monotonic()
    run("uv", "venv", "--quiet", "--clear", "--python", python, environment)
    run("uv", "pip", "install", "--quiet", "--only-binary", ":all:", "--python", environment, wheel)
    seconds = time.monotonic() - start
    size = sum(file.stat().st_size for file in environment.rglob("*") if file.is_file() and not file.is_symlink())
    return f"{seconds:.0f} s, {size / 1e6:.0f} MB"


def run(*words: str | Path) -> None:
    """Run a program, one beside this Python first; end with what it printed if it fails."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run(words, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{done.stdout}{done.stderr}\n{' '.join(map(str, words))}: exit code {done.returncode}")


def make(versions: list[str], dist: Path) -> dict[str, Path]:
    """Build, install and try; tell each step in a line.

    Returns
    -------
    dict
        Wheel that each version of Python installed and that works there.
    """
    found = {version: path for version in versions if (path := interpreter(version))}
    for version in versions:
        if version not in found:
            print(f"Python {version}: not on this machine")
    wheels: dict[str, Path] = {}
    for version, python in found.items():
        builder = built_by(version, list(found))
        start = time.monotonic()
        if builder == version:
            wheels[version] = build(python, dist)
            size, seconds = wheels[version].stat().st_size / 1e6, time.monotonic() - start
            print(f"{wheels[version].name}: {size:.1f} MB, {seconds:.0f} s", flush=True)
        wheels[version] = wheels[builder]
        with tempfile.TemporaryDirectory(dir=scratch()) as folder:
            print(f"Python {version}: installed in {install(wheels[version], python, Path(folder))}", flush=True)
            script = REPOSITORY / "scripts" / "try_installation.py"
            subprocess.run([Path(folder) / "bin" / "python", script], check=True)
    return wheels


def main() -> None:
    """Make the wheels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=VERSIONS, action="append", help="this Python alone (may be repeated)")
    if not make(parser.parse_args().only or list(VERSIONS), REPOSITORY / "dist"):
        raise SystemExit(f"no Python {', '.join(VERSIONS)} on this machine")


if __name__ == "__main__":
    main()
