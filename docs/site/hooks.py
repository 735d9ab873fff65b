"""What the site has beside the pages of docs/: README as its home, the help of every verb, files that pages link to."""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

LINK = re.compile(r"(?<=\]\()([^)#\s:]+)(?=[)#])")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HOME, COMMANDS = "index.md", "commands.md"
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
"""Files beside docs/ that are pages of the site, whether or not another page links to them."""


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add what the pages link to outside of docs/, and what that links to in turn."""
    root = Path(config.docs_dir).parent
    files.append(File.generated(config, COMMANDS, content=commands()))
    waiting = {
        *PAGES,
        *(target for file in files.documentation_pages() for target in links(file.src_uri, file.content_string)),
    }
    seen = {f"docs/{file.src_uri}" for file in files}
    while waiting - seen:
        target = min(waiting - seen)
        seen.add(target)
        path = root / target
        if not path.is_file():  # a folder, or a broken link: the page that has it is told
            continue
        place = HOME if target == "README.md" else target
        files.append(File.generated(config, place, abs_src_path=str(path)))
        if path.suffix == ".md":
            waiting |= set(links(target, path.read_text(encoding="utf-8"), docs=False))
    return files


def links(page: str, text: str, docs: bool = True) -> list[str]:
    """Return the files, as paths from the repository's root, that a page links to."""
    folder = posixpath.dirname(f"docs/{page}" if docs else page)
    return [posixpath.normpath(posixpath.join(folder, target)) for target in LINK.findall(FENCE.sub("", text))]


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to where the site has their targets: docs/ is its root, and what lay beside docs/ lies in it."""
    beside = page.file.abs_src_path is None or not page.file.abs_src_path.startswith(config.docs_dir + os.sep)
    source = posixpath.dirname("" if page.file.src_uri in (HOME, COMMANDS) else page.file.src_uri) if beside else \
        posixpath.dirname(f"docs/{page.file.src_uri}")  # fmt: skip
    root = Path(config.docs_dir).parent

    def moved(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(source, match[1]))
        if not (root / target).exists():
            return match[1]
        inside = HOME if target == "README.md" else target.removeprefix("docs/")
        return posixpath.relpath(inside, posixpath.dirname(page.file.src_uri) or ".")

    return LINK.sub(moved, markdown)


def commands() -> str:
    """Return a page with the help of every verb."""
    import typer

    from decant.cli.main import application

    group = typer.main.get_command(application())
    parts = [
        "# Command line",
        "",
        "What `decant VERB --help` says. Every option can stand in a YAML file, given with `--config`.",
        "",
    ]
    with group.make_context("decant", [], resilient_parsing=True) as context:
        for verb in group.list_commands(context):  # type: ignore[attr-defined]
            command = group.get_command(context, verb)  # type: ignore[attr-defined]
            with command.make_context(f"decant {verb}", [], resilient_parsing=True) as inner:
                parts += [f"## {verb}", "", "```text", command.get_help(inner), "```", ""]
    return "\n".join(parts)
