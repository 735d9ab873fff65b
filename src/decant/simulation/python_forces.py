"""What a run cannot be whose forces an ASE calculator computes in Python."""

from __future__ import annotations

from decant.algorithms.registry import algorithm
from decant.foundation.errors import InputError
from decant.lammps.command import command
from decant.potentials.potential import Potential
from decant.simulation.protocol import Protocol
from decant.simulation.segment import Resources

BAROSTATS = ("npt", "sample_npt")


def require_feasible(potential: Potential, protocol: Protocol, charge: int, resources: Resources) -> None:
    """Refuse what a calculator in Python cannot do; nothing is refused to another potential.

    Parameters
    ----------
    potential
        The potential.
    protocol
        What to simulate.
    charge
        Of the box, e.
    resources
        On what to run it.

    Raises
    ------
    InputError
        If there are several ranks, its code is not trusted, a barostat or viscosity needs a stress that the calculator
        does not give, or the box has another charge than the one that the calculator computes.
    """
    if not potential.in_python:
        return
    command([], resources.ranks, resources.threads, resources.launcher, resources.gpus, potential.plugin)
    path = potential.path
    algorithm(potential.algorithm).require_usable(path)
    if not potential.card.get("virial", True):
        if protocol.ensemble in BAROSTATS:
            raise InputError(
                f"`ensemble` {protocol.ensemble}: the calculator of {path} gives no stress, which a barostat needs;"
                " take nvt or nve"
            )
        if protocol.viscosity:
            raise InputError(f"`viscosity`: the calculator of {path} gives no stress")
    told = (potential.card.get("architecture") or {}).get("charge")
    if told is not None and told != charge:
        raise InputError(
            f"`liquid` {protocol.liquid}: has a charge of {charge} e, and {path} computes {told}; export it with"
            f" `charge` {charge}"
        )
