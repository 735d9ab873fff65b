"""Which errors on a fixed set of frames predict the score of the runs, and which do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from decant.foundation.errors import InputError

ERRORS = {
    "energy": ("meV/atom", "energy_meV_per_atom.rmse"),
    "energy less its mean error": ("meV/atom", "energy_meV_per_atom.rmse_shifted"),
    "force": ("meV/A", "force_meV_per_A.total.rmse"),
    "force, translational": ("meV/A", "force_meV_per_A.translational.rmse"),
    "force, rotational": ("meV/A", "force_meV_per_A.rotational.rmse"),
    "force, vibrational": ("meV/A", "force_meV_per_A.vibrational.rmse"),
    "virial": ("meV/atom", "virial_meV_per_atom.rmse"),
    "energy, intramolecular": ("meV/atom", "molecular.intra.energy_meV_per_atom.rmse"),
    "energy, intermolecular": ("meV/atom", "molecular.inter.energy_meV_per_atom.rmse"),
    "force, intramolecular": ("meV/A", "molecular.intra.force_meV_per_A.rmse"),
    "force, intermolecular": ("meV/A", "molecular.inter.force_meV_per_A.rmse"),
    "pressure, mean error": ("bar", "pressure_bar.size"),
    "virial, intramolecular": ("meV/atom", "molecular.intra.virial_meV_per_atom.rmse"),
    "virial, intermolecular": ("meV/atom", "molecular.inter.virial_meV_per_atom.rmse"),
}
"""Unit and place of each error in what `decant.potentials.evaluate.evaluate` returns."""
LEAST_CELLS = 8  # of fewer, even a perfect order can hardly be told from chance among so many errors
CONFIDENCE = 0.95
RESAMPLES = 9999


@dataclass(frozen=True)
class Predictor:
    """How an error goes with the score.

    Attributes
    ----------
    error, unit
        Its name and unit.
    cells
        Potentials of which both are known.
    correlation
        Spearman's rank correlation; -1 where the score falls whenever the error grows. None where it is not defined.
    interval
        95 % bootstrap interval over cells; None as above.
    p_value
        Probability of a correlation so far from 0 by chance, by permutation, with the false discovery rate over all
        errors controlled (Benjamini and Hochberg, J. R. Stat. Soc. B 57, 289 (1995)); None as above.
    verdict
        predicts, does not predict, or not enough cells.
    """

    error: str
    unit: str
    cells: int
    correlation: float | None
    interval: tuple[float, float] | None
    p_value: float | None
    verdict: str

    def summary(self) -> dict[str, Any]:
        """Return the fields as a mapping."""
        return asdict(self)


def fixed_set_errors(errors: Mapping[str, Any]) -> dict[str, float]:
    """Return the errors of a potential by name: those of `ERRORS` that the file of ``decant evaluate`` has."""
    found = {}
    for name, (_, place) in ERRORS.items():
        value: Any = errors
        for key in place.split("."):
            value = (value or {}).get(key)
        if value is not None:
            found[name] = float(value)
    return found


def predictors(errors: Sequence[Mapping[str, Any]], scores: Sequence[float], seed: int = 1) -> list[Predictor]:
    """Say of each fixed-set error whether it predicts the score.

    An error predicts the score if a larger error goes with a lower score and chance gives such an order in less than
    5 % of cases. Cells count as independent: seeds of one data set are not quite, and potentials of two algorithms
    may differ in both quantities for a third reason. Within one algorithm the answer is safer.

    Parameters
    ----------
    errors
        One a potential, as ``decant evaluate`` writes them.
    scores
        Score of each potential, as `decant.scoring.score.combine` gives it.
    seed
        Of bootstrap and permutations.

    Returns
    -------
    list of Predictor
        One an error that some potential has, in the order of `ERRORS`.

    Raises
    ------
    InputError
        If the two differ in length.
    """
    from scipy.stats import false_discovery_control

    if len(errors) != len(scores):
        raise InputError(f"{len(errors)} errors for {len(scores)} scores; expected one for each potential")
    cells = [fixed_set_errors(one) for one in errors]
    names = [name for name in ERRORS if any(name in one for one in cells)]
    found = []
    for name in names:
        known = [(one[name], value) for one, value in zip(cells, scores, strict=True) if name in one]
        error, score = np.array(known).T
        found.append(Predictor(name, ERRORS[name][0], len(known), *_correlate(error, score, seed), "not enough cells"))
    tested = [one for one in found if one.p_value is not None]
    p_values = false_discovery_control([one.p_value for one in tested]) if tested else []
    judged = {one.error: _judge(one, float(p)) for one, p in zip(tested, p_values, strict=True)}
    return [judged.get(one.error, one) for one in found]


def _judge(predictor: Predictor, p_value: float) -> Predictor:
    """Return the predictor with the p value corrected for the number of errors, and its verdict."""
    predicts = (predictor.correlation or 0.0) < 0 and p_value < 1.0 - CONFIDENCE
    return replace(predictor, p_value=p_value, verdict="predicts" if predicts else "does not predict")


def _correlate(
    error: np.ndarray, score: np.ndarray, seed: int
) -> tuple[float | None, tuple[float, float] | None, float | None]:
    """Return rank correlation, bootstrap interval and permutation p; None where they are not defined."""
    from scipy.stats import bootstrap, permutation_test, rankdata

    def correlation(first: np.ndarray, second: np.ndarray, axis: int = -1) -> np.ndarray:
        """Spearman's along an axis; 0 where all values of a resample are the same."""
        ranks = [rankdata(one, axis=axis) for one in np.broadcast_arrays(first, second)]
        left, right = (one - one.mean(axis=axis, keepdims=True) for one in ranks)
        norm = np.sqrt((left**2).sum(axis=axis) * (right**2).sum(axis=axis))
        return np.divide((left * right).sum(axis=axis), norm, out=np.zeros_like(norm), where=norm > 0)

    if len(error) < LEAST_CELLS or np.ptp(error) == 0 or np.ptp(score) == 0:
        return None, None, None
    settings = {"n_resamples": RESAMPLES, "rng": np.random.default_rng(seed), "vectorized": True}
    p_value = permutation_test((error, score), correlation, permutation_type="pairings", **settings).pvalue
    interval = bootstrap(
        (error, score), correlation, paired=True, confidence_level=CONFIDENCE, method="percentile", **settings
    ).confidence_interval
    return float(correlation(error, score)), (float(interval.low), float(interval.high)), float(p_value)
