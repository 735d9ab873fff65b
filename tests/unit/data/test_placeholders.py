"""Zeros and weights that stand where a label is missing are no labels; zeros that symmetry makes are."""

import numpy as np
import pytest

from decant.data.import_ import import_frames

WATER = np.array([[0.0, 0.0, 0.0], [0.96, 0.0, 0.0], [-0.24, 0.93, 0.0]])
FORCES = np.array([[0.1, 0.0, 0.0], [-0.1, 0.2, 0.0], [0.0, -0.2, 0.0]])


def frame(comment="energy=-14.5", forces=FORCES, moved=0.0, mask=None, symbols="OHH", positions=WATER):
    """One molecule; `mask` is the column move_mask of ASE."""
    rows = [
        f"{symbol} {x + moved * (place == 1)} {y} {z} {' '.join(map(str, force))}" + (f" {mask[place]}" if mask else "")
        for place, (symbol, (x, y, z), force) in enumerate(zip(symbols, positions, forces, strict=True))
    ]
    column = ":move_mask:L:1" if mask else ""
    return f"{len(rows)}\nProperties=species:S:1:pos:R:3:forces:R:3{column} {comment}\n" + "\n".join(rows) + "\n"


@pytest.fixture
def taken(tmp_path):
    def take(*frames):
        (tmp_path / "source.extxyz").write_text("".join(frames))
        return import_frames(tmp_path / "source.extxyz")

    return take


def reasons(result):
    return [(reject.index, reject.reason) for reject in result.rejects]


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("energy=-14.4 config_energy_weight=0.0", "no energy (config_energy_weight is 0)"),
        ("energy=-14.4 config_forces_weight=0", "no forces (config_forces_weight is 0)"),
        ("energy=-14.4 force_weight=0", "no forces (force_weight is 0)"),
        ("energy=-14.4 config_weight=0.0", "no energy (config_weight is 0)"),
        ("energy=0.0", "energy is exactly 0, though forces are not: no label"),
    ],
)
def test_a_label_that_counts_for_nothing_is_none(taken, comment, reason):
    result = taken(frame("energy=-14.5 config_weight=1.0"), frame(comment, moved=0.01))
    assert result.indices == [0] and reasons(result) == [(1, reason)]


def test_a_stress_of_weight_zero_is_left_and_its_frame_taken(taken):
    cell = 'Lattice="10 0 0 0 10 0 0 0 10" energy=-14.5 stress="1e-3 2e-3 3e-3 0 0 0"'
    result = taken(frame(f"{cell} config_stress_weight=1"), frame(f"{cell} config_stress_weight=0", moved=0.01))
    assert ["REF_virial" in atoms.info for atoms in result.frames] == [True, False]


def test_forces_of_zeros_among_others_are_no_labels(taken):
    result = taken(frame(), frame(forces=FORCES * 0, moved=0.01), frame(moved=0.02))
    assert reasons(result) == [(1, "forces are exactly 0, though those of other frames are not: no label")]


def test_forces_that_are_all_zeros_are_taken_and_told(taken, caplog):
    assert len(taken(frame(forces=FORCES * 0)).frames) == 1 and not caplog.text  # a molecule at its minimum
    assert len(taken(frame(forces=FORCES * 0), frame(forces=FORCES * 0, moved=0.01)).frames) == 2
    assert "forces are exactly 0 in all of 2 frames: are they labels?" in caplog.text


def test_forces_on_atoms_that_were_held_are_no_labels(taken):
    held = FORCES * [[0], [1], [1]]
    assert reasons(taken(frame(), frame(forces=held, moved=0.01, mask="FTT"))) == [
        (1, "the force on atom 0 is zero since it was held")
    ]
    assert len(taken(frame(), frame(forces=FORCES, moved=0.01, mask="FTT")).frames) == 2  # the forces before holding
    (told,) = reasons(taken(frame(), frame(forces=FORCES * [[1], [0], [0]], moved=0.01)))
    assert told == (1, "the forces on 2 of 3 atoms are exactly 0: they were held, or are none")


def test_the_force_that_symmetry_makes_zero_is_a_label(taken):
    line = np.array([[0.0, 0, 0], [0, 0, 1.2], [0, 0, -1.2]])
    pull = np.array([[0.0, 0, 0], [0, 0, -1.5], [0, 0, 1.5]])
    both = [np.concatenate([line, line + np.array([0, 8, 0])]), np.concatenate([pull, pull])]
    result = taken(frame(symbols="COO" * 2, positions=both[0], forces=both[1]), frame())
    assert len(result.frames) == 2


def test_a_virial_of_zeros_in_some_frames_is_left_and_told(taken, caplog):
    cell = 'Lattice="10 0 0 0 10 0 0 0 10" energy=-14.5'
    stresses = ["1e-3 2e-3 3e-3 0 0 0", "0 0 0 0 0 0", "2e-3 2e-3 3e-3 0 0 0"]
    result = taken(*(frame(f'{cell} stress="{one}"', moved=0.01 * place) for place, one in enumerate(stresses)))
    assert ["REF_virial" in atoms.info for atoms in result.frames] == [True, False, True]
    assert "the virial is zero in 1 of 3 frames, though forces are not: taken without it" in caplog.text


@pytest.mark.parametrize("said", ["SCF_converged=False", "dft_converged=F", "unconverged=T", "not_converged=1"])
def test_a_frame_that_has_not_converged_may_say_so_in_many_words(taken, said):
    result = taken(frame(), frame(f"energy=-14.4 {said}", moved=0.01))
    assert reasons(result) == [(1, f"not converged ({said})")]


@pytest.mark.parametrize("said", ["opt_converged=F", "geometry_converged=F", "converged=T", "unconverged=F"])
def test_steps_on_the_way_to_a_minimum_are_labels(taken, said):
    assert len(taken(frame(), frame(f"energy=-14.4 {said}", moved=0.01)).frames) == 2


@pytest.mark.parametrize("mask", ["T T F", "F F T"])
def test_forces_along_axes_that_were_held_are_no_labels(taken, mask):
    moves = np.array([word == "T" for word in mask.split()])
    held = FORCES * moves + 0.1 * moves
    text = frame(forces=held, mask=[mask] * 3).replace("move_mask:L:1", "move_mask:L:3")
    result = taken(frame(moved=0.01), text)
    assert reasons(result) == [(1, "the force on atom 0 is zero since it was held")]
