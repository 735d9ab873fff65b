"""The page of a report in a real browser: quiet console, nothing beyond the edge, every figure there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PHONE, DESK = 390, 1280
FRAME = """<!doctype html><title>frame</title><body style="margin:0">
<iframe src="{page}" style="width:{width}px;height:900px;border:0"></iframe><pre id="measured"></pre><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument, root = page.documentElement;
  const size = one => {{ const box = one.getBoundingClientRect(); return [box.width, box.height]; }};
  const outside = [...page.querySelectorAll("main *, nav *, header *")].filter(
    one => !one.closest(".wide") && !one.closest("svg") && one.getBoundingClientRect().right > {width} + 1);
  const found = {{
    width: root.scrollWidth, outside: outside.map(one => one.outerHTML.slice(0, 200)),
    figures: [...page.querySelectorAll("figure")].map(size),
    pictures: [...page.querySelectorAll("figure svg")].map(size),
    boxes: [...page.querySelectorAll(".wide")].map(one => [one.clientWidth, one.scrollWidth]),
  }};
  document.getElementById("measured").textContent = JSON.stringify(found);
}};
</script>"""


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="module")
def page(reported_study: Path) -> Path:
    return reported_study / "report.html"


def look(chromium: str, page: Path, width: int) -> tuple[dict[str, Any], list[str]]:
    """What a browser makes of a page in a window of some width, and what its console says."""
    frame = page.with_name(f"frame-{width}.html")
    frame.write_text(FRAME.format(page=page.name, width=width), encoding="utf-8")
    done = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
            "--enable-logging=stderr", "--log-level=0", "--window-size=1400,1000", "--virtual-time-budget=20000",
            f"--user-data-dir={page.parent / 'profile'}", "--dump-dom", frame.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    measured = re.search(r'<pre id="measured">(.*?)</pre>', done.stdout, flags=re.DOTALL)
    assert measured, done.stderr[-2000:]
    text = measured[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return json.loads(text), [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_page_is_whole_and_quiet_at_a_width(width: int, chromium: str, page: Path) -> None:
    found, said = look(chromium, page, width)
    text = page.read_text(encoding="utf-8")
    assert said == []
    assert found["outside"] == []
    assert found["width"] <= width
    assert len(found["figures"]) == text.count("<figure")
    assert len(found["pictures"]) == text.count("<svg ") > 20
    assert all(wide > 200 and high > 50 for wide, high in found["figures"])
    assert all(wide > 150 and high > 50 for wide, high in found["pictures"])


def test_on_a_phone_wide_tables_scroll_inside_their_box(chromium: str, page: Path) -> None:
    found, _ = look(chromium, page, PHONE)
    assert all(shown <= PHONE for shown, _ in found["boxes"])
    assert any(whole > shown for shown, whole in found["boxes"])


def test_the_browser_sees_an_error_and_an_overflow_where_there_is_one(chromium: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    broken.write_text('<main><p style="width:3000px">wide</p></main><script>undefinedFunction()</script>')
    found, said = look(chromium, broken, PHONE)
    assert found["width"] > PHONE
    assert found["outside"]
    assert "undefinedFunction" in said[0]
