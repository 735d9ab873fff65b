"""Whether it is right: what decant expects of every algorithm."""

from pathlib import Path

import pytest

from decant.testing import AlgorithmConformance

pytest.importorskip("sevenn", reason="sevenn is not installed; run: pip install sevenn==0.13.0")


class TestSevenNet(AlgorithmConformance):
    """With a published model in the place of a fit."""

    name = "sevennet"
    ranks = (1,)

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls):
        """The published model itself: there is no fit."""
        return Path("sevennet-0")
