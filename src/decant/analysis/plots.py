"""Pictures of observables; each function draws on axes that it is given, and a page gathers them into a PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from decant.analysis.averages import Average
from decant.analysis.dielectric import Dielectric
from decant.analysis.diffusion import Diffusion
from decant.analysis.rdf import Rdf
from decant.analysis.viscosity import Viscosity
from decant.foundation.looks import GREY, batches
from decant.foundation.plotting import colour, draw_series, legend_below, page
from decant.foundation.tables import number, starred
from decant.foundation.units import A2_PS_TO_1E5_CM2_S


@dataclass(frozen=True)
class Target:
    """What the ensemble of a run holds to: temperature in K and pressure in bar; None where it does not."""

    temperature_K: float | None = None
    pressure_bar: float | None = None


FREE = Target()


def draw_average(axes: Axes, mean: Average, end: float, shade: str) -> None:
    """Mark the mean with its uncertainty over the equilibrated part, and shade what was left out."""
    begin = mean.equilibrated_after_ps
    text = f"mean {starred(mean.value, mean.uncertainty, mean.note)} {mean.unit}"
    axes.hlines(mean.value, begin, end, color=shade, linewidth=1.6, label=text)
    if mean.uncertainty:
        axes.fill_between(
            [begin, end], mean.value - mean.uncertainty, mean.value + mean.uncertainty, color=shade, alpha=0.25, lw=0
        )
    if begin > 0:
        axes.axvspan(0, begin, color="#bbbbbb", alpha=0.3, lw=0, label="left out as equilibration")


def footnote(figure: Figure, notes: Sequence[str]) -> None:
    """Write what the stars of a figure stand for below it."""
    width = round(15 * figure.get_figwidth())  # letters of this size in a line
    if lines := [line for note in dict.fromkeys(notes) if note for line in wrap(f"* {note}", width)]:
        figure.supxlabel("\n".join(lines), fontsize=7.5, x=0.02, ha="left")


def plot_density(path: Path, thermo: Mapping[str, np.ndarray], mean: Average) -> None:
    """Plot the density over time with its mean."""
    with page(path, 6.4, 3.4) as figure:
        axes = figure.subplots()
        time = thermo["time_ps"]
        draw_series(axes, time, thermo["density_g_cm3"], colour(0))
        draw_average(axes, mean, float(time[-1]), colour(1))
        axes.set_ylabel("density (g/cm³)")
        axes.margins(x=0)
        figure.legend(loc="outside lower center", ncols=2)
        footnote(figure, [mean.note])


def plot_thermo(path: Path, thermo: Mapping[str, np.ndarray], atoms: int, target: Target = FREE) -> None:
    """Plot temperature, pressure and potential energy over time, with what the ensemble holds them to."""
    with page(path, 6.4, 5.4) as figure:
        panels = figure.subplots(3, 1, sharex=True)
        energy = np.asarray(thermo["potential_energy_eV"]) / atoms * 1000.0
        pressure = None if target.pressure_bar is None else target.pressure_bar / 1000.0
        curves = (
            (thermo["temperature_K"], "temperature (K)", target.temperature_K),
            (np.asarray(thermo["pressure_bar"]) / 1000.0, "pressure (kbar)", pressure),
            (energy - energy[0], "potential energy\nfrom start (meV/atom)", None),
        )
        for index, (axes, (values, label, aim)) in enumerate(zip(panels, curves, strict=True)):
            draw_series(axes, thermo["time_ps"], values, colour(index))
            if aim is not None:
                axes.axhline(aim, color="black", linestyle="--", linewidth=1.0)
                axes.set_title(f"dashed: target, {aim:g} {label.partition('(')[2].rstrip(')')}", fontweight="normal")
            axes.set_ylabel(label)
            axes.margins(x=0)
            if index < len(curves) - 1:
                axes.set_xlabel("")


def finish_rdf(axes: Axes, title: str) -> None:
    """Label the axes of a g(r) plot."""
    axes.axhline(1.0, color=GREY, linewidth=0.8, zorder=0)
    axes.set(xlabel="r (Å)", ylabel="g(r)", title=title, xlim=(0, None), ylim=(0, None))


def plot_rdf(path: Path, centres: Sequence[Rdf], sites: Sequence[Rdf]) -> None:
    """Plot centre-of-mass and site distributions, within and between molecules apart, no more in a panel than colours.

    A curve from few molecules is dotted and starred.
    """
    between = "sites, different molecules" if centres else sites[0].kind
    panels = [("centres of mass", some) for some in batches(centres)] + [(between, some) for some in batches(sites)]
    within = [("sites, same molecule", some) for some in batches([one for one in sites if one.intra is not None])]
    count = len(panels) + len(within)
    columns = min(3, count)
    with page(path, 3.5 * columns, 4.2 * -(-count // columns)) as figure:
        grid = figure.subplots(-(-count // columns), columns, squeeze=False).ravel()
        for axes, (title, rdfs) in zip(grid, [*panels, *within], strict=False):
            inside = title == "sites, same molecule"
            for index, one in enumerate(rdfs):
                star, line = (" *", ":") if one.note and not inside else ("", "-")
                values = one.intra if inside else one.inter
                axes.plot(one.r, values, line, color=colour(index), label=one.pair + star)
            if inside:
                axes.set(xlabel="r (Å)", ylabel="probability density (1/Å)", title=title, xlim=(0, 8), ylim=(0, None))
            else:
                finish_rdf(axes, title)
            legend_below(axes, columns=2)
        for axes in grid[count:]:
            axes.set_axis_off()
        footnote(figure, [one.note for one in (*centres, *sites)])


def draw_msd(axes: Axes, one: Diffusion, shade: str, label: str) -> None:
    """Draw a mean square displacement with its fit as a dashed line over the fit window."""
    axes.plot(one.lag_ps, one.msd_A2, color=shade, label=label)
    lag = np.array(one.window_ps)
    inside = (one.lag_ps >= lag[0]) & (one.lag_ps <= lag[1])
    slope = 6.0 * one.value / A2_PS_TO_1E5_CM2_S
    offset = np.mean(one.msd_A2[inside] - slope * one.lag_ps[inside])
    axes.plot(lag, slope * lag + offset, color="black", linestyle="--", linewidth=1.1)
    axes.set(xlabel="lag time (ps)", ylabel="MSD (Å²)")


def plot_msd(path: Path, diffusions: Sequence[Diffusion]) -> None:
    """Plot mean square displacements with fit and window, on linear and on logarithmic axes."""
    panels = batches(diffusions)
    with page(path, 8.6, 3.9 * len(panels)) as figure:
        for (linear, logarithmic), some in zip(figure.subplots(len(panels), 2, squeeze=False), panels, strict=True):
            for index, one in enumerate(some):
                value, star = number(one.value, one.uncertainty), " *" if one.note else ""
                draw_msd(linear, one, colour(index), f"{one.species}: D = ({value}) × 10⁻⁵ cm²/s{star}")
                moved = (one.lag_ps > 0) & (one.msd_A2 > 0)
                label = f"{one.species}: slope {one.slope:.2f} in the window"
                logarithmic.loglog(one.lag_ps[moved], one.msd_A2[moved], color=colour(index), label=label)
            logarithmic.set(xlabel="lag time (ps)", ylabel="MSD (Å²)", title="logarithmic; slope 1: diffusive")
            linear.set(title="centres of mass; dashed: fit in the grey window", xlim=(0, None), ylim=(0, None))
            for axes in (linear, logarithmic):
                axes.axvspan(*some[0].window_ps, color="#bbbbbb", alpha=0.25, lw=0)
                legend_below(axes)
        footnote(figure, [f"{one.species}: {one.note}" for one in diffusions if one.note])


def plot_viscosity(path: Path, one: Viscosity) -> None:
    """Plot the running Green-Kubo integral with its error over lag time, and the window of the mean."""
    with page(path, 6.4, 3.6) as figure:
        axes = figure.subplots()
        axes.plot(one.lag_ps, one.integral_mPa_s, color=colour(0), label="running integral, mean of blocks")
        low, high = one.integral_mPa_s - one.error_mPa_s, one.integral_mPa_s + one.error_mPa_s
        axes.fill_between(one.lag_ps, low, high, color=colour(0), alpha=0.25, lw=0, label="standard error over blocks")
        text = f"mean {starred(one.value, one.uncertainty, one.note, 3)} mPa s"
        axes.hlines(one.value, *one.window_ps, color=colour(1), linewidth=1.8, label=text)
        axes.set(xlabel="lag time (ps)", ylabel="viscosity (mPa s)")
        axes.margins(x=0)
        figure.legend(loc="outside lower center", ncols=2)
        footnote(figure, [one.note])


def plot_dielectric(path: Path, one: Dielectric) -> None:
    """Plot the dielectric constant from more and more of the run."""
    with page(path, 6.4, 3.4) as figure:
        axes = figure.subplots()
        axes.plot(one.time_ps, one.running, color=colour(0), label="from the start to here")
        draw_average(axes, one.constant, float(one.time_ps[-1]), colour(1))
        axes.set(xlabel="time (ps)", ylabel="dielectric constant")
        axes.margins(x=0)
        figure.legend(loc="outside lower center", ncols=2)
        footnote(figure, [one.constant.note])
