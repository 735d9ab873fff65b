"""The deviation of a committee of models, as `pair_style mace` and `pair_style deepmd` write it during a run."""

from __future__ import annotations

from pathlib import Path
from statistics import mode

import numpy as np

from decant.foundation.errors import InputError
from decant.foundation.files import require_file
from decant.lammps.log import kept_rows

COLUMNS = ("max_devi_v", "min_devi_v", "avg_devi_v", "max_devi_f", "min_devi_f", "avg_devi_f")
"""What every file holds after the step: deviations of the virial per atom (eV) and of the forces (eV/A)."""
ENERGY = "devi_e"
ATOMS = "atm_devi_f(N)"
"""Head of the last columns, one for each atom in the order of their ids."""


def read_model_deviation(path: Path) -> dict[str, np.ndarray]:
    """Read the ``out_file`` of a committee of ``pair_style mace`` or ``pair_style deepmd``.

    The deviation of a vector or a number is its standard deviation over the members of the committee: see
    `DeePMD-kit's page on model deviation <https://docs.deepmodeling.com/projects/deepmd/>`_.

    Parameters
    ----------
    path
        The file. A last line without its end of line was cut off by a kill and is left out. Where LAMMPS went back in
        steps (at the join of two ``run`` commands, or after a restart) the later row counts.

    Returns
    -------
    dict of str to numpy.ndarray
        ``step``, integers of shape (rows,); ``max_devi_v``, ``min_devi_v`` and ``avg_devi_v`` over the components of
        the virial divided by the number of atoms, eV; ``max_devi_f``, ``min_devi_f`` and ``avg_devi_f`` over the
        atoms, eV/A; each of shape (rows,). Where the file has them, also ``devi_e``, of the energy divided by the
        number of atoms, eV, shape (rows,), and ``atm_devi_f``, of each atom, eV/A, shape (rows, atoms). Deviations
        that were written with ``relative`` or ``relative_v`` have no unit.

    Raises
    ------
    InputError
        If the file is missing or is not whole: the message names the line.
    """
    require_file(path, "model deviations of pair_style mace or deepmd")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
    names = _columns(path, lines[0] if lines else "")
    rows = [_row(path, number, line) for number, line in enumerate(lines[1:], 2)]
    return _arrays(path, names, rows)


def cut_last_line(path: Path) -> None:
    """Remove a last line that a kill cut off, before a continued run writes behind it."""
    content = path.read_bytes() if path.is_file() else b"\n"
    if not content.endswith(b"\n"):
        with path.open("ab") as stream:
            stream.truncate(content.rfind(b"\n") + 1)


def _columns(path: Path, header: str) -> list[str]:
    """Return the names of the columns after the step."""
    names = header.removeprefix("#").split()
    known = ["step", *COLUMNS, *(name for name in (ENERGY, ATOMS) if name in names)]
    if not header.startswith("#") or names != known:
        raise InputError(
            f"{path}, line 1: not the head of a file of model deviations; expected '# step {' '.join(COLUMNS)}', "
            f"found '{header.strip()[:80]}'"
        )
    return names[1:]


def _row(path: Path, number: int, line: str) -> list[float]:
    """Return the step and the deviations of one line."""
    try:
        step, *deviations = line.split()
        return [int(step), *map(float, deviations)]
    except ValueError as error:
        raise InputError(
            f"{path}, line {number}: expected a step and deviations, found '{line.strip()[:80]}'; the file is damaged"
        ) from error


def _arrays(path: Path, names: list[str], rows: list[list[float]]) -> dict[str, np.ndarray]:
    """Return the columns by name; all rows must have the same number of them."""
    single = [name for name in names if name != ATOMS]
    least = 1 + len(names)
    width = max(mode(map(len, rows)), least) if rows and ATOMS in names else least
    for number, row in enumerate(rows, 2):
        if len(row) != width:
            raise InputError(f"{path}, line {number}: expected {width} numbers, found {len(row)}; the file is damaged")
    table = np.array(rows, dtype=float).reshape(len(rows), width)
    table = table[kept_rows(table[:, 0])]
    arrays = {"step": table[:, 0].astype(int)}
    arrays.update((name, table[:, column]) for column, name in enumerate(single, 1))
    if ATOMS in names:
        arrays["atm_devi_f"] = table[:, 1 + len(single) :]
    return arrays
