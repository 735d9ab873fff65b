"""RDF and diffusion of a run without a trajectory, from what LAMMPS measured while it ran."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np

from decant.analysis.diffusion import FIT_WINDOW, LEAST_LAGS, Diffusion, yeh_hummer
from decant.analysis.rdf import Rdf
from decant.foundation.errors import InputError
from decant.foundation.units import A2_PS_TO_1E5_CM2_S
from decant.lammps.observe import read_blocks, read_rows
from decant.simulation.description import RunDescription

KIND = "elements, within and between molecules"
DIRECTIONS = 3
NOTE = "from one time origin, the start of the production; the uncertainty is that of the three directions"
BAROSTAT = "the barostat's scaling of the box is in it: run nvt for diffusion"


def element_rdfs(files: Sequence[Path], elements: Sequence[str], from_step: int = 0) -> list[Rdf]:
    """Return the distributions between elements that LAMMPS measured.

    Pairs within molecules count too, other than in those of `decant.analysis.rdf`, since LAMMPS cannot tell them apart.

    Parameters
    ----------
    files
        Segments of ``rdf.K.dat``, oldest first.
    elements
        Elements of the liquid in the order of their LAMMPS types.
    from_step
        Leave out blocks that end before this time step; if that leaves none, the last block counts.

    Raises
    ------
    InputError
        If there is no whole block.
    """
    steps, blocks = read_blocks(files)
    mean = blocks[steps >= min(from_step, steps[-1])].mean(axis=0)
    pairs = combinations_with_replacement(elements, 2)
    return [
        Rdf(f"{one}-{two}", KIND, mean[:, 0], mean[:, 1 + 2 * number], None, mean[:, 2 + 2 * number])
        for number, (one, two) in enumerate(pairs)
    ]


def species_diffusion(
    files: Sequence[Path],
    description: RunDescription,
    volume: float | None = None,
    viscosity_mPa_s: float | None = None,
) -> list[Diffusion]:
    """Return the self-diffusion of each species from the displacements that LAMMPS measured.

    Parameters
    ----------
    files
        Segments of ``msd.K.dat``, oldest first.
    description
        Of the run.
    volume
        Of the box, angstrom^3, for the Yeh-Hummer correction; None leaves it out.
    viscosity_mPa_s
        mPa s; None gives the correction for 1 mPa s only.

    Raises
    ------
    InputError
        If there are too few rows.
    """
    table = read_rows(files)
    lag = description.time_ps(table[:, 0])
    inside = (lag > 0) & (lag >= FIT_WINDOW[0] * lag[-1] - 1e-9) & (lag <= FIT_WINDOW[1] * lag[-1] + 1e-9)
    if inside.sum() < LEAST_LAGS:
        raise InputError(f"{len(lag)} times leave {inside.sum()} to fit, at least {LEAST_LAGS} are needed")
    correction = yeh_hummer(description.temperature_K, float(np.cbrt(volume)), 1.0) if volume else None
    result = []
    for number, (name, count) in enumerate(description.species):
        directions = table[:, 1 + DIRECTIONS * number :][:, :DIRECTIONS]
        msd = directions.sum(axis=1)
        each = np.polyfit(lag[inside], directions[inside], 1)[0] / 2.0 * A2_PS_TO_1E5_CM2_S
        moved = np.maximum(msd[inside], 1e-300)
        result.append(
            Diffusion(
                species=name,
                molecules=count,
                lag_ps=lag,
                msd_A2=msd,
                window_ps=(float(lag[inside][0]), float(lag[inside][-1])),
                value=float(each.mean()),
                uncertainty=float(each.std(ddof=1) / np.sqrt(DIRECTIONS)),
                slope=float(np.polyfit(np.log(lag[inside]), np.log(moved), 1)[0]),
                correction_at_1_mPa_s=correction,
                viscosity_mPa_s=viscosity_mPa_s,
            )
        )
    return result
