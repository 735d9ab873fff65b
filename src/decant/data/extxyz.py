"""Frames as extended XYZ text, read and written: every key under its own name, nothing hidden or converted.

ASE's reader moves ``energy``, ``forces`` and ``stress`` into a calculator and stops at the first malformed frame; an
import has to see each key as written and to reject frames one by one, so the text is parsed here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from ase.io.formats import open_with_compression

from decant.foundation.errors import InputError
from decant.foundation.files import require_file, unpacking

WHAT = "an extended XYZ file"
_BRACKETS = str.maketrans("[]{}", "    ")
TRUE = {"t", "true", ".true.", "yes", "y", "on", "1", "1.0"}
FALSE = {"f", "false", ".false.", "no", "n", "off", "0", "0.0"}
"""Words for yes and no, in lower case."""


class FrameError(Exception):
    """One frame cannot be used; the message says why."""


@dataclass
class RawFrame:
    """One frame of an extended XYZ file.

    Attributes
    ----------
    index
        Position in the file, from 0.
    line
        Line number of the frame's first line, from 1; None if it is not from a text file.
    atoms
        Elements, positions (angstrom), cell and periodicity; no labels.
    info, arrays
        Every other value per frame and per atom, under the file's own names.
    error
        Why the frame could not be parsed, or an empty string.
    """

    index: int
    line: int | None
    atoms: Atoms = field(default_factory=Atoms)
    info: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    error: str = ""


def read_raw(path: Path) -> list[RawFrame]:
    """Read every frame of a file, compressed or not; a frame that cannot be parsed has its `error` set.

    Raises
    ------
    InputError
        If the file is missing, empty, or not extended XYZ.
    """
    require_file(path, WHAT)
    lines = _lines(path)
    frames = []
    for index, (start, count) in enumerate(_blocks(path, lines)):
        frame = RawFrame(index, start + 1)
        try:
            _parse(frame, count, lines[start + 1 : start + 2 + count])
        except FrameError as error:
            frame.error = str(error)
        frames.append(frame)
    if not frames:
        raise InputError(f"{path}: empty; expected {WHAT}")
    return frames


def _lines(path: Path) -> list[str]:
    """Return the lines of a file; only line feeds and carriage returns end one, not all that Unicode lets end it."""
    with unpacking(path), open_with_compression(str(path), "rb") as stream:
        data: bytes = stream.read()
    if b"\0" in data:
        raise InputError(f"{path}: not text; expected {WHAT}")
    try:
        text = data.decode("utf-8-sig")  # editors of Windows begin a file with a mark
    except UnicodeDecodeError:  # a comment of old, with a letter or an angstrom sign; what counts is plain
        text = data.decode("latin-1")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def _blocks(path: Path, lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the first line and the atom count of each frame."""
    position = 0
    while position < len(lines):
        text = lines[position].strip()
        if not text:  # between frames that somebody has put together, or at the end
            position += 1
            continue
        if not re.fullmatch("[0-9]+", text) or int(text) == 0:
            raise InputError(
                f"{path}: line {position + 1}: expected the number of atoms of a frame of {WHAT}"
                + (
                    ""
                    if position
                    else "; other forms that can be read: a DeePMD folder, an ASE database, outputs of VASP and CP2K"
                )
            )
        yield position, int(text)
        position += int(text) + 2


def _parse(frame: RawFrame, count: int, lines: list[str]) -> None:
    """Fill `frame` from its comment line and atom lines."""
    if len(lines) < count + 1:
        raise FrameError(f"the file ends after {max(len(lines) - 1, 0)} of {count} atoms")
    info = parse_comment(lines[0])
    columns = _columns(str(_taken(info, "Properties", "species:S:1:pos:R:3")))
    lattice, pbc = _taken(info, "Lattice"), _taken(info, "pbc")
    periodic = np.full(3, lattice is not None) if pbc is None else _truths(pbc)
    _check_cell_key(info, lattice is None and (pbc is None or bool(periodic.any())))
    values = _table(columns, [line.split() for line in lines[1:]])
    species, positions = values.pop("species"), values.pop("pos")
    if species.shape != (count,) or species.dtype.kind != "U":
        raise FrameError("column 'species' must be one name of an element (species:S:1)")
    if positions.shape != (count, 3) or positions.dtype.kind not in "fi":
        raise FrameError("column 'pos' must have 3 numbers (pos:R:3)")
    symbols = [_symbol(text) for text in species]
    cell = np.zeros((3, 3))
    if lattice is not None:
        cell = numbers_of(lattice, 9, "Lattice").reshape(3, 3)
    frame.atoms = Atoms(symbols, positions=positions, cell=cell, pbc=periodic)
    frame.info, frame.arrays = info, values


