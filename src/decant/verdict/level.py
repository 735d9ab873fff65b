"""The level of theory of a potential: the reference method that made its labels, as its card tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from decant.foundation.errors import InputError
from decant.foundation.files import parse_yaml
from decant.labels.base import Labeler, settings_text
from decant.labels.registry import labeler
from decant.potentials.training_data import TrainingData

STATE = ("charge", "unpaired", "multiplicity")
"""Settings that are those of a frame, not of the method."""


def level(training: TrainingData, method: str | None, settings: Mapping[str, Any] | None = None) -> Labeler:
    """Return the reference method of a potential's labels, or the one that is given.

    Parameters
    ----------
    training
        What the card tells.
    method, settings
        Method by name, and its settings; None for that of the card.

    Raises
    ------
    InputError
        If none is given and the card does not tell one that can be had again.
    """
    if method is not None:
        return labeler(method, settings)
    asked = "give the reference method of its training data with `method`"
    methods = {label["method"]: label for label in reversed(training.labels)}
    if not methods:
        raise InputError(f"the card of the potential does not tell how its training data were labelled; {asked}")
    if len(methods) > 1:
        raise InputError(f"the training data were labelled with {' and '.join(sorted(methods))}; {asked}")
    ((name, label),) = methods.items()
    try:
        return _again(name, label.get("settings", ""), settings)
    except InputError as error:
        raise InputError(f"the method of the training data cannot be had: {error}; {asked}") from error


def _again(name: str, told: str, settings: Mapping[str, Any] | None) -> Labeler:
    """Return a method with the settings that a frame tells but for its charge and spin, or others that are given."""
    usual = labeler(name, settings)
    if settings or told in ("", settings_text(usual.settings)):
        return usual
    wanted = _but_state(parsed(told))
    found = labeler(name, {key: value for key, value in wanted.items() if usual.settings.get(key) != value})
    if _but_state(parsed(settings_text(found.settings))) != wanted:
        raise InputError(f"'{name}' has other settings here than {told}")
    return found


def _but_state(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in STATE}


def parsed(text: str) -> dict[str, Any]:
    """Return the settings that `decant.labels.base.settings_text` made a text of."""
    pairs = (part.partition("=") for part in re.split(r",(?=\w+=)", text) if part)
    return {key: parse_yaml(value) for key, _, value in pairs}
