"""Several methods in one file are told."""

import pytest

from decant.data.import_ import import_frames
from tests.unit.data.test_stated_units import written


@pytest.mark.parametrize(("key", "told"), [("method", True), ("Functional", True), ("name", False)])
def test_frames_of_several_methods_are_told(tmp_path, caplog, key, told):
    path = written(tmp_path, *(f"energy=-14.{place} {key}={value}" for place, value in enumerate(("PBE", "HF", "PBE"))))
    assert len(import_frames(path).frames) == 3
    assert (f"frames state several of {key}: PBE in 2, HF in 1; labels must be" in caplog.text) == told


def test_one_method_is_no_matter(tmp_path, caplog):
    import_frames(written(tmp_path, "energy=-14.5 method=PBE", "energy=-14.4 method=PBE"))
    assert "several" not in caplog.text
