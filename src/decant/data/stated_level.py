"""What frames state of the method that made their labels: several of them in one file are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from decant.data.extxyz import RawFrame
from decant.data.label_names import words_of
from decant.data.stated_charge import all_values
from decant.foundation.errors import warn

_KEYS = {"method", "functional", "xc", "level_of_theory", "theory", "basis", "basis_set", "dft_functional"}


def tell_levels(path: Path, frames: Sequence[RawFrame]) -> None:
    """Warn where frames state several methods; a key such as ``method`` may as well be how they were sampled."""
    counts: dict[str, Counter[str]] = {}
    for frame in frames:
        for key, value in all_values(frame.info).items():
            if isinstance(value, str) and "_".join(words_of(key)) in _KEYS:
                counts.setdefault(key, Counter())[value] += 1
    for key, values in counts.items():
        if len(values) > 1:
            told = ", ".join(f"{value} in {count}" for value, count in values.most_common(4))
            more = f" and {len(values) - 4} more" if len(values) > 4 else ""
            warn(f"{path}: frames state several of {key}: {told}{more}; labels must be of one level of theory")
