"""What must hold before a release, tried without releasing: one line a check, exit code 1 if one fails.

python scripts/release_check.py
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from email.parser import HeaderParser
from pathlib import Path

import yaml
from packaging.version import Version
from wheels import REPOSITORY, VERSIONS, install, interpreter, numbers, run

DIST = REPOSITORY / "dist"
SBOM = "cyclonedx-bom==7.5.0"
TWINE = "twine>=6"


def stated_versions(repository: Path) -> dict[str, str]:
    """Return the version by file that states it."""
    module = (repository / "src" / "decant" / "foundation" / "version.py").read_text(encoding="utf-8")
    return {
        "pyproject.toml": tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"][
            "version"
        ],
        "version.py": re.findall(r'__version__ = "(.*)"', module)[0],
        "CITATION.cff": str(yaml.safe_load((repository / "CITATION.cff").read_text(encoding="utf-8"))["version"]),
    }


def same_version(repository: Path = REPOSITORY) -> str:
    """Return the version in words; raise ValueError if files state several."""
    stated = stated_versions(repository)
    if len(set(stated.values())) > 1:
        raise ValueError(", ".join(f"{version} in {file}" for file, version in stated.items()))
    return f"{stated['pyproject.toml']} in {', '.join(stated)}"


def changelog(repository: Path = REPOSITORY) -> str:
    """Return what the newest section says; raise ValueError unless it is of this version or a later, unreleased one."""
    version = stated_versions(repository)["pyproject.toml"]
    text = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d\S*) \(([^)\n]*)\)\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    if not newest:
        raise ValueError("no section '## VERSION (DATE)' or '## VERSION (unreleased)'")
    named, when, lines = newest[1], newest[2], re.findall("^- ", newest[3], flags=re.MULTILINE)
    if not lines:
        raise ValueError(f"nothing under {named}")
    if when == "unreleased":
        if Version(named) < Version(version):
            raise ValueError(f"{named} is unreleased, but the version is already {version}")
        return (
            f"{named} is unreleased, {len(lines)} changes; a release needs its date here and the version in the files"
        )
    if named != version:
        raise ValueError(f"the newest section is {named}, the version {version}")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", when):
        raise ValueError(f"{named}: the date '{when}' is not like 2026-01-31")
    return f"{named} of {when}, {len(lines)} changes"


def wheels() -> str:
    """Build and try the wheels as `make wheels` does."""
    for old in DIST.glob("*.whl"):
        old.unlink()
    done = subprocess.run(
        [sys.executable, REPOSITORY / "scripts" / "wheels.py"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ValueError(done.stdout + done.stderr)
    if missing := re.findall(r"^Python (\S+): not on this machine", done.stdout, flags=re.MULTILINE):
        raise ValueError(f"a release has wheels of every Python; {', '.join(missing)} not on this machine")
    tried = re.findall(r"^Python (\S+): installed in (.*)", done.stdout, flags=re.MULTILINE)
    return f"{', '.join(wheel.name for wheel in built())}; tried on " + ", ".join(f"{v} ({size})" for v, size in tried)


def built() -> list[Path]:
    """Return the wheels in dist, by name."""
    found = sorted(DIST.glob("*.whl"))
    if not found:
        raise ValueError("no wheel in dist")
    return found


def missing_licences(wheel: Path, repository: Path = REPOSITORY) -> Iterator[str]:
    """Yield what a wheel lacks of the project's licence files, its licence and its version."""
    version = stated_versions(repository)["pyproject.toml"]
    with zipfile.ZipFile(wheel) as archive:
        (folder,) = {name.partition("/")[0] for name in archive.namelist() if name.endswith(".dist-info/METADATA")}
        stated = HeaderParser().parsestr(archive.read(f"{folder}/METADATA").decode())
        for file in [repository / "LICENSE", *sorted((repository / "licenses").glob("*.txt"))]:
            name = f"{folder}/licenses/{file.relative_to(repository)}"
            if name not in archive.namelist() or archive.read(name) != file.read_bytes():
                yield f"{file.relative_to(repository)}"
    if not (stated.get("License-Expression") or stated.get("License")):
        yield "the name of the licence"
    if stated["Version"] != version:
        yield f"the version {version} (it states {stated['Version']})"


def licences() -> str:
    """Hold every wheel to the licence files of the repository."""
    problems = [f"{wheel.name} lacks {part}" for wheel in built() for part in missing_licences(wheel)]
    if problems:
        raise ValueError("; ".join(problems))
    return f"LICENSE and {len(list((REPOSITORY / 'licenses').glob('*.txt')))} of others in each wheel"


def metadata() -> str:
    """Let twine read what PyPI will."""
    run("uvx", "--quiet", "--from", TWINE, "twine", "check", "--strict", *built())
    return f"twine takes {len(built())} wheels"


def sbom() -> str:
    """Write the bill of materials of what the newest wheel installs, CycloneDX, beside the wheels."""
    wheel = built()[-1]
    lowest = numbers(f"3.{re.findall(r'-cp3([0-9]+)-', wheel.name)[0]}")
    python = next(path for version in VERSIONS if numbers(version) >= lowest and (path := interpreter(version)))
    target = DIST / f"{'-'.join(wheel.name.split('-')[:2])}.cdx.json"
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "environment"
        install(wheel, python, environment)
        command = ["cyclonedx-py", "environment", environment / "bin" / "python", "--output-reproducible"]
        pyproject = ["--pyproject", REPOSITORY / "pyproject.toml", "--mc-type", "library"]
        run("uvx", "--quiet", "--from", SBOM, *command, *pyproject, "--output-file", target)
    packages = json.loads(target.read_text(encoding="utf-8"))["components"]
    return f"{target.relative_to(REPOSITORY)}: {len(packages)} packages beside decant"


def docs() -> str:
    """Build the site as `make docs` does; a broken link fails."""
    run(sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet")
    return "build/site"


CHECKS: dict[str, Callable[[], str]] = {
    "version": same_version,
    "changelog": changelog,
    "docs": docs,
    "wheels": wheels,
    "licences": licences,
    "metadata": metadata,
    "sbom": sbom,
}
"""In order; what takes a wheel comes after those that make it."""


def main() -> None:
    """Run every check; none ends the others."""
    failed = False
    for name, check in CHECKS.items():
        try:
            state, told = "ok", check()
        except (ValueError, KeyError, OSError, SystemExit) as error:  # OSError: uvx is not there, for example
            state, told, failed = "FAILED", str(error), True
        print(f"{state:6}  {name:10}  {told}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
