"""Pages from templates: what they are given is text, unless it is markup, and what they lack is an error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from decant.foundation.html import Page, render, write_page


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "own.html"
    path.write_text('{% extends "base.html" %}\n{% block body %}<p title="{{ value }}">{{ value }}</p>{% endblock %}\n')
    return path


def test_text_is_text_and_an_uncertainty_stays_with_its_value(template: Path) -> None:
    page = render(template, title="A & <B>", value="<i>1 ± 2</i> \"'")
    assert page.startswith("<!doctype html>") and "<title>A &amp; &lt;B&gt;</title>" in page
    text = "&lt;i&gt;1\u00a0±\u00a02&lt;/i&gt; &#34;&#39;"
    assert f'<p title="{text}">{text}</p>' in page


def test_markup_stays_as_it_is(template: Path) -> None:
    assert "<i>1 ± 2</i></p>" in render(template, title="", value=Markup("<i>1 ± 2</i>"))


def test_a_value_that_is_missing_is_an_error(template: Path) -> None:
    with pytest.raises(UndefinedError, match="'value' is undefined"):
        render(template, title="")


def test_a_page_has_its_table_its_remarks_and_its_picture(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"picture")
    table = [["name", "density"], ["", "g/cm3"], ["<a>", "1.0 ± 0.1"], ["b", "–"]]
    page = Page("Some & others", table, 1, "*: a < b", ["one <1>", "two"], picture, 'a "picture"')
    write_page(tmp_path / "page.html", page)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<th>density<br><small>g/cm3</small></th>" in text
    rows = [re.findall("<td>(.*?)</td>", row) for row in re.findall("<tr>(.*?)</tr>", text, flags=re.DOTALL)[1:]]
    assert rows == [["&lt;a&gt;", "1.0\u00a0±\u00a00.1"], ["b", "–"]]
    assert re.findall("<li>(.*?)</li>", text) == ["one &lt;1&gt;", "two"] and "*: a &lt; b" in text
    assert 'alt="a &#34;picture&#34;" src="data:image/png;base64,cGljdHVyZQ=="' in text
    write_page(tmp_path / "page.html", Page("Some", table, 1, "", [], picture, ""))
    assert "Remarks" not in (tmp_path / "page.html").read_text(encoding="utf-8")
