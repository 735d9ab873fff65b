"""What a release check makes of versions, a changelog and a wheel that do not fit."""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "scripts"))
import release_check
import wheels

STATING = ("pyproject.toml", "CITATION.cff", "CHANGELOG.md", "LICENSE", "src/decant/foundation/version.py")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the files that a release looks at."""
    for name in STATING:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    shutil.copytree(REPOSITORY / "licenses", tmp_path / "licenses")
    return tmp_path


def newest(repository: Path, heading: str, lines: str = "- A change.\n") -> None:
    (repository / "CHANGELOG.md").write_text(
        f"# Changes\n\n## {heading}\n\n### Added\n{lines}\n## 0.0.1 (2020-01-01)\n\n- The first.\n"
    )


def wheel(repository: Path, name: str = "LICENSE", version: str | None = None) -> Path:
    """A wheel with every licence file but the named one."""
    version = version or release_check.stated_versions(repository)["pyproject.toml"]
    path, folder = repository / "decant.whl", "decant_mlip.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{folder}/METADATA", f"Version: {version}\nLicense-Expression: GPL-2.0-or-later\n")
        for file in [repository / "LICENSE", *(repository / "licenses").iterdir()]:
            if file.name != name:
                archive.write(file, f"{folder}/licenses/{file.relative_to(repository)}")
    return path


def test_this_repository_states_one_version_and_its_changelog_fits() -> None:
    assert release_check.stated_versions(REPOSITORY)["version.py"] in release_check.same_version()
    assert "changes" in release_check.changelog()


@pytest.mark.parametrize("file", ["pyproject.toml", "CITATION.cff", "src/decant/foundation/version.py"])
def test_one_file_of_another_version_is_told(repository: Path, file: str) -> None:
    version = release_check.stated_versions(repository)["pyproject.toml"]
    text = (repository / file).read_text(encoding="utf-8")
    (repository / file).write_text(text.replace(version, "9.9.9", 1), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"9\.9\.9 in {Path(file).name}"):
        release_check.same_version(repository)


@pytest.mark.parametrize(
    ("heading", "lines", "told"),
    [
        ("0.0.9 (2026-01-31)", "- A change.\n", "newest section is 0.0.9"),
        ("0.0.9 (unreleased)", "- A change.\n", "version is already"),
        ("{version} (soon)", "- A change.\n", "date 'soon'"),
        ("{version} (2026-01-31)", "", "nothing under"),
        ("Next", "- A change.\n", "newest section is 0.0.1"),
    ],
)
def test_a_changelog_of_another_version_without_a_date_or_a_change_is_told(
    repository: Path, heading: str, lines: str, told: str
) -> None:
    newest(repository, heading.format(version=release_check.stated_versions(repository)["pyproject.toml"]), lines)
    with pytest.raises(ValueError, match=told):
        release_check.changelog(repository)


@pytest.mark.parametrize("heading", ["{version} (2026-01-31)", "{version} (unreleased)", "99.0.0 (unreleased)"])
def test_a_changelog_of_this_version_or_of_a_later_unreleased_one_fits(repository: Path, heading: str) -> None:
    version = release_check.stated_versions(repository)["pyproject.toml"]
    newest(repository, heading.format(version=version))
    assert "1 changes" in release_check.changelog(repository)


@pytest.mark.parametrize("lacking", ["LICENSE", "nanobind.txt"])
def test_a_licence_file_that_a_wheel_lacks_is_named(repository: Path, lacking: str) -> None:
    assert [Path(part).name for part in release_check.missing_licences(wheel(repository, lacking), repository)] == [
        lacking
    ]


def test_a_whole_wheel_lacks_nothing_and_one_of_another_version_is_told(repository: Path) -> None:
    assert list(release_check.missing_licences(wheel(repository, ""), repository)) == []
    assert "it states 9.9.9" in next(release_check.missing_licences(wheel(repository, "", "9.9.9"), repository))


def test_the_first_python_of_the_stable_abi_builds_for_the_later_ones() -> None:
    found = ["3.11", "3.12", "3.13"]
    assert [wheels.built_by(version, found) for version in found] == ["3.11", "3.12", "3.12"]
    assert wheels.built_by("3.13", ["3.11", "3.13"]) == "3.13"


def test_an_interpreter_of_a_version_starts_and_one_that_is_nowhere_is_none() -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert wheels.interpreter(here) is not None
    assert wheels.interpreter("3.99") is None
