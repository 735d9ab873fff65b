"""The file of a run's observables."""

from __future__ import annotations

from pathlib import Path

import pytest

from decant.analysis.observables import read_observables
from decant.foundation.errors import InputError


def test_a_run_that_was_not_analysed_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no observables.yaml in it; run: decant analyze"):
        read_observables(tmp_path)
    with pytest.raises(InputError, match="no such directory"):
        read_observables(tmp_path / "missing")
