"""Active learning without a fit: settings, the sorting of frames, plausibility, and when it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

from decant.data.frames import write_frames
from decant.foundation.errors import InputError
from decant.foundation.locks import LOCK
from decant.foundation.settings import read_mapping
from decant.learning.candidates import CLASSES, classify, closest_contact, implausible
from decant.learning.explore import Frame
from decant.learning.learn import learn
from decant.learning.report import row
from decant.learning.settings import LearnSettings, Plausible, Stop, read_settings, states
from decant.learning.stopping import frames_left, reason_to_stop
from decant.molecules.liquid import parse_liquid
from decant.molecules.packing import pack
from decant.molecules.topology import bonds
from decant.testing.frames import isolated_atoms, methanol_frames
from tests.conftest import REPOSITORY

READY = REPOSITORY / "models" / "ec-emc-mace"
STATE = {"liquid": "CO:3", "temperature": 300, "length": "1ps"}
LEAST = {"algorithm": "mace", "initial": "a.extxyz", "states": [STATE], "deviation": [0.1, 0.5]}


def test_lists_in_a_state_give_every_combination() -> None:
    found = states([{**STATE, "temperature": [300, 500], "pressure": [1, 3000]}, {**STATE, "length": "200fs"}])
    assert len(found) == 5
    assert {(state.temperature, state.pressure) for state in found[:4]} == {
        (300.0, 1.0), (300.0, 3000.0), (500.0, 1.0), (500.0, 3000.0)
    }  # fmt: skip
    assert found[4].pressure is None and found[4].length == pytest.approx(0.2)


def test_states_of_several_concentrations_are_those_of_a_list_of_molalities() -> None:
    mixed = {**STATE, "liquid": "EC:3,EMC:7", "by": "mass", "salt": "LiPF6", "molecules": 60}
    found = states([{**mixed, "molality": [0.5, 1, 2]}])
    assert [state.liquid for state in found] == [
        "EC:18,EMC:36,Li+:3,PF6-:3", "EC:17,EMC:33,Li+:5,PF6-:5", "EC:15,EMC:29,Li+:8,PF6-:8"
    ]  # fmt: skip
    assert all(state.temperature == 300.0 for state in found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"states": [{**STATE, "salt": "LiPF6"}]}, r"state 1: `salt` LiPF6: give its `molality`"),
        ({"states": [{**STATE, "molality": 1}]}, r"state 1: `molality`: of which `salt`"),
        ({"states": [{**STATE, "salt": "LiPF7", "molality": 1, "molecules": 9}]}, "state 1: unknown salt 'LiPF7'"),
        ({"states": [{**STATE, "molecules": 0}]}, "state 1: molecules: expected a whole number from 1 on"),
        ({"deviations": [0.1, 0.5]}, r"unknown key 'deviations' \(did you mean 'deviation'\?\)"),
        ({"deviation": [0.5, 0.1]}, "deviation: expected the lower threshold below the upper"),
        ({"states": [{**STATE, "temprature": 300}]}, r"state 1: unknown key 'temprature' \(did you mean 'temperature'"),
        ({"states": [{"liquid": "CO:3", "length": "1ps"}]}, "state 1: the key 'temperature' is missing"),
        ({"states": [{**STATE, "liquid": "EV:3"}]}, r"state 1: liquid: unknown solvent 'EV'"),
        ({"states": [{**STATE, "length": "2"}]}, "state 1: length: .*expected a positive number with unit"),
        ({"states": [{**STATE, "temperature": True}]}, "temperature: expected a positive number, not True"),
        ({"committee": 1}, "committee: expected a whole number from 2 on, not 1"),
        ({"stop": {"stable": "2ps"}}, "stop: stable: 2 ps is longer than the 1 ps of a state"),
        ({"stop": {"accurate": 95}}, "stop: accurate: expected a share from 0 to 1"),
        ({"plausible": {"energie": 1}}, r"plausible: unknown key 'energie' \(did you mean 'energy'\?\)"),
    ],
)
def test_wrong_settings_are_refused_by_name(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_mapping(LearnSettings, {**LEAST, **change}, "learn.yaml")


def written(folder: Path, **more: Any) -> Path:
    """Write settings with an initial file beside them."""
    (folder / "data.extxyz").write_text("")
    file = folder / "learn.yaml"
    file.write_text(yaml.safe_dump({**LEAST, "initial": "data.extxyz", **more}))
    return file


def test_files_are_found_beside_the_settings(tmp_path: Path) -> None:
    file = written(tmp_path, method="potential:ref", descriptor="mace:ref", preset="own.yaml")
    (tmp_path / "ref").symlink_to(Path(__file__).parents[3] / "models" / "ec-emc-mace")
    (tmp_path / "own.yaml").write_text("max_epochs: 1\n")
    found = read_settings(file)
    assert found.initial == (str(tmp_path / "data.extxyz"),)
    assert found.method == f"potential:{tmp_path / 'ref'}" and found.descriptor == f"mace:{tmp_path / 'ref'}"
    assert found.preset == str(tmp_path / "own.yaml")
    (tmp_path / "data.extxyz").unlink()
    with pytest.raises(InputError, match=r"data.extxyz: no such file; expected labelled frames"):
        read_settings(file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"descriptor": "sopa"}, r"unknown descriptors 'sopa' \(did you mean 'soap'\?\)"),
        ({"descriptor": "mace:nowhere"}, "nowhere"),
        ({"precision": "singel"}, r"`precision`: expected double or single, not 'singel' \(did you mean 'single'\?\)"),
        ({"method": "gfn3-xtb"}, "unknown method 'gfn3-xtb'"),
        ({"method_settings": {"accurac": 1}}, r"no setting 'accurac' \(did you mean 'accuracy'\?\)"),
        ({"preset": "endless.yaml"}, r"preset .*endless\.yaml sets no limit; give `max_time` .* or `max_epochs`"),
        ({"method": f"potential:{READY}", "states": [{**STATE, "liquid": "ACN:3"}]}, "does not know N; it knows H C O"),
        ({"method_settings": "accuracy=1"}, "method_settings: expected a mapping of names to values, not 'accuracy=1'"),
    ],
)
def test_what_a_later_step_would_stumble_over_is_refused_first(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    (tmp_path / "endless.yaml").write_text("settings: {}\n")
    with pytest.raises(InputError, match=message):
        read_settings(written(tmp_path, **change))


def begun(folder: Path, charge: int = 0, **more: Any) -> LearnSettings:
    """Return settings whose initial frames are of methanol, some of them of another charge."""
    frames = [*isolated_atoms(), *methanol_frames(12, seed=1)]
    for atoms in frames[len(frames) // 2 :]:
        atoms.info["charge"] = charge
    write_frames(folder / "methanol.extxyz", frames)
    return read_mapping(LearnSettings, {**LEAST, "initial": str(folder / "methanol.extxyz"), **more}, "learn.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"states": [STATE, {**STATE, "liquid": "CO:2,ACN:1"}]}, "state 2: ACN has the element N; .* only C, H, O"),
        ({"states": [{**STATE, "length": "0.1fs"}]}, "shorter than one time step"),
        ({"ranks": 10**6}, "`ranks` 1000000: expected 1 to"),
    ],
)
def test_what_the_dynamics_would_refuse_is_refused_before_the_first_fit(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        learn(begun(tmp_path, **change), tmp_path / "learned")
    assert not (tmp_path / "learned").exists()


def test_too_few_initial_frames_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    settings = begun(tmp_path)
    write_frames(tmp_path / "methanol.extxyz", methanol_frames(1, seed=1))
    with pytest.raises(InputError, match="cannot fill 3 parts"):
        learn(settings, tmp_path / "learned")
    assert not (tmp_path / "learned").exists()


def test_a_first_fit_that_is_refused_leaves_the_folder_to_better_data(tmp_path: Path) -> None:
    for charge in (1, -1):
        with pytest.raises(InputError, match="charge"):
            learn(begun(tmp_path, charge), tmp_path / "learned")
        assert [file.name for file in (tmp_path / "learned").iterdir()] == [LOCK]


@given(
    st.lists(st.floats(min_value=0.0) | st.just(float("nan"))),
    st.floats(min_value=1e-3, max_value=1.0),
    st.floats(min_value=1e-3, max_value=1.0),
)
def test_every_explored_frame_is_in_one_class(found: list[float], lower: float, width: float) -> None:
    kinds = [classify(deviation, (lower, lower + width)) for deviation in found]
    assert sum(kinds.count(kind) for kind in CLASSES) == len(found)
    for deviation, kind in zip(found, kinds, strict=True):
        assert (kind == "accurate") == (deviation < lower)
        assert (kind == "failed") == (not deviation < lower + width)


@pytest.fixture(scope="module")
def liquid() -> Atoms:
    return pack(parse_liquid("CO:6"), 0.5, 1)


def judged(atoms: Atoms, liquid: Atoms, energy: float = 0.0) -> str | None:
    expected = {tuple(pair) for pair in bonds(liquid).tolist()}
    return implausible(Frame(atoms, 0, 0.2, energy), expected, 0.0, Plausible())


def moved(atoms: Atoms, index: int, target: int, distance: float) -> Atoms:
    """Return a copy with the molecule of atom `index` moved so that this atom is `distance` from atom `target`."""
    copy = atoms.copy()
    ids = copy.arrays["mol_id"]
    copy.positions[ids == ids[index]] += copy.positions[target] + [distance, 0, 0] - copy.positions[index]
    return copy


def test_a_packed_liquid_is_plausible(liquid: Atoms) -> None:
    assert judged(liquid, liquid) is None
    assert closest_contact(liquid) > 0.5


def test_a_molecule_that_left_through_the_boundary_is_as_plausible(liquid: Atoms) -> None:
    copy = liquid.copy()
    copy.positions[copy.arrays["mol_id"] == 2] += 3 * copy.cell.array[1]
    assert judged(copy, liquid) is None
    assert closest_contact(copy) == pytest.approx(closest_contact(liquid))


def test_frames_are_refused_with_the_reason(liquid: Atoms) -> None:
    stretched = liquid.copy()
    hydrogen = next(index for index in range(len(stretched)) if stretched.symbols[index] == "H")
    stretched.positions[hydrogen] *= [3, 1, 1]
    stretched.positions[hydrogen] += 1.0
    assert judged(stretched, liquid) == "broken bond"
    molecule = liquid.arrays["mol_id"] == 0
    oxygen, other = (int(np.flatnonzero(mask & (liquid.numbers == 8))[0]) for mask in (molecule, ~molecule))
    assert judged(moved(liquid, oxygen, other, 1.2), liquid) == "new bond"
    lone = Atoms("He2", positions=[[0, 0, 0], [1.2, 0, 0]], cell=[20] * 3, pbc=True)
    lone.set_array("mol_id", np.arange(2))
    assert judged(lone, lone) == "contact"
    assert judged(liquid, liquid, energy=0.31 * len(liquid)) == "energy"
    assert judged(liquid, liquid, energy=float("nan")) == "not a number"


def record(number: int, accurate: int, candidate: int, **more: object) -> dict[str, object]:
    return {
        "generation": number, "explored": 100, "accurate": accurate, "candidate": candidate,
        "failed": 100 - accurate - candidate, "rejected": {"contact": 1}, "stable_ps": [1.0, 2.0], "end": ["bond", "x"],
        "seconds": {"fit": 10.0}, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (Stop(), None),
        (Stop(accurate=0.5), "goal: 60.0% of the frames are accurate"),
        (Stop(accurate=0.7), None),
        (Stop(accurate=0.5, stable=1.5), None),  # all goals, not one of them
        (Stop(accurate=0.5, stable=1.0), "goal: 60.0% of the frames are accurate, every state is stable for 1 ps"),
        (Stop(generations=2), "budget: 2 generations"),
        (Stop(frames=30), "budget: 30 frames are labelled"),
        (Stop(time=20.0), "budget: 20 s of 20 s are used"),
        (Stop(time=21.0), None),
    ],
)
def test_it_ends_when_all_goals_are_reached_or_one_budget_is_used_up(stop: Stop, reason: str | None) -> None:
    assert reason_to_stop(stop, [record(0, 30, 40, labelled=30), record(1, 60, 30)]) == reason


def test_it_ends_where_no_plausible_candidate_is_left() -> None:
    assert "no plausible candidate" in str(reason_to_stop(Stop(), [record(0, 0, 1)]))


def test_the_last_frames_of_a_budget_are_used() -> None:
    assert frames_left(Stop(frames=35), [record(0, 0, 9, labelled=30), record(1, 0, 9)], 20) == 5


def test_a_row_of_the_table_counts_reasons_and_names_the_longest_run() -> None:
    line = row(record(0, 30, 40))
    assert (line["rejected"], line["rejected_by_reason"], line["longest_stable_ps"]) == (1, "contact: 1", 2.0)
    assert line["labelled"] == "" and line["fit_s"] == 10.0
