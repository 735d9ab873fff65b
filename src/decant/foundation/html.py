"""A table, remarks and a picture as one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from decant.foundation.files import write_beside


@dataclass(frozen=True)
class Page:
    """What stands on a page.

    Attributes
    ----------
    title
        Heading.
    table
        Two heading rows (names, units), then the body; text cells.
    left
        Number of columns that are aligned to the left.
    caption
        HTML below the table.
    remarks
        Lines below the caption.
    picture
        PNG file to embed.
    alt
        What the picture shows, in words.
    """

    title: str
    table: Sequence[Sequence[str]]
    left: int
    caption: str
    remarks: Sequence[str]
    picture: Path
    alt: str


def write_page(path: Path, page: Page) -> None:
    """Write a page, whole or not at all."""
    names, units, *rows = ([html.escape(cell) for cell in row] for row in page.table)
    head = "".join(f"<th>{name}<br><small>{unit}</small></th>" for name, unit in zip(names, units, strict=True))
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    found = "\n".join(f"<li>{html.escape(line)}</li>" for line in page.remarks)
    text = HTML.format(
        title=html.escape(page.title),
        head=head,
        body=body,
        left=page.left,
        caption=page.caption,
        remarks=f"<h2>Remarks</h2><ul>{found}</ul>" if found else "",
        alt=html.escape(page.alt),
        image=base64.b64encode(page.picture.read_bytes()).decode("ascii"),
    )
    with write_beside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>decant: {title}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1200px; padding: 0 1rem; color: #222; }}
div.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; white-space: nowrap; }}
th, td {{ padding: .35rem .7rem; text-align: right; border-bottom: 1px solid #ddd; }}
th:nth-child(-n+{left}), td:nth-child(-n+{left}) {{ text-align: left; }}
thead th {{ border-bottom: 2px solid #222; vertical-align: bottom; }}
small {{ font-weight: normal; color: #666; }}
img {{ max-width: 100%; margin-top: 1.5rem; }}
</style></head><body>
<h1>{title}</h1>
<div class="wide"><table><thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody></table></div>
<p><small>{caption}</small></p>
{remarks}
<img alt="{alt}" src="data:image/png;base64,{image}">
</body></html>
"""
