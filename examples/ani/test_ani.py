"""Whether it is right: what decant expects of every algorithm."""

from pathlib import Path

import pytest

from decant.testing import AlgorithmConformance

pytest.importorskip("torchani", reason="torchani is not installed; run: pip install torchani==2.0")


class TestAni(AlgorithmConformance):
    """With the published model in the place of a fit."""

    name = "ani"
    ranks = (1,)

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls):
        """The published model itself: there is no fit."""
        return Path("ani-1ccx")
