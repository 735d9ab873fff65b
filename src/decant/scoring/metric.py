"""The formula of a score: how well a value agrees with its reference, and what the parts give together.

``docs/score.md`` explains and defends it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from decant.foundation.errors import InputError, nearest
from decant.scoring.quantity import Quantity

FACTORS = {"density": 1.05, "diffusion": 2.0}
"""The factor between run and reference at which a part is one half."""
PARTS = ("stability", *FACTORS)
NEEDED = "density"
"""Without it there is no score: what only holds may be a gas, or another liquid."""
DRAWS, SEED = 4000, 1


def agreement(run: Quantity, reference: Quantity, factor: float) -> Quantity:
    r"""Return how well a value agrees with its reference, from 0 to 1.

    .. math:: p = \frac{1}{1 + x^2}, \qquad x = \frac{\ln(v / v_{ref})}{\ln f}

    Parameters
    ----------
    run, reference
        Positive, of one unit; an uncertainty of None counts as 0.
    factor
        f, above 1: being off by this factor, up or down, halves the agreement.

    Returns
    -------
    Quantity
        The agreement of the values as they are. Its uncertainty is the root mean square distance from there of 4000
        seeded draws of both values, normal in their logarithms. It holds the bias of a peaked function too, so that
        a value that hits its reference by luck of its noise is not called certain.
    """
    spread = math.hypot(*((one.uncertainty or 0.0) / one.value for one in (run, reference)))
    offset = np.log(run.value / reference.value)
    noise = np.random.default_rng(SEED).standard_normal(DRAWS) * spread
    value, drawn = (1.0 / (1.0 + (x / np.log(factor)) ** 2) for x in (offset, offset + noise))
    return Quantity(float(value), float(np.sqrt(np.mean((drawn - value) ** 2))))


def total(parts: Mapping[str, Mapping[str, Any]], over: Iterable[str] | None = None) -> Quantity:
    r"""Return the score of some parts.

    .. math:: S = s \, \frac{1 + \sum_k p_k}{1 + K}

    with the stability s and the K other parts that count.

    Parameters
    ----------
    parts
        ``value`` and ``uncertainty`` by part, as in ``score.yaml``.
    over
        The parts that count; None for all that have a value.

    Returns
    -------
    Quantity
        Its uncertainty is that of density and diffusion; None if neither has one.

    Raises
    ------
    InputError
        If a part that shall count has no value.
    """
    counted = known_parts(parts) if over is None else tuple(over)
    for name in counted:
        if name not in PARTS:
            raise InputError(f"a score has no part '{name}'{nearest(name, PARTS)}; expected {', '.join(PARTS)}")
        if parts[name]["value"] is None:
            raise InputError(f"a score has no {name} to count: {parts[name].get('not_available', 'not measured')}")
    others = [parts[name] for name in counted if name != "stability"]
    share = parts["stability"]["value"] / (1 + len(others))
    uncertainties = [part["uncertainty"] for part in others if part["uncertainty"] is not None]
    return Quantity(
        share * (1.0 + sum(part["value"] for part in others)),
        share * float(np.linalg.norm(uncertainties)) if uncertainties else None,
    )


def known_parts(parts: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the parts that have a value, in the order of `PARTS`."""
    return tuple(name for name in PARTS if parts[name]["value"] is not None)


def is_scored(parts: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether enough is known of a run for a score."""
    return parts[NEEDED]["value"] is not None


def common_parts(scores: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the parts that have a value in every one of several scores: those over which they compare."""
    known = [known_parts(score["parts"]) for score in scores]
    return tuple(name for name in PARTS if all(name in one for one in known))


def interval(quantity: Quantity) -> list[float] | None:
    """Return the values within one standard error that a score can have; None if the error is not known."""
    if quantity.uncertainty is None:
        return None
    low, high = quantity.value - quantity.uncertainty, quantity.value + quantity.uncertainty
    return [max(low, 0.0), min(high, 1.0)]
