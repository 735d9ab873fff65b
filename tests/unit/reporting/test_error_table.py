"""Errors on a part of the test set are told with their mark, and held against nothing."""

from __future__ import annotations

from pathlib import Path

from decant.foundation.files import read_yaml, write_yaml
from decant.reporting.collect import collect
from decant.reporting.error_table import table
from tests.study_folder import write_study


def test_errors_on_a_part_of_the_test_set_are_marked_and_not_compared(tmp_path: Path) -> None:
    folder = write_study(tmp_path)
    before = collect(folder)
    cell = next(fit.cell for fit in before.fits if fit.errors)
    path = cell.errors(folder)
    write_yaml(path, {**read_yaml(path), "left_out": {"frames": 5, "elements": ["F", "Li"]}})
    results = collect(folder)
    of_part = next(fit for fit in results.fits if fit.cell == cell)
    assert of_part.errors == {} and of_part.parity is None and of_part.errors_on_part["left_out"]["frames"] == 5
    found = table(results)
    assert found is not None
    marked = [row[0] for row in found.rows if str(row[0]).endswith(" ¹")]
    assert len(marked) == 1 and cell.data in str(marked[0])
    assert [note.partition(": ")[2] for note in found.notes] == ["5 have F, Li, unknown to it."]
    was = table(before)
    assert was is not None and not was.notes
