"""The site is built as `make docs` builds it: no broken link, every verb, whole without a network. Notebooks run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from decant.cli.main import VERBS
from tests.conftest import REPOSITORY
from tests.integration.conftest import of_all_workers
from tests.warm import warm_decant

TUTORIALS = REPOSITORY / "docs" / "tutorials"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the built site."""
    pytest.importorskip("mkdocs", reason="the extra 'docs' is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_the_site_and_readme_is_its_home(site: Path) -> None:
    pages = {page.relative_to(REPOSITORY / "docs").with_suffix(".html") for page in (REPOSITORY / "docs").rglob("*.md")}
    pages = {page.with_name("index.html") if page.name == "README.html" else page for page in pages}
    assert not {str(page) for page in pages if not (site / page).is_file()}
    assert "four lines" in (site / "index.html").read_text(encoding="utf-8")


def test_links_out_of_docs_lead_to_files_of_the_site(site: Path) -> None:
    clusters = (site / "clusters.html").read_text(encoding="utf-8")
    targets = re.findall(r'href="([^":#]*\.(?:sh|sbatch))"', clusters)
    assert targets
    assert all((site / target).resolve().is_file() for target in targets)


def test_every_verb_is_on_the_page_of_the_command_line(site: Path) -> None:
    page = (site / "commands.html").read_text(encoding="utf-8")
    assert [verb for verb in VERBS if f"Usage: decant {verb} " not in page] == []


def test_the_python_page_describes_what_is_public(site: Path) -> None:
    page = (site / "python.html").read_text(encoding="utf-8")
    for words in ("Open a potential", "MDAnalysis", "ASE calculator"):
        assert words in page, words


def test_pages_fetch_nothing_from_a_network(site: Path) -> None:
    loads = re.compile(
        r'<(?:script|img)[^>]*\ssrc="(https?:[^"]*)"|<link[^>]*rel="stylesheet"[^>]*href="(https?:[^"]*)"'
    )
    assert {
        page.name: found for page in site.glob("*.html") if (found := loads.findall(page.read_text(encoding="utf-8")))
    } == {}


SHOWN = {
    "first_liquid": "first: completed",
    "own_data": "PASS",
    "own_script": "total energy:",
    "learn": "the members' forces differ by up to",
    "study": "sampled/mace/2/ec/320K/1",
    "electrolyte": "labelled: 10 frames with openff",
    "trust": "DME: do not trust it: the molecule alone is wrong",
}
"""What a tutorial shows in the end."""


@pytest.mark.parametrize("notebook", sorted(TUTORIALS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_tutorial_runs(notebook: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    nbformat = pytest.importorskip("nbformat", reason="the extra 'docs' is not installed")
    copy = shutil.copy(notebook, tmp_path)
    programs = [str(warm_decant(of_all_workers(tmp_path_factory))), str(Path(sys.executable).parent)]
    environment = {**os.environ, "PATH": os.pathsep.join([*programs, os.environ["PATH"]])}
    script = REPOSITORY / "scripts" / "run_notebooks.py"
    subprocess.run([sys.executable, script, copy], env=environment, check=True)
    cells = [cell for cell in nbformat.read(copy, as_version=4).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    printed = "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs)
    assert SHOWN[notebook.stem] in printed


def test_a_notebook_whose_command_fails_is_told_and_left_as_it_was(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="the extra 'docs' is not installed")
    path = tmp_path / "fails.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("!decant analyze nowhere")]), path)
    before = path.read_bytes()
    done = subprocess.run([sys.executable, REPOSITORY / "scripts" / "run_notebooks.py", path], capture_output=True)
    assert done.returncode == 1 and b"non-zero exit status 2" in done.stderr
    assert path.read_bytes() == before


def test_the_search_finds_without_a_server(site: Path) -> None:
    browser = shutil.which("chromium") or pytest.skip("chromium is not installed (Debian: chromium)")
    command = [browser, "--headless", "--no-sandbox", "--virtual-time-budget=60000", "--dump-dom"]
    address = f"file://{site}/plan.html?q=committee"
    page = subprocess.run([*command, address], capture_output=True, text=True, check=True).stdout
    assert re.search(r"\d+ matching documents", page)
