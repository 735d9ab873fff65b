"""How time and memory of a LAMMPS run grow with atoms and ranks; docs/plan.md has the formulas.

A rank owns n atoms in a cube of the liquid and sees g(n) ghost atoms in the shell of one reach (cutoff and skin) around
it. A step takes the work on own atoms and on ghosts, fitted to measurements, and, once ranks sit on several machines,
the network, which is assumed. Whatever is assumed has two values, so that every answer is a range.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SWAPS = 6
"""Messages of one exchange of ghosts, two for each direction (LAMMPS's brick decomposition)."""
COLLECTIVES = 4
"""Sums over all ranks in a step of a thermostat and barostat: temperature and pressure, twice."""


@dataclass(frozen=True)
class Network:
    """What is assumed of the machine beyond what was measured, at one end of the range.

    Attributes
    ----------
    latency_s
        Of one message.
    bytes_per_s
        Share of a rank in what its node sends.
    full_load
        Slowdown of a core when those beside it, which rested in the measurement, work too.
    imbalance
        Standard deviations, in units of Poisson's, with which own atoms scatter over ranks.
    """

    latency_s: float
    bytes_per_s: float
    full_load: float
    imbalance: float


# 200 Gbit/s InfiniBand and 10 Gbit/s Ethernet, with their usual MPI latencies, shared by 128 cores or 4 GPUs of a node;
# atoms of a liquid scatter less than those of an ideal gas (Poisson)
CPU = (Network(1.5e-6, 25e9 / 128, 1.0, 0.0), Network(20e-6, 1.25e9 / 128, 1.5, 1.0))
GPU = (Network(1.5e-6, 25e9 / 4, 1.0, 0.0), Network(20e-6, 1.25e9 / 4, 1.0, 1.0))


@dataclass(frozen=True)
class Liquid:
    """What of the potential and the liquid decides on ghosts and messages.

    Attributes
    ----------
    density_A3
        Atoms in a cubic angstrom.
    reach_A
        Distance up to which ghosts are kept: cutoff and skin.
    layers
        Layers of message passing; 1 for a potential without.
    features
        Numbers that each atom passes on from layer to layer.
    """

    density_A3: float
    reach_A: float
    layers: int = 1
    features: int = 0

    def edge_A(self, own: float) -> float:
        """Return the edge of the cube that holds `own` atoms, angstrom."""
        return math.cbrt(own / self.density_A3)

    def ghosts(self, own: float) -> float:
        """Return the ghost atoms of a rank with `own` atoms."""
        return self.density_A3 * (self.edge_A(own) + 2.0 * self.reach_A) ** 3 - own

    @property
    def exchanges(self) -> int:
        """Exchanges of ghosts in a step: positions out and forces back, features out and their adjoints back."""
        return 2 * self.layers

    @property
    def bytes_per_ghost(self) -> float:
        """Bytes that a ghost atom costs the network in a step, in double precision."""
        return 8.0 * 2 * (3 + (self.layers - 1) * self.features)


@dataclass(frozen=True)
class Point:
    """One measurement: own atoms of a rank, and what they took; `value` is in s a step or MB."""

    own: float
    value: float


@dataclass(frozen=True)
class Work:
    """``constant + per_atom * n + per_ghost * g(n)`` of a rank with n atoms."""

    per_atom: float
    per_ghost: float
    constant: float = 0.0

    def __call__(self, own: float, liquid: Liquid) -> float:
        """Return the value at `own` atoms of a rank."""
        return self.constant + self.per_atom * own + self.per_ghost * liquid.ghosts(own)


def fit(points: Sequence[Point], liquid: Liquid, constant: bool = False) -> Work:
    """Fit the work on own and ghost atoms to measurements, by non-negative least squares of relative errors.

    A ghost costs at most what an own atom costs. With one size only, everything is put on the own atoms.

    Parameters
    ----------
    points
        Measurements.
    liquid
        Of the potential.
    constant
        Whether there is a part that does not depend on the atoms, as in memory.
    """
    from scipy.optimize import nnls

    own = np.array([point.own for point in points])
    values = np.array([point.value for point in points])
    sizes = len(np.unique(own))
    if sizes == 1 and not constant:
        return Work(per_atom=float(np.mean(values) / own[0]), per_ghost=0.0)
    # columns n and n + g: a weight of the second is one on own atoms and ghosts alike
    columns = [own, own + np.array([liquid.ghosts(n) for n in own])]
    columns = ([np.ones_like(own)] if constant else []) + columns[: max(1, sizes - constant)]
    weights, _ = nnls(np.stack(columns, axis=1) / values[:, None], np.ones_like(values))
    first = float(weights[0]) if constant else 0.0
    alone, both = (*weights[1 if constant else 0 :], 0.0)[:2]
    return Work(per_atom=float(alone + both), per_ghost=float(both), constant=first)


def imbalance(own: float, ranks: int, deviations: float) -> float:
    """Return how much more atoms the fullest rank has than the mean.

    The largest of R Gaussian numbers lies near sqrt(2 ln R) standard deviations (Cramer, Mathematical Methods of
    Statistics, 1946, section 28.6); that of a Poisson number n is sqrt(n).
    """
    return 1.0 + deviations * math.sqrt(2.0 * math.log(ranks) / own)


def network_s(own: float, ranks: int, liquid: Liquid, network: Network) -> float:
    """Return the seconds that messages of one step take."""
    swaps = SWAPS * math.ceil(liquid.reach_A / liquid.edge_A(own))
    messages = liquid.exchanges * swaps + COLLECTIVES * 2.0 * math.log2(ranks)
    return messages * network.latency_s + liquid.ghosts(own) * liquid.bytes_per_ghost / network.bytes_per_s


def step_s(
    work: Work, atoms: float, ranks: int, liquid: Liquid, network: Network, several_machines: bool, idle: bool
) -> float:
    """Return the seconds of one step.

    Parameters
    ----------
    work
        Fitted to measured seconds.
    atoms, ranks
        Of the run.
    liquid, network
        Of the potential, and what is assumed.
    several_machines
        Whether the ranks need more than the machine of the measurement.
    idle
        Whether cores rested in the measurement that will work in the run.
    """
    own = atoms / ranks
    seconds = work(own, liquid) * imbalance(own, ranks, network.imbalance) * (network.full_load if idle else 1.0)
    return seconds + (network_s(own, ranks, liquid, network) if several_machines else 0.0)
