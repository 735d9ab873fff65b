"""The description of a run and its file, also those of other versions and broken ones."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from decant.foundation.errors import InputError
from decant.lammps.guards import Limits
from decant.simulation.description import RunDescription
from tests.descriptions import described

OF_AN_EARLIER_VERSION = """\
potential: potentials/methanol/mace/1
potential_sha256: 8cb4f5fce90c65c73f12a312501a13c03cca46fcc4a6ab5dbfc67a580d6bf300
elements:
- H
- C
- O
liquid: '[C-]#[O+]:14,MEOH:8'
copies: 12
species:
- - '[C-]#[O+]'
  - 168
- - MEOH
  - 96
atoms: 912
ensemble: nvt
temperature_K: 100.0
pressure_bar: 1.0
start_density_g_cm3: 0.7866
length_ps: 0.1
timestep_fs: 0.5
production_steps: 200
equilibration_steps: 40
dump_every: 2
thermo_every: 2
restart_every: 20
seed: 1
ranks: 1
threads: 1
from: runs/small
replicate:
- 1
- 1
- 1
trajectory: centres
viscosity: true
guards:
  max_temperature_K: 800.0
  min_density_g_cm3: 0.2622
  max_density_g_cm3: 1.5732
  max_bond_A: 2.124
centre_atoms:
- 1
- 0
lengthened: true
speed_from_segment: 2
"""
OPTIONAL = (
    "from",
    "replicate",
    "trajectory",
    "viscosity",
    "guards",
    "centre_atoms",
    "lengthened",
    "speed_from_segment",
)


def written(folder: Path, **changes: Any) -> Path:
    """Write the file of an earlier version with changes, None leaving out an entry."""
    content = yaml.safe_load(OF_AN_EARLIER_VERSION) | changes
    file = folder / "run.yaml"
    file.write_text(yaml.safe_dump({key: value for key, value in content.items() if value is not None}))
    return file


def test_a_file_is_written_as_it_was_read(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(OF_AN_EARLIER_VERSION)
    description = RunDescription.read(file)
    description.write(file)
    assert file.read_text() == OF_AN_EARLIER_VERSION
    assert description.guards == Limits(800.0, 0.2622, 1.5732, 2.124)
    assert (description.start, description.replicate) == (Path("runs/small"), (1, 1, 1))


def test_what_is_not_in_the_file_is_what_a_plain_run_has(tmp_path: Path) -> None:
    description = RunDescription.read(written(tmp_path, **dict.fromkeys((*OPTIONAL, "start_density_g_cm3"))))
    assert description.start is None and description.start_density_g_cm3 is None and description.guards is None
    assert description.trajectory == "all" and description.has_trajectory
    assert not description.viscosity and not description.lengthened and description.speed_from_segment == 0
    assert not set(description.as_mapping()) & set(OPTIONAL)


def test_entries_of_a_later_version_stay_in_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, electric_field_V_A=0.1)
    replace(RunDescription.read(file), ranks=2).write(file)
    content = yaml.safe_load(file.read_text())
    assert content["electric_field_V_A"] == 0.1 and content["ranks"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature_K": None}, "the key 'temperature_K' is missing"),
        ({"temperature_K": "warm"}, "temperature_K: expected a positive number, not 'warm'"),
        ({"production_steps": 1.5}, "production_steps: expected a whole number from 1 on, not 1.5"),
        ({"species": [["MEOH"]]}, r"species: expected a name and a number of molecules, not \['MEOH'\]"),
        ({"elements": "H"}, "elements: expected a list, not 'H'"),
        ({"ensemble": "nph"}, "ensemble: expected one of npt, nvt, nve, sample, sample_npt, not 'nph'"),
        ({"replicate": [1, 1]}, "replicate: expected a list of 3"),
        ({"from": 3}, "from: expected a text, not 3"),
        ({"viscosity": "yes"}, "viscosity: expected true or false, not 'yes'"),
        ({"guards": {"max_bond_A": 2.0}}, "guards: expected a mapping with the keys max_temperature_K"),
    ],
)
def test_a_broken_file_is_told_with_its_key(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=rf"run\.yaml: {message}"):
        RunDescription.read(written(tmp_path, **change))


def test_times_count_from_the_start_of_the_production() -> None:
    made = described(equilibration_steps=1000, production_steps=4000, timestep_fs=0.5)
    assert (made.equilibration_ps, made.production_ps, made.end) == (0.5, 2.0, 5000)
    assert made.time_ps(0) == -0.5
    assert made.time_ps(np.array([1000, 5000])).tolist() == [0.0, 2.0]


@pytest.mark.parametrize(
    ("phase", "time_ps", "since_the_start"),
    [
        ("equilibration", 0.2, 0.2),
        ("equilibration", -0.3, 0.2),  # as earlier versions wrote it
        ("production", 0.7, 1.2),
    ],
)
def test_a_phase_has_a_time_of_its_own_that_is_never_negative(
    phase: str, time_ps: float, since_the_start: float
) -> None:
    made = described(equilibration_steps=1000, production_steps=4000, timestep_fs=0.5)
    assert made.stopped_ps({"phase": phase, "time_ps": time_ps}) == pytest.approx(since_the_start)
    step = round(since_the_start / 0.0005)
    assert made.phase_of(step) == (phase, pytest.approx(abs(time_ps) if time_ps > 0 else since_the_start))
    assert made.phase_of(0) == ("equilibration", 0.0) and made.phase_of(1000) == ("production", 0.0)


def test_the_liquid_is_known_by_its_molecules_and_parsed_once() -> None:
    made = described(liquid="MEOH:2,O=C=O:1", copies=8, species=(("MEOH", 16), ("O=C=O", 8)))
    assert [(kind.name, len(kind.symbols), count) for kind, count in made.molecules] == [
        ("MEOH", 6, 16),
        ("O=C=O", 3, 8),
    ]
    assert made.molecules is made.molecules


def test_only_a_packed_start_that_is_no_sampling_is_minimised() -> None:
    assert described().is_minimised
    assert not described(start=Path("run")).is_minimised
    assert not described(ensemble="sample_npt").is_minimised


def test_a_description_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        described().ranks = 2  # type: ignore[misc]
