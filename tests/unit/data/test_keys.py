import re

import ase.units
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decant.data.import_ import import_frames
from decant.data.keys import LabelKeys
from decant.data.label_units import LabelUnits, unit_value
from decant.foundation.errors import InputError

WATER = [("O", 0.0, 0.0, 0.0), ("H", 0.96, 0.0, 0.0), ("H", -0.24, 0.93, 0.0)]
CELL = 'Lattice="10 0 0 0 10 0 0 0 10" pbc="T T T"'
VIRIAL = '"1 2 3 2 4 5 3 5 6"'
STRESS = '"-1e-3 -2e-3 -3e-3 -2e-3 -4e-3 -5e-3 -3e-3 -5e-3 -6e-3"'  # of the same frame, in a box of 1000 A^3


def frame(comment, *forces, moved=0.0):
    """One water; each name of forces has its own numbers, the first 0.1, the second 0.2 eV/A on the first atom."""
    properties = "species:S:1:pos:R:3" + "".join(f":{name}:R:3" for name in forces)
    rows = []
    for number, (symbol, x, y, z) in enumerate(WATER):
        shift = moved if number == 1 else 0.0
        values = [
            f"{place * 0.1 * (number == 0) - place * 0.1 * (number == 1)} 0 0" for place in range(1, len(forces) + 1)
        ]
        rows.append(" ".join([symbol, str(x + shift), str(y), str(z), *values]))
    return f"3\nProperties={properties} {comment}\n" + "\n".join(rows) + "\n"


@pytest.fixture
def taken(tmp_path):
    def take(*frames, **keys):
        path = tmp_path / "source.extxyz"
        path.write_text("".join(frames))
        return import_frames(path, LabelKeys(**{f"{label}_key": key for label, key in keys.items()}))

    return take


def labels(atoms):
    return atoms.info["REF_energy"], atoms.arrays["REF_forces"][0, 0]


def test_energy_and_forces_are_of_one_level(taken):
    result = taken(frame("energy=-14 energy_xtb=-13", "forces_xtb"))
    assert labels(result.frames[0]) == (-13, 0.1)
    assert result.report["other_labels"] == ["energy"]
    assert labels(taken(frame("energy=-14 dft_energy=-13", "forces", "mace_forces")).frames[0]) == (-14, 0.1)


@pytest.mark.parametrize(
    ("comment", "forces"),
    [
        ("energy=-14", ["forces_xtb"]), ("energy_xtb=-14", ["forces"]), ("dft_energy=-14", ["xtb_forces"]),
        ("E_dft=-14 energy_weight=1.0", ["forces"]), ("REF_energy=-14 energy=-13", ["forces"]),
        ("energy=-14", ["REF_forces", "forces"]), ("REF_energy=-14 dft_energy=-13", ["dft_forces"]),
    ],
)  # fmt: skip
def test_labels_of_two_levels_alone_ask_for_both_names(taken, comment, forces):
    with pytest.raises(
        InputError, match=r"name (both with|the labels of one with) `energy_key` and `forces_key`"
    ) as asked:
        taken(frame(comment, *forces))
    assert forces[0] in str(asked.value) and "source.extxyz" in str(asked.value)
    energy = comment.split("=")[0]
    assert labels(taken(frame(comment, *forces), energy=energy, forces=forces[0]).frames[0]) == (-14, 0.1)


def test_several_complete_levels_ask_which_and_one_key_answers(taken):
    both = frame("energy_dft=-14 energy_xtb=-13", "forces_dft", "forces_xtb")
    with pytest.raises(
        InputError,
        match="several levels of theory: energy_dft, forces_dft; energy_xtb, forces_xtb; choose with `energy_key`",
    ):
        taken(both)
    assert labels(taken(both, energy="energy_dft").frames[0]) == (-14, 0.1)
    assert labels(taken(both, energy="energy_xtb").frames[0]) == (-13, 0.2)
    assert labels(taken(both, forces="forces_xtb").frames[0]) == (-13, 0.2)
    of_two_frames = [frame("energy_dft=-14", "forces_dft"), frame("energy_xtb=-13", "forces_xtb", moved=0.01)]
    with pytest.raises(InputError, match="several levels of theory"):
        taken(*of_two_frames)


def test_the_houses_labels_win_where_they_are_complete(taken):
    result = taken(
        frame(f"{CELL} energy=-13 REF_energy=-14 energy_dft=-12 stress={STRESS}", "REF_forces", "forces", "forces_dft")
    )
    assert labels(result.frames[0]) == (-14, 0.1)
    assert "REF_virial" not in result.frames[0].info  # the stress belongs to the other energy
    assert result.report["other_labels"] == ["energy", "energy_dft", "forces", "forces_dft", "stress"]


