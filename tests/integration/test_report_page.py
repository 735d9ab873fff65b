"""Pages in a real browser: quiet console, nothing beyond the edge, every figure there, letters that can be read."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from decant.analysis.compare import compare
from decant.data.inspect import inspect, read_parts, write_inspection

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
    pictures: [...page.querySelectorAll("figure svg")].map(
      one => size(one.closest(".turns")?.querySelector("canvas") || one)),
    letters: [...page.querySelectorAll("svg text")].filter(one => one.getClientRects().length).map(one => {{
      const grown = one.getScreenCTM(), size = page.defaultView.getComputedStyle(one).fontSize;
      return parseFloat(size) * Math.hypot(grown.a, grown.b);
    }}),
    boxes: [...page.querySelectorAll(".wide")].map(one => [one.clientWidth, one.scrollWidth, one.textContent]),
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


@pytest.fixture(scope="module")
def others(reported_study: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of decant compare, of seven runs, and of decant inspect."""
    folder = tmp_path_factory.mktemp("pages")
    runs = sorted(path.parent for path in reported_study.glob("runs/**/msd.csv"))[:7]
    compare(runs, folder / "compared")
    found = inspect(read_parts(reported_study / "data" / "liquid" / "labelled.extxyz"))
    write_inspection(folder / "inspected", found, np.random.default_rng(1).normal(size=(len(found.frames), 5)))
    return {"compare": folder / "compared" / "summary.html", "inspect": folder / "inspected" / "inspect.html"}


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
    figures, pictures = ([one for one in found[kind] if any(one)] for kind in ("figures", "pictures"))
    assert len(figures) > 10 and len(pictures) > 20, "the others are folded away"
    assert all(wide > 200 and high > 50 for wide, high in figures)
    assert all(wide > 150 and high > 50 for wide, high in pictures)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_no_table_scrolls_sideways(width: int, chromium: str, page: Path) -> None:
    found, _ = look(chromium, page, width)
    shown = [box for box in found["boxes"] if box[0]]
    assert len(shown) > 5
    assert [text[:60] for wide, whole, text in shown if whole > wide + 1] == []


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_letters_of_pictures_can_be_read(width: int, chromium: str, page: Path) -> None:
    found, _ = look(chromium, page, width)
    assert len(found["letters"]) > 100
    assert min(found["letters"]) >= 8.0, "CSS pixels"


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", ["compare", "inspect"])
def test_the_other_pages_fit_a_phone_and_a_desk(name: str, width: int, chromium: str, others: dict[str, Path]) -> None:
    found, said = look(chromium, others[name], width)
    assert said == [] and found["outside"] == []
    assert found["width"] <= width
    assert [text[:60] for wide, whole, text in found["boxes"] if whole > wide + 1] == []
    assert len(found["pictures"]) > 5 and min(found["letters"]) >= 8.0
    assert all(wide > 300 and high > 100 for wide, high in found["pictures"])


def test_the_browser_sees_an_error_and_an_overflow_where_there_is_one(chromium: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    broken.write_text('<main><p style="width:3000px">wide</p></main><script>undefinedFunction()</script>')
    found, said = look(chromium, broken, PHONE)
    assert found["width"] > PHONE
    assert found["outside"]
    assert "undefinedFunction" in said[0]


@pytest.mark.parametrize(("scheme", "darkest", "lightest"), [(0, 0, 70), (1, 200, 255)])
def test_a_page_is_dark_where_the_reader_wants_it_so(
    chromium: str, others: dict[str, Path], scheme: int, darkest: float, lightest: float
) -> None:
    picture = others["inspect"].with_name(f"scheme-{scheme}.png")
    options = [f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={picture}", "--window-size=800,1600"]
    subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", *options, others["inspect"].as_uri()],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    assert darkest < np.asarray(Image.open(picture).convert("L")).mean() < lightest
