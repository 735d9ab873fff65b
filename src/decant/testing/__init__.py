"""Tests that an algorithm, a recipe or a reference method must pass, for whoever adds one: subclass and name it.

They need pytest (``pip install decant-mlip[test]``); docs/extending.md shows all three at work.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "decant.testing.algorithm",
    "decant.testing.derivatives",
    "decant.testing.labeler",
    "decant.testing.recipe",
)

from decant.testing.algorithm import AlgorithmConformance  # noqa: E402
from decant.testing.labeler import LabelerConformance  # noqa: E402
from decant.testing.recipe import RecipeConformance  # noqa: E402

__all__ = ["AlgorithmConformance", "LabelerConformance", "RecipeConformance"]
