"""Each test that docs/faults.md names is there."""

from __future__ import annotations

import re

import pytest

from tests.conftest import REPOSITORY

LINES = (REPOSITORY / "docs" / "faults.md").read_text(encoding="utf-8").splitlines()
CELLS = {line.strip("|").split("|")[-1].strip() for line in LINES if line.startswith("|")} - {"test", "---"}
CALLS = re.compile(r"`((?:\w+/)*\w+\.py)`(?:: `([.\w]+)`)?")


@pytest.mark.parametrize("cell", sorted(CELLS))
def test_every_test_that_the_page_of_faults_names_is_there(cell: str) -> None:
    named = CALLS.findall(cell)
    assert named or cell == "the same"
    for file, name in named:
        path = REPOSITORY / (file if "/" in file else f"tests/integration/{file}")
        words = r"\w*".join(re.escape(part) for part in name.split(".."))
        assert re.search(rf"def test_{words}\(", path.read_text(encoding="utf-8")) or not name, f"{file}: {name}"
    assert cell.count("`") == sum(2 + 2 * bool(name) for _, name in named), "a test that is not looked for"
