"""Words on plots have the room that there is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from decant.foundation.plotting import LONGEST_LABEL, legend_below, shortened


@given(text=st.text(max_size=80), most=st.integers(3, 40))
def test_a_long_text_keeps_its_ends_and_a_short_one_is_as_it_was(text: str, most: int) -> None:
    shown = shortened(text, most)
    assert len(shown) <= most
    if len(text) <= most:
        assert shown == text
    else:
        first, last = shown.split("…", 1) if text.count("…") == 0 else (shown[:1], shown[-1:])
        assert text.startswith(first) and text.endswith(last)


def test_long_names_stand_below_each_other_and_short_ones_beside() -> None:
    for name, columns in (("EC-EMC", 2), ("EC-F[P-](F)(F)(F)(F)F *", 1)):
        axes = Figure().subplots()
        axes.plot([0, 1], label=name)
        axes.plot([0, 2], label="EC-EC")
        legend_below(axes, columns=2)
        legend = axes.get_legend()
        assert legend is not None and legend._ncols == columns
        assert all(len(one.get_text()) <= LONGEST_LABEL for one in legend.get_texts())
