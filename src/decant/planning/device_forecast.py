"""What a MACE would take on a card that is not at hand, from counted bytes and operations and the card's peak rates."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from decant.foundation.errors import InputError
from decant.foundation.tables import format_table
from decant.planning.cards import Card
from decant.planning.kernels import Kernel, count_kernels, read_shape
from decant.planning.plan import SKIN_A
from decant.potentials.potential import Potential

DENSITY_A3 = 0.0813
"""Atoms in a cubic angstrom of EC:4,EMC:8 at 1.0 g/cm3, what `decant bench` packs."""
OF_PEAK = 1 / 3
"""Assumed least share of the peak rates that kernels reach."""
LAUNCH_S, LAUNCHES, LAUNCHES_OF_LAYER = 5e-6, 20, 16
"""Assumed time to start a kernel or a copy and to wait for it; how many there are in a step, and for each layer."""
USABLE = 0.95
"""Share of a card's memory that is left beside the driver and the kernels."""
AIMS_US = {("64x0e", 4.5): 0.12, ("128x0e", 5.0): 0.35, ("128x0e+128x1o", 6.0): 1.5}
"""Aims for models A, B and C of docs/gpu.md, by features and cutoff: us/atom/step of 20000 atoms on an H100, single."""
AIM_kB_ATOM, AIM_B_EDGE = 10.0, 100.0
"""Aims of memory: of an atom, and of each of its neighbors."""


@dataclass(frozen=True)
class DeviceForecast:
    """What a step takes on a card. Pairs are the low and the high end of a range.

    Attributes
    ----------
    card
        The card.
    precision
        Of the arithmetic.
    atoms
        Of the run, on this one card.
    neighbors
        Of an atom, within the cutoff.
    us_per_atom
        Of each kernel at the card's peak rates, with what it moves and computes.
    us_per_atom_step
        Of all of them, with the time to start them: at the peak rates, and at a third of them.
    memory_kB
        Of an atom, where the card is full.
    aim_us, aim_memory_kB
        What is aimed at: None where there is no aim for such a model; of an atom with its neighbors.
    atoms_that_fit
        In the card's memory.
    """

    card: Card
    precision: str
    atoms: int
    neighbors: float
    kernels: list[Kernel]
    us_per_atom: list[float]
    us_per_atom_step: tuple[float, float]
    memory_kB: float
    aim_us: float | None
    aim_memory_kB: float
    atoms_that_fit: int

    def as_mapping(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self)


def forecast_device(potential: Potential, card: Card, atoms: int) -> DeviceForecast:
    """Return what a step of a MACE takes on one card.

    Raises
    ------
    InputError
        If the potential is no MACE, or one that only the CPU computes.
    """
    if potential.algorithm != "mace":
        raise InputError(f"`gpu`: kernels of MACE are counted, and this is a potential of {potential.algorithm}")
    model = potential.path / "model.safetensors"
    shape = read_shape(model)
    neighbors, listed = (DENSITY_A3 * 4.0 / 3.0 * math.pi * r**3 for r in (shape.cutoff, shape.cutoff + SKIN_A))
    kernels = count_kernels(shape, 4 if potential.precision == "single" else 8, neighbors, listed)
    peak = [1e6 * seconds(kernel, card, potential.precision) for kernel in kernels]
    started = 1e6 * LAUNCH_S * (LAUNCHES + LAUNCHES_OF_LAYER * len(shape.layers)) / atoms
    hidden = str((potential.card.get("architecture") or {}).get("hidden_irreps", "")).replace(" ", "")
    fit = _atoms_that_fit(potential, USABLE * 1e9 * card.memory_GB, listed, shape.cutoff)
    aimed = card.title.startswith("NVIDIA H100") and potential.precision == "single"
    return DeviceForecast(
        card=card,
        precision=potential.precision,
        atoms=atoms,
        neighbors=neighbors,
        kernels=kernels,
        us_per_atom=peak,
        us_per_atom_step=(sum(peak) + started, sum(peak) / OF_PEAK + started),
        memory_kB=1e6 * USABLE * card.memory_GB / fit,
        aim_us=AIMS_US.get((hidden, shape.cutoff)) if aimed else None,
        aim_memory_kB=AIM_kB_ATOM + 1e-3 * AIM_B_EDGE * neighbors,
        atoms_that_fit=fit,
    )


