"""Whose a directory is, whether its work may go on, and how one takes the place of another."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from decant.foundation.directories import (
    changed,
    replaced,
    require_own,
    require_same,
    require_writable,
    wait_until_free,
)
from decant.foundation.errors import InputError
from decant.foundation.locks import LOCK, locked


def test_a_directory_is_new_empty_or_of_the_same_work(tmp_path: Path) -> None:
    require_own(tmp_path / "new", "run.yaml", "a run directory")
    require_own(tmp_path, "run.yaml", "a run directory")
    (tmp_path / LOCK).touch()
    (tmp_path / "system.data").touch()
    require_own(tmp_path, "run.yaml", "a run directory", ["system.data"])
    with pytest.raises(InputError, match=r"holds system\.data but no run\.yaml; give an empty or new directory to"):
        require_own(tmp_path, "run.yaml", "a run directory")
    (tmp_path / "run.yaml").touch()
    require_own(tmp_path, "run.yaml", "a run directory")
    with pytest.raises(InputError, match=r"run\.yaml: is a file; expected a run directory"):
        require_own(tmp_path / "run.yaml", "run.yaml", "a run directory")


@contextmanager
def without_permission(folder: Path) -> Iterator[None]:
    """Take the permission to write into a folder, from the superuser by being somebody else for a while."""
    folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


def test_a_directory_that_cannot_be_made_is_told_before_the_work_and_nothing_is_left(tmp_path: Path) -> None:
    require_writable(tmp_path / "new" / "below")
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "file/below", "link", "link/below"):
        with pytest.raises(InputError, match=f"{name[:4]}: is a file where a folder is needed; give another place"):
            require_writable(tmp_path / name)
    with pytest.raises(InputError, match=r"^/proc/x/y: cannot be written"):
        require_writable(Path("/proc/x/y"))
    with without_permission(tmp_path):
        for place in (tmp_path, tmp_path / "new" / "below"):
            with pytest.raises(InputError, match=r"no permission; change it, or give another place"):
                require_writable(place)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "link"]
    with pytest.raises(InputError, match="file: is a file where a folder is needed"):
        require_own(tmp_path / "file" / "below", "run.yaml", "a run directory")
    with pytest.raises(InputError, match=r"^/proc: cannot be written"), replaced(Path("/proc/x")):
        pass


def test_only_settings_free_to_change_may_differ(tmp_path: Path) -> None:
    before = {"seed": 1, "ranks": 2, "older": True}
    require_same(tmp_path, before, {"seed": 1, "ranks": 4}, ["ranks"])
    expected = r"was made with seed=1, not 2; .* \(only ranks may change\), or another `output`"
    with pytest.raises(InputError, match=expected):
        require_same(tmp_path, before, {"seed": 2, "ranks": 4}, ["ranks"])
    with pytest.raises(InputError, match=r"was made with seed=1, not 2; give the same settings to continue it, or"):
        require_same(tmp_path, before, {"seed": 2})
    assert changed(before, {"ranks": 4, "seed": 2}) == "ranks"
    assert changed(before, {"newer": 1}) == "newer"
    assert changed(before, {"seed": 1}) is None


def test_the_killed_are_waited_for_with_limited_patience(tmp_path: Path) -> None:
    wait_until_free(tmp_path / "missing", 60.0)
    holds, ends = threading.Event(), threading.Event()

    def work() -> None:
        with locked(tmp_path):
            holds.set()
            ends.wait(60.0)

    worker = threading.Thread(target=work)
    worker.start()
    holds.wait(60.0)
    begun = time.monotonic()
    wait_until_free(tmp_path, 0.3)
    assert time.monotonic() - begun >= 0.3
    threading.Timer(0.3, ends.set).start()
    wait_until_free(tmp_path, 60.0)
    with locked(tmp_path):
        worker.join()


def test_a_directory_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "below" / "potential"
    with replaced(target) as beside:
        (beside / "model").write_text("one")
        assert not target.exists()
    with pytest.raises(RuntimeError), replaced(target) as beside:
        (beside / "model").write_text("half of")
        raise RuntimeError
    assert (target / "model").read_text() == "one"
    with replaced(target) as beside:
        (beside / "card").write_text("two")
    assert [file.name for file in target.iterdir()] == ["card"]
    assert [file.name for file in target.parent.iterdir()] == ["potential"]
