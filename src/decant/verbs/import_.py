"""Labelled frames of any origin in the house form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms

from decant.data.frames import write_frames
from decant.data.import_ import ImportResult, Reject, import_frames, write_rejects
from decant.data.keys import LabelKeys
from decant.data.label_units import LabelUnits
from decant.data.limits import Limits
from decant.foundation.files import output_file
from decant.foundation.shown import Shown
from decant.verbs.arguments import Location, checked


@dataclass(frozen=True, repr=False)
class Imported(Shown):
    """Frames that were imported.

    Attributes
    ----------
    path
        The file.
    result
        The usable frames, what was left out, and what the source holds.
    """

    path: Path
    result: ImportResult

    @property
    def frames(self) -> list[Atoms]:
        """The usable frames."""
        return self.result.frames

    @property
    def rejects(self) -> Path:
        """CSV file with what was left out, and why."""
        return Path(f"{self.path}.rejects.csv")

    def text(self) -> str:
        """Return what `decant import` prints."""
        left_out = self.result.rejects
        lines = [*report_lines(self.result.report), f"left out: {len(left_out)} frames ({self.rejects})"]
        return "\n".join([*lines, *reject_lines(left_out), f"written: {self.path}"])


@checked()
def import_(
    source: Location,
    output: Location,
    *,
    energy_key: str = "",
    forces_key: str = "",
    virial_key: str = "",
    stress_key: str = "",
    force_limit: float = 50.0,
    pressure_limit: float = 50.0,
    energy_limit: float = 5.0,
    energy_unit: str = "",
    forces_unit: str = "",
    virial_unit: str = "",
    stress_unit: str = "",
    length_unit: str = "",
    forces_sign: int = 0,
    stress_sign: int = 0,
    virial_sign: int = 0,
    bond_scale: float = 1.2,
    keep_broken: bool = False,
    keep_charges: bool = False,
) -> Imported:
    """Read labelled frames of any origin, map keys and units, leave out what is not usable and say why.

    Parameters
    ----------
    source, output
        Extended XYZ, a DeePMD folder or HDF5 file, an ASE database, a VASP or CP2K output; and the file to write.
    energy_key, forces_key, virial_key, stress_key
        Names in the source; found by themselves if empty.
    force_limit, pressure_limit, energy_limit
        Frames beyond are left out: eV/angstrom, GPa either way, eV per atom off the others.
    energy_unit, forces_unit, virial_unit, stress_unit, length_unit
        Units that are not eV, eV/Ang, eV, eV/Ang^3, Ang.
    forces_sign, stress_sign, virial_sign
        -1 where the source has the other sign than ASE, of virials than -stress * volume.
    bond_scale
        Longest bond, in sums of covalent radii.
    keep_broken, keep_charges
        Whether frames are kept whose molecules have reacted, and whose charge is not that of their molecules.

    Raises
    ------
    InputError
        If the source cannot be read, or its labels contradict each other or the units.
    """
    output_file(output, [source])
    result = import_frames(
        Path(source), LabelKeys(energy_key, forces_key, virial_key, stress_key),
        Limits(force_limit, pressure_limit, energy_limit), bond_scale, keep_broken, keep_charges,
        units=LabelUnits(
            energy_unit, forces_unit, virial_unit, stress_unit, length_unit, forces_sign, stress_sign, virial_sign
        ),
    )  # fmt: skip
    done = Imported(Path(output), result)
    write_frames(done.path, result.frames)
    write_rejects(done.rejects, result.rejects)
    return done


def reject_lines(rejects: Sequence[Reject]) -> list[str]:
    """Return the first of the frames left out, a line each; those left out for one and the same reason share a line."""
    alike: dict[str, list[Reject]] = {}
    for reject in rejects:
        alike.setdefault(reject.reason, []).append(reject)
    lines = []
    for reason, group in list(alike.items())[:10]:
        first = group[0]
        place = f"frame {first.index}" + ("" if first.line is None else f" (line {first.line})")
        others = "" if len(group) == 1 else f" and {len(group) - 1} more"
        lines.append(f"  {place}{others}: {reason}")
    return lines


def report_lines(report: Mapping[str, object]) -> list[str]:
    """Return the report of an import as aligned lines."""
    lines = []
    for key, value in report.items():
        if isinstance(value, dict):
            shown = ", ".join(f"{name} {_short(item)}" for name, item in list(value.items())[:8]) or "none"
            text = shown + (f", ... ({len(value)} in all)" if len(value) > 8 else "")
        elif isinstance(value, list):
            text = " ".join(map(str, value)) if isinstance(value[0], str) else " to ".join(map(_short, value))
        else:
            text = "unknown" if value is None else _short(value)
        lines.append(f"{key + ':':24s} {text}")
    return lines


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
