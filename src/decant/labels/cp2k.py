"""CP2K as a reference method, from a readable template and by any command line.

A template is a CP2K input of &FORCE_EVAL alone. Beside it decant writes what differs between frames, and reads forces,
energy and stress from the files that CP2K writes for other programs, not from its log.
"""

from __future__ import annotations

import importlib.resources
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.units import Bohr, Hartree, bar

from decant.data.charges import ground_multiplicity
from decant.data.prediction import Prediction
from decant.foundation.errors import InputError
from decant.foundation.files import require_file
from decant.labels.base import LabelError, check_settings, require_known_periodicity
from decant.labels.charges import state_for

TEMPLATES = {"pbe-d3": ("gga-d3", {"FUNCTIONAL": "PBE"}), "blyp-d3": ("gga-d3", {"FUNCTIONAL": "BLYP"})}
"""Methods that come with the package: the template and the names set in it."""
COMMAND = "DECANT_CP2K"
"""Environment variable with the command line, ``cp2k`` without it."""
_SET = re.compile(r"^[ \t]*@SET[ \t]+(\w+)[ \t]+(.*?)[ \t]*$", re.MULTILINE)
# left to the launcher of CP2K, which must not take itself for a rank of the mpirun that started decant
_MPI = re.compile(r"(PMI|PMIX|OMPI|HYDI|HYDRA|MPIR|PRTE)_")
_RUN = """\
@SET CHARGE {charge}
@SET MULTIPLICITY {multiplicity}
@SET UKS {uks}
@SET PERIODIC {periodic}
@SET PSOLVER {solver}
&GLOBAL
  PROJECT label
  RUN_TYPE MD
&END GLOBAL
@INCLUDE 'template.inp'
# no step: what is written for the start is the label
&MOTION
  &MD
    STEPS 0
  &END MD
  &PRINT
    &FORCES
    &END FORCES
    &STRESS
    &END STRESS
  &END PRINT
&END MOTION
"""


