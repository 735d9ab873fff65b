"""What LAMMPS says of a run's time and memory: loop time, sections, kernels of `pair_style mace`, peak memory."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from decant.foundation.files import require_file

TIMERS = "DECANT_TIMERS"
"""Environment variable that turns on the timers of `pair_style mace`, when it is set to anything."""

_LOOP = re.compile(r"Loop time of (\S+) on (\d+) procs for (\d+) steps with (\d+) atoms")
_KERNEL = re.compile(r"  (\w+) +(\d+) (\d+\.\d+)$")
_KERNELS_FOLLOW = "pair_style mace timers"
_PEAK = re.compile(r"Maximum resident set size: (\S+) Mbyte")
_LAYERLESS = ("edge_list", "forces")


@dataclass(frozen=True)
class Timing:
    """Time and memory of the last ``run`` of a log.

    Attributes
    ----------
    loop_s
        Wall time of its steps, without the setup before them.
    steps, atoms, ranks
        Numbers of them.
    sections
        Seconds of each section of LAMMPS's own breakdown (Pair, Neigh, Comm, ...), the mean over ranks.
    kernels
        Seconds of each kernel of `pair_style mace`, summed over threads, the mean over ranks; empty unless its
        timers were on. Names are those of src/mace/timers.h, with the number of the layer from 1.
    peak_MB
        Highest resident memory of rank 0 at each ``info memory``, in MB of 10^6 bytes, from the start of the process
        to there.
    others_busy_cores
        Cores that other processes kept busy meanwhile; None if it was not measured.
    """

    loop_s: float
    steps: int
    atoms: int
    ranks: int
    sections: dict[str, float] = field(default_factory=dict)
    kernels: dict[str, float] = field(default_factory=dict)
    peak_MB: tuple[float, ...] = ()
    others_busy_cores: float | None = None

    @property
    def katom_step_per_s(self) -> float:
        """Thousands of atoms times steps in a second."""
        return self.atoms * self.steps / self.loop_s / 1000.0


def read_timing(path: Path) -> Timing | None:
    """Return the timing of the last ``run`` in a LAMMPS log, or None if no run came to its end."""
    require_file(path, "a LAMMPS log")
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    loops = list(_LOOP.finditer(text))
    if not loops:
        return None
    seconds, ranks, steps, atoms = loops[-1].groups()
    last = text[loops[-1].end() :]
    kernels = last.partition(_KERNELS_FOLLOW)[2].splitlines()[1:]
    sections = last.partition("task timing breakdown")[2].partition("\n\n")[0].splitlines()[3:]
    return Timing(
        loop_s=float(seconds),
        steps=int(steps),
        atoms=int(atoms),
        ranks=int(ranks),
        sections={name.strip(): float(mean) for name, _, mean, *_ in (line.split("|") for line in sections)},
        kernels=_kernels(kernels),
        # LAMMPS's Mbyte is 2^20 bytes
        peak_MB=tuple(float(match[1]) * 1.048576 for match in _PEAK.finditer(text)),
    )


def _kernels(lines: list[str]) -> dict[str, float]:
    """Return the seconds of each kernel from the lines below the heading, which end at the first of another kind."""
    found = {}
    for line in lines:
        match = _KERNEL.match(line)
        if not match:
            break
        found[match[1] if match[1] in _LAYERLESS else f"{match[1]} {match[2]}"] = float(match[3])
    return found
