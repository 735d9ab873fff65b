"""A run in the form of the package `physical_validation`, which tests whether it sampled the ensemble asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from decant.analysis.averages import timeseries
from decant.analysis.energy_drift import conserved_energy
from decant.foundation.errors import InputError
from decant.foundation.units import BOLTZMANN_EV_K, KJ_MOL_PER_EV

if TYPE_CHECKING:
    from decant.simulation.run import Run

CENTRE_OF_MASS = 3
"""Degrees of freedom that a run has not: its total momentum is zero."""


def simulation_data(run: Run) -> Any:
    """Return the production of a run as `physical_validation` takes it, in LAMMPS's units metal.

    Parameters
    ----------
    run
        Runs of NPT, NVT and NVE are what they say. Sampling runs are given as the NVT and NPT that they resemble: they
        are not equilibrated and their barostat is damped, so that they may well fail.

    Returns
    -------
    physical_validation.data.SimulationData
        Units, time step (ps), ensemble, degrees of freedom and the thermodynamic rows, each of shape (rows,):
        energies in eV, volume in angstrom^3, pressure in bar, temperature in K. It holds no positions or velocities.

    Raises
    ------
    InputError
        If `physical_validation` is not installed, or the run has no production.
    """
    timeseries()  # pymbar, on which the package rests, without its banner
    try:
        data = importlib.import_module("physical_validation.data")
    except ImportError as error:
        raise InputError("physical_validation is not installed; run: pip install physical_validation") from error
    thermo = run.thermo()
    if not thermo:
        raise InputError(f"{run.path}: no production to check; the run is {run.status['state']} (see status.yaml)")
    made = run.description
    units = data.UnitData(
        kb=BOLTZMANN_EV_K,
        energy_str="eV",
        energy_conversion=KJ_MOL_PER_EV,
        length_str="A",
        length_conversion=0.1,
        volume_str="A^3",
        volume_conversion=1e-3,
        temperature_str="K",
        temperature_conversion=1.0,
        pressure_str="bar",
        pressure_conversion=1.0,
        time_str="ps",
        time_conversion=1.0,
    )
    system = data.SystemData(natoms=made.atoms, nconstraints=0, ndof_reduction_tra=CENTRE_OF_MASS, ndof_reduction_rot=0)
    ensemble = data.EnsembleData(
        {"npt": "NPT", "sample_npt": "NPT", "nve": "NVE"}.get(made.ensemble, "NVT"),
        natoms=made.atoms,
        volume=float(thermo["volume_A3"][0]),
        pressure=made.pressure_bar,
        temperature=made.temperature_K,
    )
    observables = data.ObservableData(
        kinetic_energy=thermo["kinetic_energy_eV"],
        potential_energy=thermo["potential_energy_eV"],
        total_energy=thermo["total_energy_eV"],
        volume=thermo["volume_A3"],
        pressure=thermo["pressure_bar"],
        temperature=thermo["temperature_K"],
        constant_of_motion=conserved_energy(thermo, made.ensemble),
    )
    return data.SimulationData(
        units=units, dt=made.timestep_ps, system=system, ensemble=ensemble, observables=observables
    )
