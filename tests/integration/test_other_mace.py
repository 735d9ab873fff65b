"""Model files that other versions of mace-torch saved say in `pair_style mace` what they said there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "scripts"))
import other_mace

FETCHED = sorted(other_mace.VERSIONS.glob("*")) if other_mace.VERSIONS.is_dir() else []


@pytest.mark.skipif(not FETCHED, reason="no other versions of mace-torch: python scripts/other_mace.py fetches them")
@pytest.mark.parametrize("version", FETCHED, ids=lambda path: path.name)
def test_a_model_that_another_version_saved_is_read_as_it_was_meant(version: Path) -> None:
    found = dict(other_mace.tried(version))
    assert len(found) >= 3
    off = {kind: off for kind, off in found.items() if any(off[part] > other_mace.NEAR[part] for part in off)}
    assert off == {}
