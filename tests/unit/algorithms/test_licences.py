"""The licence of a published model is told before its use, and once."""

from __future__ import annotations

import pytest

from decant.algorithms.licences import tell_licence


def test_a_licence_is_told_once_however_often_its_model_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    tell_licence.cache_clear()
    for _ in range(2):
        tell_licence("a-model", "MIT license")
    tell_licence("another", "MIT license")
    assert capsys.readouterr().err.splitlines() == [
        "a-model: under the MIT license; by using it you accept its terms",
        "another: under the MIT license; by using it you accept its terms",
    ]