def _taken(info: dict[str, Any], key: str, default: Any = None) -> Any:
    """Take a value that extended XYZ itself has a name for, in whatever case it is written."""
    written = next((name for name in info if name.lower() == key.lower()), key)
    return info.pop(written, default)


_CELL_KEYS = {"cell", "box", "unit_cell", "unitcell", "lattice_vectors", "cell_vectors"}


def _check_cell_key(info: dict[str, Any], without: bool) -> None:
    """Raise `FrameError` if a frame `without` a cell has one under another name: it would be taken for a cluster."""
    for key, value in info.items():
        if without and key.lower() in _CELL_KEYS and np.size(value) in (3, 6, 9) and np.any(value):
            raise FrameError(f'{key} may be the cell: write it as Lattice, 9 numbers, or say pbc="F F F"')


_PAIR = re.compile(
    r"""([^\s="']+) \s*=\s* ( "(?:[^"\\]|\\.)*" | '[^']*' | \[(?:[^\[\]]|\[[^\[\]]*\])*\] | \{[^}]*\} | \([^()]*\)(?!\S)
        | [^\s"']+ )
      | ([^\s="']+)""",
    re.VERBOSE,
)


def parse_comment(text: str) -> dict[str, Any]:
    """Parse ``key=value key="several values" flag`` into a dictionary.

    Numbers become int, float or a flat array in the order of the file; anything else stays text; a flag is ``"T"``.
    Unlike in ASE no key has a special meaning, so that a stress of 6 numbers is as welcome as one of 9.

    Raises
    ------
    FrameError
        If a key is given twice, with two values.
    """
    found: dict[str, Any] = {}
    for key, value, flag in _PAIR.findall(text):
        new = _value(value) if key else "T"
        if key in found and not np.array_equal(found[key], new):
            raise FrameError(f"{key} is given twice, with two values")
        found[key or flag] = new
    return found


_NUMBER = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)([EeDd][+-]?\d+)?|inf|infinity|nan)", re.IGNORECASE)
"""What a file means by a number: with Fortran's D as well, without the underscores that Python allows (``run=1_2``)."""


def _value(text: str) -> Any:
    quoted = text[:1] in ("'", '"')
    inner = text[1:-1] if quoted else text
    words = re.split(r"[\s,]+", inner.removeprefix("_JSON ").translate(_BRACKETS).strip())
    if not all(map(_NUMBER.fullmatch, words)):
        return inner
    numbers = np.array([float(re.sub("[Dd]", "e", word)) for word in words])
    if len(numbers) > 1:
        return numbers
    return int(words[0]) if re.fullmatch(r"[+-]?\d+", words[0]) else float(numbers[0])


def _columns(properties: str) -> list[tuple[str, str, int]]:
    """Split ``species:S:1:pos:R:3`` into (name, type, width)."""
    parts = properties.split(":")
    if len(parts) % 3 or not all(width.isdigit() for width in parts[2::3]) or not set(parts[1::3]) <= set("SRIL"):
        raise FrameError(f"Properties={properties} is not a list of name:type:width")
    columns = list(zip(parts[::3], parts[1::3], map(int, parts[2::3]), strict=True))
    names = {name for name, _, _ in columns}
    if len(names) < len(columns):
        raise FrameError(f"Properties={properties} names a column twice")
    if not {"species", "pos"} <= names:
        raise FrameError("Properties must name the columns 'species' and 'pos'")
    return columns


