"""Ready potentials are copied whole, and used where they were copied to."""

from __future__ import annotations

from pathlib import Path

import pytest

from decant.foundation.errors import InputError
from decant.potentials.ready import ready, take


def test_a_copy_is_whole_and_what_is_done_with_it_leaves_the_packages_own_as_it_is(tmp_path: Path) -> None:
    before = (ready()["ec-emc-mace"] / "card.yaml").read_bytes()
    potential = take("ec-emc-mace", tmp_path / "potentials" / "mine")
    potential.record("test_errors", {"of": "mine"})
    assert (ready()["ec-emc-mace"] / "card.yaml").read_bytes() == before
    assert "of: mine" in (potential.path / "card.yaml").read_text()


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match="mine: is there already"):
        take("ec-emc-mace", tmp_path / "mine")


def test_a_place_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "mine", Path("/proc/mine")):
        with pytest.raises(InputError, match=r"is a file where a folder is needed|cannot be written"):
            take("ec-emc-mace", place)


def test_an_unknown_name_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ec-emc-mac: no ready potential \(did you mean 'ec-emc-mace'\?\)"):
        take("ec-emc-mac", tmp_path / "mine")
    assert not list(tmp_path.iterdir())
