"""Run the tutorials, and keep what they print and draw in them.

python scripts/run_notebooks.py [NOTEBOOK ...]
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

REPOSITORY = Path(__file__).resolve().parents[1]
STRICT = "--InteractiveShell.system_raise_on_error=True"
"""A command of a cell (`!decant ...`) that fails ends the notebook, as an exception does."""


WARNING = re.compile(r"^\S*site-packages/\S+: \w*Warning: .*\n(?:  .*\n)?", flags=re.MULTILINE)
"""A warning of one library to another, with a path of this machine."""


def executed(path: Path, folder: Path) -> nbformat.NotebookNode:
    """Return a notebook as it is after a run of every cell in a folder; a cell or a command of it that fails ends it.

    Parameters
    ----------
    path
        The notebook.
    folder
        Where it runs and writes.
    """
    notebook = nbformat.read(path, as_version=4)
    options = {"timeout": 600, "resources": {"metadata": {"path": str(folder)}}}
    NotebookClient(notebook, extra_arguments=[STRICT], **options).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of the day
        if cell.cell_type == "code":
            cell.outputs = tidy(cell.outputs)
    return notebook


def tidy(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Return outputs with the pieces of a stream joined, each line as a terminal shows it in the end, less warnings."""
    kept: list[nbformat.NotebookNode] = []
    for output in outputs:
        if kept and output.output_type == "stream" == kept[-1].output_type and output.name == kept[-1].name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            lines = output.text.replace("\r\n", "\n").split("\n")
            shown = "\n".join(re.split("\r|\x1b\\[K", line)[-1] for line in lines)
            output.text = WARNING.sub("", shown) if output.name == "stderr" else shown
    return [output for output in kept if output.output_type != "stream" or output.text.strip()]


def main() -> None:
    """Run the notebooks that are named, or all."""
    programs = str(Path(sys.executable).parent)
    if programs not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([programs, os.environ["PATH"]])
    for path in map(Path, sys.argv[1:] or sorted((REPOSITORY / "docs" / "tutorials").glob("*.ipynb"))):
        with tempfile.TemporaryDirectory() as folder:
            nbformat.write(executed(path, Path(folder)), path)
        print(path)


if __name__ == "__main__":
    main()
