"""What a verb of decant returns: text at a prompt, a table with pictures in a notebook."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from decant.foundation import html

TEMPLATE = html.TEMPLATES / "shown.html"


class Shown(ABC):
    """Something that tells what it is.

    Its text is what the command of the same name prints. A subclass says `text`, and, where that is more than lines,
    `rows` (the first is the heading) with the lines before and after, and the `pictures` that were written.
    """

    @abstractmethod
    def text(self) -> str:
        """Return what the command prints."""

    def rows(self) -> Sequence[Sequence[str]]:
        """Return the table in the text; none for lines alone."""
        return ()

    def notes(self) -> Sequence[str]:
        """Return the lines that go with the table."""
        return ()

    def pictures(self) -> Sequence[Path]:
        """Return the PNG files that show the same."""
        return ()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        drawn = [base64.b64encode(path.read_bytes()).decode() for path in self.pictures() if path.is_file()]
        lines = self.notes() if self.rows() else self.text().splitlines()
        return html.render(TEMPLATE, rows=self.rows(), lines=lines, pictures=drawn)


class Facts(Shown, Mapping[str, Any]):
    """The content of a file that a verb wrote, as a mapping; what people ask for most has an attribute of its own.

    Parameters
    ----------
    content
        The file's.
    path
        The file, or the folder that the verb wrote into.
    """

    def __init__(self, content: Mapping[str, Any], path: Path):
        self.content, self.path = dict(content), Path(path)

    def __getitem__(self, key: str) -> Any:
        return self.content[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.content)

    def __len__(self) -> int:
        return len(self.content)
