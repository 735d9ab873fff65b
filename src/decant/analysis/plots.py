"""Pictures of observables; each function draws on axes that it is given, and a page gathers them into a PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from decant.analysis.averages import Average
from decant.analysis.diffusion import Diffusion
from decant.analysis.rdf import Rdf
from decant.analysis.viscosity import Viscosity
from decant.foundation.plotting import colour, draw_series, page
from decant.foundation.tables import number
from decant.foundation.units import A2_PS_TO_1E5_CM2_S
from decant.potentials.fit_errors import PARTS


def draw_average(axes: Axes, mean: Average, end: float, shade: str) -> None:
    """Mark the mean with its uncertainty over the equilibrated part, and shade what was left out."""
    begin = mean.equilibrated_after_ps
    text = f"mean {number(mean.value, mean.uncertainty, 4)} {mean.unit}"
    axes.hlines(mean.value, begin, end, color=shade, linewidth=1.6, label=text)
    if mean.uncertainty:
        axes.fill_between(
            [begin, end], mean.value - mean.uncertainty, mean.value + mean.uncertainty, color=shade, alpha=0.25, lw=0
        )
    if begin > 0:
        axes.axvspan(0, begin, color="#bbbbbb", alpha=0.3, lw=0, label="left out as equilibration")


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


def plot_thermo(path: Path, thermo: Mapping[str, np.ndarray], atoms: int) -> None:
    """Plot temperature, pressure and potential energy over time."""
    with page(path, 6.4, 5.4) as figure:
        panels = figure.subplots(3, 1, sharex=True)
        energy = np.asarray(thermo["potential_energy_eV"]) / atoms * 1000.0
        curves = (
            (thermo["temperature_K"], "temperature (K)"),
            (np.asarray(thermo["pressure_bar"]) / 1000.0, "pressure (kbar)"),
            (energy - energy[0], "potential energy\nfrom start (meV/atom)"),
        )
        for index, (axes, (values, label)) in enumerate(zip(panels, curves, strict=True)):
            draw_series(axes, thermo["time_ps"], values, colour(index))
            axes.set_ylabel(label)
            axes.margins(x=0)
            if index < len(curves) - 1:
                axes.set_xlabel("")


def finish_rdf(axes: Axes, title: str) -> None:
    """Label the axes of a g(r) plot."""
    axes.axhline(1.0, color="#777777", linewidth=0.8, zorder=0)
    axes.set(xlabel="r (Å)", ylabel="g(r)", title=title)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)


def plot_rdf(path: Path, centres: Sequence[Rdf], sites: Sequence[Rdf]) -> None:
    """Plot centre-of-mass and site distributions, within and between molecules apart."""
    with page(path, 10.5, 3.5) as figure:
        left, middle, right = figure.subplots(1, 3)
        for axes, rdfs, title in (
            (left, centres, "centres of mass"),
            (middle, sites, "sites, different molecules" if centres else sites[0].kind),
        ):
            for index, one in enumerate(rdfs):
                axes.plot(one.r, one.inter, color=colour(index), label=one.pair)
            finish_rdf(axes, title)
        for index, one in enumerate(sites):
            if one.intra is not None:
                right.plot(one.r, one.intra, color=colour(index), label=one.pair)
        right.set(xlabel="r (Å)", ylabel="probability density (1/Å)", title="sites, same molecule")
        right.set_xlim(0, 8)
        right.set_ylim(bottom=0)
        for axes in (left, middle, right):
            if axes.get_legend_handles_labels()[0]:
                axes.legend()


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
    with page(path, 8.6, 3.6) as figure:
        linear, logarithmic = figure.subplots(1, 2)
        for index, one in enumerate(diffusions):
            label = f"{one.species}: D = ({number(one.value, one.uncertainty)}) × 10⁻⁵ cm²/s"
            draw_msd(linear, one, colour(index), label)
            moved = (one.lag_ps > 0) & (one.msd_A2 > 0)
            logarithmic.loglog(
                one.lag_ps[moved], one.msd_A2[moved], color=colour(index), label=f"slope {one.slope:.2f} in the window"
            )
        logarithmic.set(xlabel="lag time (ps)", ylabel="MSD (Å²)", title="logarithmic; slope 1: diffusive")
        linear.set_title("centres of mass; dashed: fit")
        linear.set_xlim(left=0)
        linear.set_ylim(bottom=0)
        for axes in (linear, logarithmic):
            axes.axvspan(*diffusions[0].window_ps, color="#bbbbbb", alpha=0.25, lw=0)
            axes.legend(loc="upper left")


def plot_viscosity(path: Path, one: Viscosity) -> None:
    """Plot the running Green-Kubo integral with its error over lag time, and the window of the mean."""
    with page(path, 6.4, 3.6) as figure:
        axes = figure.subplots()
        axes.plot(one.lag_ps, one.integral_mPa_s, color=colour(0), label="running integral, mean of blocks")
        low, high = one.integral_mPa_s - one.error_mPa_s, one.integral_mPa_s + one.error_mPa_s
        axes.fill_between(one.lag_ps, low, high, color=colour(0), alpha=0.25, lw=0, label="standard error over blocks")
        text = f"mean {number(one.value, one.uncertainty)} mPa s{'' if one.converged else ', not converged'}"
        axes.hlines(one.value, *one.window_ps, color=colour(1), linewidth=1.8, label=text)
        axes.set(xlabel="lag time (ps)", ylabel="viscosity (mPa s)")
        axes.margins(x=0)
        figure.legend(loc="outside lower center", ncols=2)


def plot_parity(path: Path, reference: Mapping[str, np.ndarray], predicted: Mapping[str, np.ndarray]) -> None:
    """Plot predicted against reference force components.

    Parameters
    ----------
    path
        PNG to write.
    reference, predicted
        Forces, eV/angstrom, under ``total``, ``translational``, ``rotational`` and ``vibrational``.
    """
    with page(path, 11.0, 3.1) as figure:
        for axes, name in zip(figure.subplots(1, 4), ("total", *PARTS), strict=True):
            x, y = 1000.0 * reference[name].ravel(), 1000.0 * predicted[name].ravel()
            most = float(np.quantile(np.abs(np.concatenate([x, y])), 0.999)) * 1.1 or 1.0
            axes.hexbin(x, y, gridsize=60, extent=(-most, most, -most, most), bins="log", cmap="viridis", mincnt=1)
            axes.plot([-most, most], [-most, most], color="black", linewidth=0.8)
            rmse = float(np.sqrt(np.mean((x - y) ** 2)))
            axes.set(xlabel="reference (meV/Å)", title=f"{name}\nRMSE {rmse:.3g} meV/Å", aspect="equal")
            axes.set(xlim=(-most, most), ylim=(-most, most))
        figure.axes[0].set_ylabel("predicted (meV/Å)")
