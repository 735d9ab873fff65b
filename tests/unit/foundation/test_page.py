"""Pages for a desk and a phone: tables, notes, what is folded away, legends and pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from matplotlib.axes import Axes

from decant.foundation.looks import MOST, batches, looks
from decant.foundation.page import (
    Cell,
    Data,
    Figure,
    Folded,
    Key,
    Listing,
    Notes,
    Section,
    Table,
    data_files,
    render,
    text_table,
    write_page,
)
from decant.foundation.sketches import MOST_VECTORS, Group, Sketch, write_sheet

TEXT = [["name", "density", "D"], ["", "g/cm3", ""], ["<a>", "1.0 ± 0.1", "–"], ["b", "–", "2"]]


def drawn(points: int) -> Group:
    """A group of one picture, a line of so many points."""

    def draw(axes: Axes) -> None:
        axes.plot(range(points))

    return Group([Sketch("A line", "it rises", draw)], [Key("rising", "#000000", "dashdot")], "What it does.")


def test_a_page_has_its_table_its_lists_and_is_for_phones_too(tmp_path: Path) -> None:
    table = text_table(TEXT, (0, 1), 1, "*: a < b")
    write_page(tmp_path / "page.html", "Some & others", [Section("one", "One", [table, Listing(["one <1>", "two"])])])
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "<h1>Some &amp; others</h1>" in text
    assert re.findall("<th scope=.col.[^>]*>(.*?)</th>", text) == ["name", "density (g/cm3)"]
    rows = [re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall("<tr>(.*?)</tr>", text, flags=re.S)[1:]]
    assert rows == [["&lt;a&gt;", "1.0\u00a0±\u00a00.1"], ["b", "–"]]
    assert re.findall("<li>(.*?)</li>", text) == ["one &lt;1&gt;", "two"] and "*: a &lt; b" in text
    assert "<nav" not in text, "a short page needs no contents"


def test_a_row_of_many_columns_becomes_a_card_that_names_them() -> None:
    few = render("", "", [Section("one", "One", [Table(["a", "b"], [["1", "2"]])])])
    many = render("", "", [Section("one", "One", [Table(list("abcd"), [list("1234")])])])
    assert 'class="table left1"' in few and 'class="table left1 cards"' in many
    assert 'data-name="d"' in many


def test_a_long_text_of_a_table_is_told_once_below_it() -> None:
    notes = Notes()
    rows = [["a", f"1 {notes.mark('too short')}"], ["b", f"2 {notes.mark('too hot')}"], ["c", notes.mark("too short")]]
    assert [row[1] for row in rows] == ["1 ¹", "2 ²", "¹"] and notes.mark("") == ""
    text = render("", "", [Section("one", "One", [Table(["name", "value"], rows, notes=notes.texts)])])
    assert '<ol class="notes"><li>too short</li><li>too hot</li></ol>' in text


def test_what_is_folded_is_on_the_page_and_its_numbers_beside_it() -> None:
    table = Table(["a"], [[Cell("1")]], data=Data("numbers", [{"a": 1}]))
    sections = [Section("one", "One", [Folded("All (1 row)", [table])])]
    assert [data.name for data in data_files(sections)] == ["numbers"]
    text = render("", "", sections, "folder")
    folded = text.split("<details>")[1].split("</details>")[0]
    assert "<summary>All (1 row)</summary>" in folded and 'href="folder/numbers.csv"' in folded


def test_a_page_opens_with_its_lead() -> None:
    text = render("T", "", [Section("one", "One", ["text"])], lead=["First.", "Second."], how="How.")
    assert text.index("<h1>") < text.index("First.") < text.index("Second.") < text.index("How.") < text.index("One")


@pytest.mark.parametrize("count", [1, MOST, MOST + 1, 20])
def test_no_two_things_of_a_picture_look_alike(count: int) -> None:
    names = [str(number) for number in range(count)]
    styles, groups = looks(names), batches(names)
    assert [name for group in groups for name in group] == names
    for group in groups:
        assert 1 <= len(group) <= MOST
        assert (
            len({styles[name].colour for name in group}) == len({styles[name].marker for name in group}) == len(group)
        )


def test_a_picture_is_drawn_on_the_page_and_on_a_sheet_with_its_legend_outside(tmp_path: Path) -> None:
    figure = drawn(10).figure()
    assert isinstance(figure, Figure) and figure.panels[0].svg.startswith("<svg ")
    assert "<image" not in figure.panels[0].svg
    page = render("", "", [Section("one", "One", [figure])])
    assert page.index("rising</li>") < page.index("<svg ")
    write_sheet(tmp_path / "sheet.png", [drawn(10), drawn(20)])
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_very_many_points_are_an_image_within_the_picture() -> None:
    assert "<image" in drawn(MOST_VECTORS + 1).figure().panels[0].svg