def test_the_houses_labels_are_completed_by_unnamed_ones_that_do_not_contradict(taken):
    (atoms,) = taken(frame(f"{CELL} REF_energy=-14 energy=-14.000001 virial={VIRIAL}", "forces")).frames
    assert labels(atoms) == (-14, 0.1) and atoms.info["REF_virial"][0, 0] == 1


@pytest.mark.parametrize("name", ["energy_weight", "energy_std", "energy_shift", "kinetic_energy", "energy_gap"])
def test_a_key_that_begins_like_an_energy_is_none(taken, name):
    with pytest.raises(InputError, match=f"no energy in any frame .keys found: .*{name}"):
        taken(frame(f"{name}=1.0", "forces"))
    assert labels(taken(frame(f"{name}=1.0 energy=-14", "forces")).frames[0]) == (-14, 0.1)


def test_an_energy_per_atom_is_taken_by_name_only_and_multiplied(taken):
    with pytest.raises(InputError, match="no total energy in any frame; energy_per_atom is one per atom"):
        taken(frame("energy_per_atom=-5", "forces"))
    result = taken(frame("energy_per_atom=-5", "forces"), energy="energy_per_atom")
    assert labels(result.frames[0]) == (-15, 0.1) and "energy_per_atom * atoms" in result.report["keys"]


def test_virial_in_some_frames_and_stress_in_others_are_both_taken(taken):
    result = taken(
        frame(f"{CELL} energy=-14 virial={VIRIAL}", "forces"),
        frame(f"{CELL} energy=-14 stress={STRESS}", "forces", moved=0.01),
        frame(f"{CELL} energy=-14 virial={VIRIAL} stress={STRESS}", "forces", moved=0.02),
        frame(f"{CELL} energy=-14", "forces", moved=0.03),
    )
    assert [np.round(a.info["REF_virial"][0], 9).tolist() for a in result.frames[:3]] == [[1, 2, 3]] * 3
    assert "REF_virial" not in result.frames[3].info and result.report["with_virial"] == 3
    assert "virial <- virial or -volume * stress" in result.report["keys"]


def test_virial_and_stress_of_a_frame_that_disagree_are_refused_by_name(taken):
    wrong = frame(f"{CELL} energy=-14 virial={VIRIAL} stress={STRESS.replace('-', '').replace('e3', 'e-3')}", "forces")
    with pytest.raises(
        InputError, match=r"frame 0: virial and stress disagree .as virials the first is -1 times the second"
    ):
        taken(wrong)
    assert taken(wrong, virial="virial").frames[0].info["REF_virial"][0, 0] == 1
    assert taken(wrong, stress="stress").frames[0].info["REF_virial"][0, 0] == pytest.approx(-1)
    assert "REF_virial" not in taken(wrong, virial="none").frames[0].info


def test_a_stress_of_no_level_beside_labels_of_one_asks(taken):
    lone = frame(f"{CELL} energy_dft=-14 stress={STRESS}", "forces_dft")
    with pytest.raises(
        InputError,
        match="stress may be of another level of theory than the energy; say with `virial_key` or `stress_key`",
    ):
        taken(lone)
    assert taken(lone, stress="stress").frames[0].info["REF_virial"][0, 0] == pytest.approx(1)
    assert "REF_virial" not in taken(lone, stress="none").frames[0].info


def test_a_free_energy_counts_where_it_differs(taken):
    assert labels(taken(frame("energy=-14 free_energy=-14.001", "forces")).frames[0]) == (-14, 0.1)
    differing = frame("energy=-14 free_energy=-14.5", "forces")
    with pytest.raises(
        InputError, match=r"frame 0: energy and free_energy differ by 0.1667 eV per atom .*; choose with `energy_key`"
    ):
        taken(differing)
    assert labels(taken(differing, energy="free_energy").frames[0]) == (-14.5, 0.1)


def test_two_spellings_of_one_energy_must_agree(taken):
    assert labels(taken(frame("energy=-14 Energy=-14", "forces")).frames[0]) == (-14, 0.1)
    mixed = taken(frame("energy=-14", "forces"), frame("Energy=-15", "force", moved=0.01))
    assert [labels(atoms) for atoms in mixed.frames] == [(-14, 0.1), (-15, 0.1)]
    with pytest.raises(InputError, match="frame 1: energy and total_energy differ"):
        taken(frame("energy=-14", "forces"), frame("energy=-14 total_energy=-10", "forces", moved=0.01))


def test_a_name_that_says_a_unit_asks_for_it(taken):
    with pytest.raises(InputError, match="energy_hartree says another unit; give `energy_unit`, for example hartree"):
        taken(frame("energy_hartree=-0.5", "forces"))
    assert labels(taken(frame("energy_eV=-14", "forces_eV_A")).frames[0]) == (-14, 0.1)


