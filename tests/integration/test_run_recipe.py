"""Recipe `run`: frames of a real run of LAMMPS become configurations to label."""

from __future__ import annotations

import shutil
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from decant.configurations.base import build_entry
from decant.configurations.checks import check_values
from decant.data.frames import density
from decant.foundation.errors import InputError
from decant.lammps.trajectory import CELL_RECORD, read_segment
from decant.molecules.charge import described_molecules
from decant.simulation.protocol import Protocol
from decant.simulation.run import Run
from decant.simulation.simulate import simulate
from decant.testing.recipe import RecipeConformance


@pytest.fixture(scope="module")
def finished(reaxff: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    protocol = Protocol(
        reaxff, liquid="EC:1,EMC:1", copies=2, temperature=298.0, timestep_fs=0.5, seed=3,
        length_ps=0.05, equilibration_ps=0.01, dump_ps=0.005,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("run-recipe") / "whole"
    simulate(protocol, folder)
    return folder


class TestRunRecipe(RecipeConformance):
    name, random, count = "run", False, 4
    senseless = {"run": "nowhere", "skip": "soon"}

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def run(cls, finished: Path) -> None:
        cls.parameters = {"run": str(finished)}


def entry(run: Path, count: int = 2, **parameters: object) -> dict[str, object]:
    return {"recipe": "run", "count": count, "parameters": {"run": str(run), **parameters}}


def time_of(atoms: Atoms) -> float:
    return float(atoms.info["parent"].rpartition(":")[2].removesuffix("ps"))


def broken_from(run: Path, frame: int, by: float = 4.0) -> None:
    """Move the first atom of the frames from a number on by so many angstrom."""
    segment = read_segment(run / "trajectory.0.dcd")
    assert segment is not None
    with segment.path.open("r+b") as stream:
        for number in range(frame, segment.frames):
            place = segment.header_bytes + number * segment.frame_bytes + CELL_RECORD + 4
            stream.seek(place)
            (x,) = struct.unpack("<f", stream.read(4))
            stream.seek(place)
            stream.write(struct.pack("<f", x + by))


def test_frames_are_those_of_the_trajectory_evenly_spaced_and_the_last_is_its_end(finished: Path) -> None:
    universe = Run.open(finished).universe()
    frames = build_entry(entry(finished, 5), 0, 1)
    assert len(universe.trajectory) == 11
    for number, atoms in zip((2, 4, 6, 8, 10), frames, strict=True):
        universe.trajectory[number]
        assert np.allclose(atoms.positions, universe.atoms.positions)
        assert np.allclose(atoms.cell.lengths(), universe.dimensions[:3])


def test_frames_say_which_molecules_they_hold_and_how_they_were_found(finished: Path) -> None:
    (atoms,) = build_entry(entry(finished, 1), 0, 1)
    assert [kind.name for kind in described_molecules(atoms)] == ["EC", "EC", "EMC", "EMC"]
    assert (atoms.info["charge"], atoms.info["spin"], atoms.info["temperature"]) == (0, 1, 298.0)
    assert atoms.info["density_g_cm3"] == pytest.approx(density(atoms))
    assert atoms.info["density_g_cm3"] == pytest.approx(Run.open(finished).thermo()["density_g_cm3"][-1], rel=1e-4)
    assert atoms.info["parent"] == f"{finished}:0.05ps"


def test_the_beginning_can_be_left_out(finished: Path) -> None:
    frames = build_entry(entry(finished, 3, skip="0.04ps"), 0, 1)
    assert [time_of(atoms) for atoms in frames] == [0.04, 0.045, 0.05]
    with pytest.raises(InputError, match=r"has 3 frames of whole molecules from 0\.04 ps on, not 4"):
        build_entry(entry(finished, 4, skip="0.04ps"), 0, 1)


def test_runs_of_one_box_are_one_group_whatever_ran_them_and_in_whatever_entry(
    finished: Path, parameter_cache: object, tmp_path: Path
) -> None:
    box = {"liquid": "EC:1,EMC:1", "copies": 2, "seed": 3, "temperature": 298.0, "timestep_fs": 0.5}
    short = {"length_ps": 0.01, "dump_ps": 0.005, "equilibration_ps": 0.005}
    simulate(Protocol(None, method="openff", **box, **short), tmp_path / "force field")
    again = Protocol(None, method="openff", **box | {"liquid": "EC:2,EMC:2", "copies": 1}, **short)
    simulate(replace(again, start=tmp_path / "force field"), tmp_path / "next")
    simulate(Protocol(None, method="openff", **box | {"seed": 4}, **short), tmp_path / "other")
    runs = [finished, tmp_path / "force field", tmp_path / "next", finished]
    groups = {
        atoms.info["group"] for number, run in enumerate(runs) for atoms in build_entry(entry(run, 1), number, number)
    }
    (other,) = build_entry(entry(tmp_path / "other", 1), 0, 1)
    assert len(groups) == 1 and other.info["group"] not in groups


def test_ions_are_frames_like_others_and_a_run_may_have_several_segments(
    parameter_cache: object, tmp_path: Path
) -> None:
    run = tmp_path / "electrolyte"
    salt = Protocol(
        None, method="openff", liquid="EC:4,Li+:1,PF6-:1", temperature=298.0, timestep_fs=0.5, seed=3, length_ps=0.02,
        equilibration_ps=0.01, dump_ps=0.005, ion_charge_scale=0.8,
    )  # fmt: skip
    simulate(salt, run)
    simulate(replace(salt, length_ps=0.04), run)
    assert len(Run.open(run).trajectory_segments()) == 2
    frames = build_entry(entry(run, 5, skip="0.015ps"), 0, 1)
    assert [time_of(atoms) for atoms in frames] == [0.02, 0.025, 0.03, 0.035, 0.04]
    assert [kind.name for kind in described_molecules(frames[0])] == ["EC"] * 4 + ["Li+", "PF6-"]
    assert frames[0].info["charge"] == 0 and len(set(frames[0].arrays["mol_id"].tolist())) == 6


@pytest.mark.parametrize("by", [4.0, float("nan")])
def test_frames_after_a_molecule_broke_are_left_out(finished: Path, tmp_path: Path, by: float) -> None:
    run = tmp_path / "broken"
    shutil.copytree(finished, run, symlinks=True)
    broken_from(run, 7, by)
    (run / "status.yaml").write_text("state: stopped\nguard: bond\n")
    frames = build_entry(entry(run, 3), 0, 1)
    times = [time_of(atoms) for atoms in frames]
    assert max(times) < 0.035 and len(set(times)) == 3
    with pytest.raises(InputError, match=r"whole molecules from 0\.035 ps on, not 1"):
        build_entry(entry(run, 1, skip="0.035ps"), 0, 1)


def test_a_trajectory_of_centres_is_refused(finished: Path, tmp_path: Path) -> None:
    run = tmp_path / "centres"
    shutil.copytree(finished, run, symlinks=True)
    (run / "run.yaml").write_text((run / "run.yaml").read_text() + "trajectory: centres\ncentre_atoms: [0, 0]\n")
    with pytest.raises(InputError, match="its trajectory holds centres, not all atoms"):
        build_entry(entry(run), 0, 1)


def test_what_is_wrong_is_told_before_anything_is_made(finished: Path, tmp_path: Path) -> None:
    for wrong, said in (
        (entry(tmp_path / "nowhere"), "nowhere: no such directory"),
        (entry(finished, skip="soon"), "length 'soon'"),
        ({"recipe": "run", "parameters": {"run": [str(finished)]}}, "run: expected the directory of one run"),
    ):
        with pytest.raises(InputError, match=f"recipes: entry 0: .*{said}"):
            check_values([wrong], "recipes")
