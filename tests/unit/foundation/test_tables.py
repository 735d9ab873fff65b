"""CSV columns and text tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from decant.foundation.errors import InputError
from decant.foundation.tables import format_table, number, read_csv, write_csv


def test_columns_of_different_length_come_back(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", {"time_ps": np.array([0.0, 0.5, 1.0]), "msd_A2": np.array([0.25, 1e-7])})
    back = read_csv(tmp_path / "a.csv")
    assert back["time_ps"].tolist() == [0.0, 0.5, 1.0]
    assert back["msd_A2"].tolist() == [0.25, 1e-7]


def test_a_file_that_is_not_numbers_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("time_ps\nabc\n")
    with pytest.raises(InputError, match=r"b\.csv: not a table of numbers"):
        read_csv(tmp_path / "b.csv")


@pytest.mark.parametrize(
    ("value", "uncertainty", "text"),
    [
        (1.12934, 0.0042, "1.129 ± 0.004"),
        (1.12934, 0.0142, "1.129 ± 0.014"),
        (312.4, 12.2, "312 ± 12"),
        (1.12934, None, "1.13"),
        (None, None, "–"),
    ],
)
def test_a_number_shows_the_digits_that_it_has(value: float | None, uncertainty: float | None, text: str) -> None:
    assert number(value, uncertainty) == text


def test_a_table_is_aligned() -> None:
    lines = format_table([["run", "D"], ["long-name", "1.5"], ["b", "12"]]).splitlines()
    assert lines == ["run          D", "---------  ---", "long-name  1.5", "b           12"]