def test_a_unit_in_a_name_counts_for_that_name_only(taken, tmp_path):
    both = [frame("energy=-14", "forces"), frame("energy_hartree=-0.5", "forces", moved=0.01)]
    with pytest.raises(InputError, match="energy_hartree says another unit; give `energy_unit`, that of energy eV or"):
        taken(*both)
    for unit, size in (("eV", 1.0), ("kcal/mol", ase.units.kcal / ase.units.mol)):
        found = import_frames(tmp_path / "source.extxyz", units=LabelUnits(energy_unit=unit)).frames
        assert [atoms.info["REF_energy"] for atoms in found] == pytest.approx([-14 * size, -0.5 * ase.units.Hartree])
    named = taken(frame("energy_eV=-14", "forces"), frame("energy_hartree=-0.5", "forces", moved=0.01))
    assert [atoms.info["REF_energy"] for atoms in named.frames] == pytest.approx([-14, -0.5 * ase.units.Hartree])


@pytest.mark.parametrize(
    ("unit", "energy"),
    [
        ("Hartree/Bohr", "Hartree"),
        ("kcal/mol/Ang", "kcal/mol"),
        ("kJ per mol per nm", "kJ/mol"),
        ("ry/bohr", "ry"),
        ("kcal*mol^-1*Ang^-1", "kcal*mol^-1"),
        ("Bohr^-1*Hartree", "Hartree"),
    ],
)
def test_forces_of_another_energy_than_eV_ask_for_that_of_the_energies(taken, tmp_path, unit, energy):
    def read(**said):
        return import_frames(tmp_path / "source.extxyz", units=LabelUnits(forces_unit=unit, **said)).frames[0]

    taken(frame("energy=-14", "forces"))
    with pytest.raises(InputError, match=f"whether energies are in {re.escape(energy)} or in eV; give `energy_unit`"):
        read()
    assert labels(read(energy_unit="eV"))[0] == -14
    assert labels(read(energy_unit=energy))[0] == pytest.approx(-14 * unit_value(energy, "energy"))


def test_forces_of_eV_or_energies_that_say_their_unit_ask_nothing(taken, tmp_path):
    taken(frame("energy=-14", "forces"))
    assert import_frames(tmp_path / "source.extxyz", units=LabelUnits(forces_unit="eV/Bohr")).frames
    taken(frame("energy_eV=-14", "forces"))
    assert import_frames(tmp_path / "source.extxyz", units=LabelUnits(forces_unit="meV/Ang")).frames


def test_gradients_are_asked_for_by_their_name(taken, tmp_path):
    with pytest.raises(InputError, match=r"no forces.*; is it dft_gradient\? Say so with `forces_key`, of gradients"):
        taken(frame("energy=-14", "dft_gradient"))
    said = import_frames(
        tmp_path / "source.extxyz", LabelKeys("energy", "dft_gradient"), units=LabelUnits(forces_sign=-1)
    )
    assert labels(said.frames[0]) == (-14, -0.1)


ATOM = "1\nenergy={}\nH 0 0 0\n"


def test_energies_of_one_isolated_atom_must_be_one(taken):
    water = frame("energy=-440", "forces")
    assert taken(ATOM.format(-13.6), ATOM.format(-13.6000001), water).report["isolated_atoms"] == {"H": -13.6}
    with pytest.raises(InputError, match=r"isolated atom H has -13.6\d* eV in frame 0 and -12.5\d* eV in frame 2"):
        taken(ATOM.format(-13.6), water, ATOM.format(-12.5))


@pytest.mark.parametrize("said", ["converged=F", "scf_converged=False", "is_converged=0", "converged=.false."])
def test_a_frame_that_says_it_has_not_converged_is_left_out(taken, said):
    result = taken(frame("energy=-14 converged=T", "forces"), frame(f"energy=-14 {said}", "forces", moved=0.01))
    assert len(result.frames) == 1 and result.rejects[0].reason == f"not converged ({said})"


@given(
    st.lists(st.sampled_from(["energy", "forces", "energy_xtb", "forces_xtb", "dft_energy", "dft_forces"]), unique=True)
)
def test_labels_never_mix_levels_unasked(tmp_path_factory, names):
    """Whatever names a file has: what is taken is of one level, or somebody is asked."""
    energies = [name for name in names if "energy" in name]
    forces = [name for name in names if "forces" in name]
    path = tmp_path_factory.mktemp("levels") / "source.extxyz"
    path.write_text(frame(" ".join(f"{name}={-10 - place}" for place, name in enumerate(energies)) or "a=1", *forces))
    try:
        keys = import_frames(path).report["keys"]
    except InputError:
        return
    level = {
        "energy <- energy, forces <- forces",
        "energy <- energy_xtb, forces <- forces_xtb",
        "energy <- dft_energy, forces <- dft_forces",
    }
    assert keys.removesuffix(", virial <- none") in level
