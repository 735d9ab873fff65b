"""Pages from templates: what they are given is text, unless it is markup, and what they lack is an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from decant.foundation.html import render


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