def _table(columns: list[tuple[str, str, int]], rows: list[list[str]]) -> dict[str, np.ndarray]:
    """Cut the atom lines into one array a column."""
    width = sum(size for _, _, size in columns)
    for number, row in enumerate(rows):
        if len(row) < width:
            raise FrameError(f"atom {number} has {len(row)} values; Properties asks for {width}")
    table = np.array([row[:width] for row in rows])
    values, first = {}, 0
    for name, kind, size in columns:
        part = table[:, first : first + size]
        first += size
        if kind in "RI":
            try:
                part = _numbers(part)
                part = part.astype(int) if kind == "I" and np.isfinite(part).all() else part
            except ValueError as error:
                raise FrameError(f"column '{name}': not a number: {error}") from error
        values[name] = part[:, 0] if size == 1 else part
    return values


def _numbers(words: np.ndarray) -> np.ndarray:
    """Return numbers, also with Fortran's D for the exponent."""
    try:
        return words.astype(float)
    except ValueError:
        return np.char.replace(np.char.replace(words, "D", "e"), "d", "e").astype(float)


def _symbol(text: str) -> str:
    if text not in atomic_numbers or text == "X":
        raise FrameError(f"unknown element '{text}'")
    return text


def _truths(value: Any) -> np.ndarray:
    """Return three truth values, written as ``T T F``, ``[True, True, False]``, ``.true.`` or ``1 1 0``."""
    text = value if isinstance(value, str) else " ".join(map(str, np.atleast_1d(value)))
    words = re.sub(r"[\[\](){},]", " ", text).lower().split()
    if len(words) not in (1, 3) or not set(words) <= TRUE | FALSE:
        raise FrameError(f"pbc='{text}' is not 3 truth values: write it as \"T T F\"")
    return np.array([word in TRUE for word in words * 3])[:3]


def numbers_of(value: Any, count: int, key: str) -> np.ndarray:
    """Return `count` finite numbers, or raise `FrameError` naming the key."""
    try:
        numbers = np.atleast_1d(np.asarray(value, dtype=float)).ravel()
    except (TypeError, ValueError) as error:
        raise FrameError(f"{key} is not {count} numbers") from error
    if numbers.size != count:
        raise FrameError(f"{key} has {numbers.size} numbers instead of {count}")
    if not all(map(math.isfinite, numbers)):
        raise FrameError(f"{key} is not finite (NaN or infinite)")
    return numbers


def plain(value: Any) -> Any:
    """Return a number of NumPy as Python's own, anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def format_frame(atoms: Atoms) -> str:
    """Return the text of one frame in extended XYZ."""
    columns = [(key, values) for key, values in atoms.arrays.items() if key not in ("numbers", "positions")]
    properties = "species:S:1:pos:R:3"
    blocks = [np.array(atoms.get_chemical_symbols()), *_formatted(atoms.positions)]
    for key, values in columns:
        kind = {"i": "I", "u": "I", "f": "R", "b": "L"}.get(values.dtype.kind, "S")
        properties += f":{key}:{kind}:{1 if values.ndim == 1 else values.shape[1]}"
        blocks += _formatted(values)
    head = [f"Properties={properties}", 'pbc="{}"'.format(" ".join("T" if x else "F" for x in atoms.pbc))]
    if atoms.cell.any():
        head.insert(0, 'Lattice="{}"'.format(" ".join(f"{x:.10f}" for x in atoms.cell.array.ravel())))
    head += [f"{key}={_text(value)}" for key, value in atoms.info.items()]
    rows = ["  ".join(row) for row in zip(*blocks, strict=True)]
    return "\n".join([str(len(atoms)), " ".join(head), *rows]) + "\n"


def _formatted(values: np.ndarray) -> list[np.ndarray]:
    """Return the columns of an array as text."""
    table = values.reshape(len(values), -1)
    style = "%16.8f" if values.dtype.kind == "f" else "%s"
    return [np.char.mod(style, table[:, column]) for column in range(table.shape[1])]


def _text(value: Any) -> str:
    """Return a value of the comment line; text with spaces, quotes or equals signs is quoted."""
    value = plain(value)
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, np.ndarray):
        return '"{}"'.format(" ".join(_text(x) for x in value.ravel().tolist()))
    text = re.sub(r"\s", " ", str(value)).replace("\\", "/")  # which readers take for more than itself
    if text and not any(character in text for character in " \t\"'=,[]{}()"):
        return text
    return '"{}"'.format(text.replace('"', "'"))