@dataclass(frozen=True)
class CP2K:
    """CP2K with a template. Frames without periodicity are put in the middle of a cube, with a Poisson solver for it.

    Attributes
    ----------
    name
        ``cp2k:`` and the name of the template.
    template
        Text of the template, with the chosen values in its @SET lines.
    version
        What the program says of itself.
    command
        Command line to which ``-i INPUT -o OUTPUT`` are added.
    changed
        The @SET names whose values were chosen, and the values.
    charge
        Charge of frames that tell none, e; isolated atoms are neutral.
    multiplicity
        Spin multiplicity of frames that tell none; isolated atoms have that of their ground state.
    vacuum
        Least distance from an atom to the faces of the cube, angstrom.
    """

    name: str
    template: str
    version: str
    command: str = "cp2k"
    changed: tuple[tuple[str, str], ...] = ()
    charge: int | None = None
    multiplicity: int | None = None
    vacuum: float = 4.0

    @property
    def settings(self) -> dict[str, Any]:
        """The template by its hash, and what was chosen; the command line does not decide the numbers.

        Charge and multiplicity are those of frames that tell none.
        """
        return {
            "template": sha256(self.template.encode()).hexdigest()[:12], **dict(self.changed),
            "charge": self.charge or 0, "multiplicity": self.multiplicity or 1, "vacuum": self.vacuum,
        }  # fmt: skip

    def label(self, atoms: Atoms) -> Prediction:
        """Return energy, forces and, in a fully periodic cell, virial of a configuration."""
        require_known_periodicity(self, atoms)
        with tempfile.TemporaryDirectory(prefix="decant-cp2k-") as name:
            directory = Path(name)
            self._write(directory, atoms)
            self._run(directory)
            return _read(directory, atoms)

    def _write(self, directory: Path, atoms: Atoms) -> None:
        unpaired = None if self.multiplicity is None else self.multiplicity - 1
        state = state_for(atoms, self.charge, unpaired)
        charge, multiplicity = state or (0, ground_multiplicity(int(atoms.numbers[0])))
        periodic = bool(atoms.pbc.all())
        values = {
            "charge": charge,
            "multiplicity": multiplicity,
            "uks": "T" if multiplicity > 1 else "F",
            "periodic": "XYZ" if periodic else "NONE",
            "solver": "PERIODIC" if periodic else "WAVELET",
        }
        (directory / "label.inp").write_text(_RUN.format(**values), encoding="utf-8")
        (directory / "template.inp").write_text(self.template, encoding="utf-8")
        (directory / "frame.inp").write_text(_frame(atoms, self.vacuum), encoding="utf-8")

    def _run(self, directory: Path) -> None:
        environment = {key: value for key, value in os.environ.items() if not _MPI.match(key)}
        run = subprocess.run(
            [*shlex.split(self.command), "-i", "label.inp", "-o", "label.out"], cwd=directory, env=environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
        log = directory / "label.out"
        text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
        if "SCF run NOT converged" in text or re.search(r"did not converge|not converged", run.stderr, re.IGNORECASE):
            raise LabelError("the SCF did not converge")
        if run.returncode != 0 or "PROGRAM ENDED" not in text:
            raise LabelError(f"CP2K failed (exit status {run.returncode}): {_reason(text + run.stdout + run.stderr)}")


def _frame(atoms: Atoms, vacuum: float) -> str:
    """Return &CELL and &COORD of a configuration."""
    if atoms.pbc.all():
        cell, positions = atoms.cell.array, atoms.positions
    else:
        edge = float(np.ptp(atoms.positions, axis=0).max()) + 2 * vacuum
        middle = (atoms.positions.max(axis=0) + atoms.positions.min(axis=0)) / 2
        cell, positions = edge * np.eye(3), atoms.positions - middle + edge / 2
    rows = [f"  {axis} {x:.12f} {y:.12f} {z:.12f}" for axis, (x, y, z) in zip("ABC", cell, strict=True)]
    symbols = atoms.get_chemical_symbols()
    places = [f"  {symbol} {x:.12f} {y:.12f} {z:.12f}" for symbol, (x, y, z) in zip(symbols, positions, strict=True)]
    periodic = "XYZ" if atoms.pbc.all() else "NONE"
    return "\n".join(["&CELL", *rows, f"  PERIODIC {periodic}", "&END CELL", "&COORD", *places, "&END COORD", ""])


def _read(directory: Path, atoms: Atoms) -> Prediction:
    """Read the files of CP2K: forces as XYZ in Hartree/Bohr with the energy in Hartree, stress in bar."""
    path = directory / "label-frc-1.xyz"
    if not path.is_file():
        raise LabelError("CP2K ended without writing forces; does the template print them elsewhere?")
    lines = path.read_text(encoding="utf-8").splitlines()
    try:
        energy = float(lines[1].rpartition("E =")[2]) * Hartree
        table = [line.split()[1:4] for line in lines[2 : 2 + len(atoms)]]
        forces = np.array(table, dtype=float).reshape(len(atoms), 3) * (Hartree / Bohr)
        virial = None
        if atoms.pbc.all():
            last = (directory / "label-1.stress").read_text(encoding="utf-8").splitlines()[-1].split()
            # CP2K's stress has the sign of a pressure, as the house virial has
            virial = np.array(last[2:11], dtype=float).reshape(3, 3) * bar * atoms.get_volume()
    except (OSError, ValueError, IndexError) as error:
        raise LabelError(f"CP2K's files cannot be read: {error}") from error
    if not np.isfinite(energy) or not np.isfinite(forces).all():
        raise LabelError("energy or forces are not finite")
    return Prediction(energy, forces, virial)


def _reason(text: str) -> str:
    """Return what CP2K put into its box of asterisks, or its last words."""
    boxed = [line.strip(" *|\\/_-") for line in text.splitlines() if re.match(r"\s*\*.*\*\s*$", line)]
    words = [line for line in boxed if re.search(r"[a-z]{3}", line) and not re.search(r"PROGRAM|___", line)]
    said = words or [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(" ".join(said[-4:]).split())[-300:] or "it said nothing"


def cp2k_method(name: str, settings: Mapping[str, Any]) -> CP2K:
    """Return CP2K with a template of the package or of a file.

    Raises
    ------
    InputError
        If there is no such template, a setting is unknown, or CP2K is not installed.
    """
    method = f"cp2k:{Path(name).name}"
    values = {key: str(value) for key, value in settings.items()}
    own = {key: _whole(method, key, values.pop(key)) for key in ("charge", "multiplicity") if key in values}
    vacuum = _number(method, "vacuum", values.pop("vacuum", "4"))
    if vacuum <= 0 or own.get("multiplicity", 1) < 1:
        raise InputError(f"method '{method}': vacuum and multiplicity must be positive")
    text, chosen = _template(name)
    changeable = {key for key, _ in _SET.findall(text)} - set(chosen)
    check_settings(method, values, [*sorted(changeable), "charge", "multiplicity", "vacuum"])
    text = _SET.sub(lambda line: f"@SET {line[1]} {({**chosen, **values}).get(line[1], line[2])}", text)
    command = os.environ.get(COMMAND) or "cp2k"
    changed = tuple(sorted(values.items()))
    return CP2K(method, text, _version(method, command), command, changed, vacuum=vacuum, **own)


def _number(method: str, key: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise InputError(f"method '{method}': {key} '{value}': expected a number") from error


def _whole(method: str, key: str, value: str) -> int:
    number = _number(method, key, value)
    if number % 1:
        raise InputError(f"method '{method}': {key} {value}: expected a whole number")
    return int(number)


def _template(name: str) -> tuple[str, dict[str, str]]:
    if name in TEMPLATES:
        file, chosen = TEMPLATES[name]
        return importlib.resources.files("decant").joinpath(f"labels/cp2k_templates/{file}.inp").read_text(), chosen
    path = require_file(Path(name), f"a CP2K template, or one of {', '.join(TEMPLATES)}")
    text = path.read_text(encoding="utf-8")
    if "&FORCE_EVAL" not in text.upper() or "frame.inp" not in text:
        raise InputError(f"{path}: expected a CP2K input with &FORCE_EVAL, and @INCLUDE 'frame.inp' in its &SUBSYS")
    return text, {}


def _version(method: str, command: str) -> str:
    """Return what the program says of itself; it also shows that the program runs."""
    words = shlex.split(command)
    if not words or not shutil.which(words[0]):
        raise InputError(
            f"method '{method}': no program '{words[0] if words else ''}'; install CP2K (apt-get install cp2k, or "
            f"conda install -c conda-forge cp2k), or give its command line in {COMMAND}"
        )
    run = subprocess.run([*words, "--version"], capture_output=True, text=True, errors="replace", check=False)
    found = re.search(r"CP2K version\s+(\S+)", run.stdout)
    if not found:
        said = _reason(run.stderr + run.stdout)
        raise InputError(f"method '{method}': '{command} --version' does not answer as CP2K does: {said}")
    return f"CP2K {found[1]}"