def seconds(kernel: Kernel, card: Card, precision: str) -> float:
    """Return the seconds of a kernel for one atom where the slowest of memory, cache and arithmetic is at its peak."""
    return max(
        kernel.memory / (1e12 * card.memory_TB_s),
        kernel.cache / (1e12 * card.cache_TB_s),
        kernel.operations / card.flop_s(precision),
    )


def memory(potential: Potential, atoms: float, listed: float, cutoff: float) -> float:
    """Return the bytes that atoms of a liquid take on one card: in a cube, whose images LAMMPS keeps as ghosts.

    Parameters
    ----------
    potential
        A MACE.
    atoms
        How many.
    listed
        Neighbors of an atom in the lists.
    cutoff
        Angstrom.
    """
    from decant.algorithms.mace.compiled import device_memory

    edge = math.cbrt(atoms / DENSITY_A3)
    sites = DENSITY_A3 * (edge + 2.0 * (cutoff + SKIN_A)) ** 3
    model = str(potential.path / "model.safetensors")
    return float(device_memory(model, potential.precision, atoms, atoms, atoms * listed, sites))


def _atoms_that_fit(potential: Potential, room: float, listed: float, cutoff: float) -> int:
    """Return how many atoms take so many bytes, to two digits; images take a smaller share the more atoms there are."""
    atoms = 1e6
    for _ in range(5):
        atoms *= room / memory(potential, atoms, listed, cutoff)
    step = 10 ** (math.floor(math.log10(atoms)) - 1)
    return int(atoms // step) * step


def as_text(forecast: DeviceForecast) -> str:
    """Return a forecast as text for a terminal."""
    card, (low, high) = forecast.card, forecast.us_per_atom_step
    rows = [["kernel and layer", "kB memory", "kB cache", "kflop", "ns at peak"]]
    for kernel, us in zip(forecast.kernels, forecast.us_per_atom, strict=True):
        numbers = (kernel.memory / 1e3, kernel.cache / 1e3, kernel.operations / 1e3, 1e3 * us)
        rows.append([kernel.name, *(f"{number:.3g}" for number in numbers)])
    aim = "" if forecast.aim_us is None else f" (aim at 20,000 atoms: {forecast.aim_us:g})"
    return "\n".join(
        [
            f"{card.title}: {card.memory_GB:g} GB at {card.memory_TB_s:g} TB/s, cache {card.cache_TB_s:g} TB/s,"
            f" {card.single_Tflop_s:g} and {card.double_Tflop_s:g} Tflop/s in single and double precision",
            f"{forecast.precision} precision, {forecast.neighbors:.0f} neighbors of an atom; for each atom:",
            format_table(rows),
            f"{forecast.atoms:,} atoms: {low:.2g} to {high:.2g} us/atom/step{aim},"
            f" {1e-3 * low * forecast.atoms:.3g} to {1e-3 * high * forecast.atoms:.3g} ms/step",
            f"memory  {forecast.memory_kB:.3g} kB an atom of a full card (aim: {forecast.aim_memory_kB:.3g});"
            f" about {forecast.atoms_that_fit:,} atoms fit",
            f"counted:  bytes and operations of the kernels' text; {card.source}",
            f"assumed:  between a third of the peak rates and all of them; {LAUNCH_S * 1e6:g} us to start a kernel;"
            f" {DENSITY_A3} atoms in a cubic angstrom; rows of neighbors lie in the cache",
            "not yet held against a card",
        ]
    )
