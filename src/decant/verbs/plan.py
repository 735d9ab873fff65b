"""Speed, memory and cost of a large run before it is started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from decant.foundation.errors import InputError
from decant.foundation.machine import available_cores
from decant.foundation.shown import Shown
from decant.foundation.units import parse_length
from decant.planning import device_forecast
from decant.planning.cards import card
from decant.planning.device_forecast import DeviceForecast
from decant.planning.measurements import from_bench, from_run, measure
from decant.planning.plan import Forecast, Job, as_text, require_sensible
from decant.planning.plan import plan as planned
from decant.potentials.potential import Potential
from decant.verbs.arguments import Location, Locations, checked, paths


@dataclass(frozen=True, repr=False)
class Planned(Shown):
    """What a run will take, or a step on a card that is not at hand; `forecast` has the numbers."""

    forecast: Forecast | DeviceForecast

    def as_mapping(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return self.forecast.as_mapping()

    def text(self) -> str:
        """Return what `decant plan` prints."""
        if isinstance(self.forecast, DeviceForecast):
            return device_forecast.as_text(self.forecast)
        return as_text(self.forecast)


@checked()
def plan(
    potential: Location | Potential,
    *,
    atoms: float | None = None,
    length: str | None = None,
    gpu: str | None = None,
    cores: int | None = None,
    gpus: int = 0,
    threads: int = 1,
    timestep: float = 0.5,
    bench: Locations | None = None,
    run: Locations | None = None,
    liquid: str = "EC:4,EMC:8",
) -> Planned:
    """Say what a large run will take: ns/day, wall time, core-hours or GPU-hours, memory of a rank.

    Parameters
    ----------
    potential
        Potential, or its folder.
    atoms, length
        Of the run; the length with a unit.
    gpu
        A card that is not at hand: a100, h100 or h200. No run is planned then, a step of MACE is counted.
    cores, gpus, threads
        CPU cores in all, those of this machine by default, or GPUs instead, and OpenMP threads of each rank.
    timestep
        fs.
    bench, run
        Outputs of `bench`, and run directories, to take speeds from; without any they are measured here.
    liquid
        What to measure here.

    Raises
    ------
    InputError
        If the job makes no sense, or nothing fitting was measured.
    """
    opened = potential if isinstance(potential, Potential) else Potential.open(Path(potential))
    if gpu is not None:
        return Planned(device_forecast.forecast_device(opened, card(gpu), round(atoms or 20_000)))
    if atoms is None or length is None:
        raise InputError("`atoms` and `length` of the run are needed, or `gpu`")
    usable = threads if opened.in_python else available_cores()
    job = Job(round(atoms), parse_length(length), timestep, cores or usable, threads, gpus)
    require_sensible(opened, job)
    points = [point for path in paths(bench) for point in from_bench(path, opened)]
    points += [from_run(path, opened) for path in paths(run)]
    if not points and not gpus:  # GPUs are measured on a machine with such
        points = measure(opened, threads, liquid)
    return Planned(planned(opened, job, points))
