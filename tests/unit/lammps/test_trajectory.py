"""Trajectory segments and restart files."""

from __future__ import annotations

import struct

import MDAnalysis
import numpy as np
import pytest
from MDAnalysis.coordinates.DCD import DCDWriter

from decant.lammps.restart import MAGIC, newest_restart, restart_step
from decant.lammps.trajectory import cut, read_segment, set_timestep

ATOMS, EVERY, FIRST, FRAMES = 7, 10, 200, 6


@pytest.fixture
def dcd(tmp_path):
    universe = MDAnalysis.Universe.empty(ATOMS, trajectory=True)
    path = tmp_path / "trajectory.0.dcd"
    with DCDWriter(str(path), ATOMS, istart=FIRST, nsavc=EVERY) as writer:
        for frame in range(FRAMES):
            universe.atoms.positions = np.full((ATOMS, 3), float(frame))
            universe.dimensions = [9, 9, 9, 90, 90, 90]
            writer.write(universe.atoms)
    return path


def test_the_steps_of_a_segment_are_read_from_its_header(dcd):
    segment = read_segment(dcd)
    assert (segment.first_step, segment.every, segment.frames) == (FIRST, EVERY, FRAMES)
    assert segment.last_step == FIRST + (FRAMES - 1) * EVERY


@pytest.mark.parametrize(("step", "kept"), [(0, 0), (200, 0), (201, 1), (230, 3), (235, 4), (250, 5), (999, 6)])
def test_cutting_keeps_exactly_the_frames_before_a_step(dcd, step, kept):
    cut(dcd, step)
    segment = read_segment(dcd)
    if kept == 0:
        assert segment is None
        return
    assert segment.frames == kept
    trajectory = MDAnalysis.Universe.empty(ATOMS).load_new(str(dcd)).trajectory
    assert [ts.positions[0, 0] for ts in trajectory] == list(range(kept))


def test_other_readers_find_the_times_of_its_frames(dcd):
    set_timestep(dcd, 0.0005)
    trajectory = MDAnalysis.Universe.empty(ATOMS).load_new(str(dcd)).trajectory
    steps = FIRST + EVERY * np.arange(FRAMES)
    assert [ts.time for ts in trajectory] == pytest.approx(0.0005 * steps, rel=1e-5)
    assert read_segment(dcd).frames == FRAMES, "nothing else changes"


def test_a_frame_that_was_cut_off_by_a_kill_does_not_count(dcd):
    dcd.write_bytes(dcd.read_bytes()[:-5])
    assert read_segment(dcd).frames == FRAMES - 1


@pytest.mark.parametrize("length", [0, 50, 92, 150])
def test_a_segment_without_a_whole_frame_holds_nothing(dcd, length):
    dcd.write_bytes(dcd.read_bytes()[:length])
    assert read_segment(dcd) is None
    cut(dcd, 0)


def restart_bytes(step: int) -> bytes:
    """Return the first entries of a LAMMPS restart file, some data, and its end."""
    version, style = b"22 Jul 2025\0", b"metal\0"
    return b"".join(
        [
            MAGIC,
            struct.pack("<2i", 1, 3),
            struct.pack("<2i", 0, len(version)) + version,
            struct.pack("<8i", 1, 4, 48, 4, 2, 4, 3, 8),
            struct.pack("<2i", 4, len(style)) + style,
            struct.pack("<iq", 5, step),
            b"\1" * 64,
            MAGIC,
        ]
    )


def test_a_truncated_restart_falls_back_to_the_other(tmp_path):
    whole = restart_bytes(3000)
    (tmp_path / "restart.a").write_bytes(restart_bytes(2000))
    (tmp_path / "restart.b").write_bytes(whole)
    assert newest_restart(tmp_path) == (tmp_path / "restart.b", 3000)
    (tmp_path / "restart.b").write_bytes(whole[:-1])
    assert newest_restart(tmp_path) == (tmp_path / "restart.a", 2000)
    (tmp_path / "restart.a").write_bytes(b"")
    assert newest_restart(tmp_path) is None


def test_a_large_step_is_read_whole(tmp_path):
    (tmp_path / "restart.a").write_bytes(restart_bytes(5_000_000_000))
    assert restart_step(tmp_path / "restart.a") == 5_000_000_000
