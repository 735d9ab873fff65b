"""Draw the chart of README from the measurements in speed.yaml.

python benchmarks/speed_chart.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
COLORS = {"decant": "#0072b2", "other": "#b0b0b0"}


def draw(measured: dict[str, Any], path: Path) -> None:
    """Write one row of bars a model and number of ranks."""
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "decant", "font.size": 9, "svg.fonttype": "none"})
    rows = [
        (f"{model}, {ranks}", ranks, speeds)
        for model, speeds in measured["models"].items()
        for ranks in speeds["decant"]
    ]
    figure, axes = plt.subplots(figsize=(7.2, 2.6), layout="constrained")
    for number, (_, ranks, speeds) in enumerate(rows):
        for place, (who, color) in enumerate(COLORS.items()):
            value = speeds[who][ranks]
            bar = axes.barh(number + 0.4 * place, value, 0.36, color=color)
            times = f"  ({value / speeds['other'][ranks]:.1f} times)" if who == "decant" else ""
            axes.bar_label(bar, [f"{value:g}{times}"], padding=3)
    axes.set_yticks([number + 0.2 for number in range(len(rows))], [label for label, _, _ in rows])
    axes.invert_yaxis()
    axes.set_xlim(right=1.25 * max(speeds["decant"][ranks] for _, ranks, speeds in rows))
    axes.set_xlabel(f"{measured['unit']}, {measured['system']}")
    axes.set_title(f"{measured['machine']}", fontsize=9, loc="left")
    handles = [plt.Rectangle((0, 0), 1, 1, color=color) for color in COLORS.values()]
    axes.legend(handles, ["decant", measured["other"].split(" of ")[0]], loc="lower right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    draw(yaml.safe_load((HERE / "speed.yaml").read_text(encoding="utf-8")), HERE.parent / "docs" / "speed.svg")
