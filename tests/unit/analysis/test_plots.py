"""Figures say what the tables say: stars, digits, targets; and no curve is hidden or looks like another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from decant.analysis import plots
from decant.analysis.averages import average
from decant.analysis.diffusion import Diffusion
from decant.analysis.rdf import Rdf
from decant.foundation.looks import MOST, batches
from tests.unit.universes import thermo_of

LAG = np.arange(1.0, 20.0)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Figures as they would be saved."""
    figures: list[Figure] = []

    @contextmanager
    def page(path: Path, width: float, height: float) -> Iterator[Figure]:
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        FigureCanvasAgg(figure).draw()
        figures.append(figure)

    monkeypatch.setattr(plots, "page", page)
    return figures


def diffusion(species: str, slope: float = 1.0, uncertainty: float | None = 0.1) -> Diffusion:
    return Diffusion(species, 16, LAG, 6.0 * LAG, (4.0, 12.0), 1.0, uncertainty, slope)


def rdf(pair: str, molecules: int) -> Rdf:
    r = np.linspace(0.05, 9.95, 100)
    return Rdf(pair, "centre of mass", r, np.exp(-r) + 1.0, None, r**3, molecules)


def legend_texts(figure: Figure) -> list[str]:
    legends = [axes.get_legend() for axes in figure.axes] + list(figure.legends)
    return [text.get_text() for legend in legends if legend for text in legend.get_texts()]


def assert_legends_cover_no_curve(figure: Figure) -> None:
    for axes in figure.axes:
        legend = axes.get_legend()
        if legend is not None:
            box = legend.get_window_extent()
            assert not any(box.overlaps(other.get_window_extent()) for other in figure.axes)
            assert not box.overlaps(axes.xaxis.label.get_window_extent())


def test_a_displacement_that_is_not_to_be_trusted_is_starred_with_its_reason(drawn: list[Figure]) -> None:
    plots.plot_msd(Path("msd.png"), [diffusion("EC", slope=0.5), diffusion("EMC")])
    texts = legend_texts(drawn[0])
    assert "EC: D = (1.00 ± 0.10) × 10⁻⁵ cm²/s *" in texts
    assert "EMC: D = (1.00 ± 0.10) × 10⁻⁵ cm²/s" in texts
    assert "* EC: log-log slope 0.50" in drawn[0].get_supxlabel()
    assert_legends_cover_no_curve(drawn[0])


def test_a_mean_without_an_uncertainty_has_three_digits_and_a_star(drawn: list[Figure]) -> None:
    thermo = thermo_of(12, seed=1)
    thermo["density_g_cm3"] = np.linspace(1.02345, 1.12345, 12)
    mean = average(thermo["time_ps"], thermo["density_g_cm3"], "g/cm3")
    assert mean.uncertainty is None
    plots.plot_density(Path("density.png"), thermo, mean)
    assert f"mean {mean.value:.3g} * g/cm3" in legend_texts(drawn[0])
    assert "too short for an uncertainty" in drawn[0].get_supxlabel()


def test_what_the_ensemble_holds_to_is_drawn(drawn: list[Figure]) -> None:
    plots.plot_thermo(Path("thermo.png"), thermo_of(50, seed=1), 100, plots.Target(298.0, 3000.0))
    plots.plot_thermo(Path("thermo.png"), thermo_of(50, seed=1), 100, plots.Target(298.0))
    heights = [[line.get_ydata()[0] for axes in figure.axes for line in axes.lines if line.get_linestyle() == "--"]
               for figure in drawn]  # fmt: skip
    assert heights == [[298.0, 3.0], [298.0]]


def test_many_pairs_get_small_panels_in_which_no_colour_comes_twice(drawn: list[Figure]) -> None:
    pairs = [rdf(f"A{one}-A{two}", 3 + one) for one in range(6) for two in range(one, 6)]
    plots.plot_rdf(Path("rdf.png"), pairs, [])
    lines = [[line for line in axes.lines if not line.get_label().startswith("_")] for axes in drawn[0].axes]
    assert sum(map(len, lines)) == len(pairs) == 21
    for panel in lines:
        assert len({line.get_color() for line in panel}) == len(panel)
    assert {text.endswith(" *") for text in legend_texts(drawn[0]) if text.startswith("A4")} == {True}
    assert {text.endswith(" *") for text in legend_texts(drawn[0]) if text.startswith("A5")} == {False}
    assert "* from 3 molecules only" in drawn[0].get_supxlabel()
    assert_legends_cover_no_curve(drawn[0])


@pytest.mark.parametrize("count", [1, 6, 7, 13, 15, 36])
def test_panels_hold_every_curve_once_and_no_more_than_there_are_colours(count: int) -> None:
    panels = batches(list(range(count)))
    assert [curve for panel in panels for curve in panel] == list(range(count))
    assert max(map(len, panels)) <= MOST
    assert max(map(len, panels)) - min(map(len, panels)) <= 1
