"""Labels in wrong units or of the wrong sign are told; those that are right are taken, whatever the frames."""

import re

import ase.units
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from decant.data.extxyz import read_raw
from decant.data.import_ import import_frames
from decant.data.keys import LabelKeys
from decant.data.label_checks import find_misfits
from decant.data.label_units import LabelUnits, unit_value
from decant.data.limits import Limits
from decant.data.misfits import samples
from decant.data.reactions import find_molecules
from decant.data.stiffness import bond_stiffness
from decant.foundation.errors import InputError
from tests import springs
from tests.unit.data.test_neighbors import shaken


def changed(frames, energy=1.0, forces=1.0, virial=1.0, length=1.0, stress=None):
    """Return frames whose labels are multiplied; with `stress`, virials become stresses times it."""
    made = []
    for source in frames:
        atoms = source.copy()
        atoms.info["energy"] *= energy
        if "forces" in atoms.arrays:
            atoms.arrays["forces"] *= forces
        if "virial" in atoms.info:
            atoms.info["virial"] = atoms.info["virial"] * virial
            if stress is not None:
                atoms.info["stress"] = -atoms.info.pop("virial") / atoms.get_volume() * stress
        atoms.set_cell(atoms.cell * length, scale_atoms=False)
        atoms.positions *= length
        made.append(atoms)
    return made


def without_house_labels(atoms):
    """Return the frame with its labels under the names of ASE only."""
    for held in (atoms.info, atoms.arrays):
        for key in [key for key in held if key.startswith("REF_")]:
            del held[key]
    return atoms


def sampled(frames):
    """Return frames of the house form as the checks see them."""
    molecules = find_molecules(frames, [np.arange(len(atoms)) // 6 for atoms in frames])
    return samples(frames, molecules, range(len(frames)), ["virial"] * len(frames))


@pytest.fixture(scope="module")
def frames():
    return springs.liquid(6)


@pytest.fixture
def told(tmp_path):
    def tell(frames, **settings):
        with pytest.raises(InputError) as error:
            import_frames(springs.write(tmp_path / "wrong.extxyz", frames), **settings)
        assert "\n" not in str(error.value)
        return str(error.value)

    return tell


def test_right_labels_are_taken_with_their_ranges_in_plain_units(tmp_path, frames):
    report = import_frames(springs.write(tmp_path / "right.extxyz", [*springs.isolated_atoms(), *frames])).report
    bulk = import_frames(tmp_path / "right.extxyz").frames[3:]
    pressures = [np.trace(a.info["REF_virial"]) / 3 / 1000 * 160.21766 for a in bulk]
    assert report["pressure_GPa"] == pytest.approx([min(pressures), max(pressures)], rel=1e-6)
    energies = [(8 * (-150 - 430 - 4 * 12.0) - a.info["REF_energy"]) / 48 for a in bulk]
    assert report["atomization_eV_per_atom"] == pytest.approx([min(energies), max(energies)])
    largest = [np.linalg.norm(a.arrays["REF_forces"], axis=1).max() for a in bulk]
    assert report["largest_force_eV_A"] == pytest.approx([min(largest), max(largest)])


def test_without_isolated_atoms_energies_are_told_as_they_are(tmp_path, frames):
    report = import_frames(springs.write(tmp_path / "right.extxyz", frames)).report
    assert report["energy_eV_per_atom"] == pytest.approx(
        [a.info["energy"] / 48 for a in (frames[0], frames[-1])], rel=0.1
    )


@pytest.mark.parametrize("unit", ["Hartree/Bohr", "Rydberg/Bohr", "kcal/mol/Ang", "kJ/mol/Ang", "meV/Ang"])
def test_forces_in_another_unit_are_told_with_the_factor(told, tmp_path, frames, unit):
    factor = 1 / unit_value(unit, "forces")
    message = told(changed(frames, forces=factor))
    assert f"{unit} (factor {factor:.4g})" in message and "give `forces_unit` (a unit or sign that is said" in message
    path = springs.write(tmp_path / "said.extxyz", changed(frames, forces=factor))
    (atoms, *_) = import_frames(path, units=LabelUnits("eV", unit)).frames
    assert np.allclose(atoms.arrays["REF_forces"], frames[0].arrays["forces"], atol=1e-5)


def test_gradients_instead_of_forces_are_told(told, tmp_path, frames):
    assert "forces look like the other sign; give `forces_sign`" in told(changed(frames, forces=-1))
    path = springs.write(tmp_path / "said.extxyz", changed(frames, forces=-1))
    (atoms, *_) = import_frames(path, units=LabelUnits(forces_sign=-1)).frames
    assert np.allclose(atoms.arrays["REF_forces"], frames[0].arrays["forces"], atol=1e-7)


@pytest.mark.parametrize(("unit", "sign"), [("kbar", 1), ("GPa", 1), ("bar", 1), ("kbar", -1), ("eV/Ang^3", -1)])
def test_a_stress_of_another_unit_or_sign_is_told_and_converted_where_said(told, tmp_path, frames, unit, sign):
    wrong = changed(frames, stress=sign / unit_value(unit, "stress"))
    message = told(wrong)
    assert unit == "eV/Ang^3" or f"stress looks like {unit}" in message
    assert (sign < 0) == ("the other sign" in message) == ("`stress_sign`" in message)
    path = springs.write(tmp_path / "said.extxyz", wrong)
    (atoms, *_) = import_frames(path, units=LabelUnits(stress_unit=unit, stress_sign=sign)).frames
    assert np.allclose(atoms.info["REF_virial"], frames[0].info["virial"], rtol=1e-6, atol=1e-6)


def test_the_sign_of_a_stress_is_asked_for_though_its_unit_is_said(told, frames):
    wrong = changed(frames, stress=-1 / unit_value("kbar", "stress"))
    message = told(wrong, units=LabelUnits(stress_unit="kbar"))
    assert "stress looks like the other sign; give `stress_sign`" in message and "kbar" not in message


def test_the_sign_of_stresses_leaves_virials_as_they_are_and_the_other_way_round(told, tmp_path, frames):
    mixed = [*frames[:3], *changed(frames[3:], stress=-1)]
    found = import_frames(springs.write(tmp_path / "a.xyz", mixed), units=LabelUnits(stress_sign=-1)).frames
    assert all(np.allclose(a.info["REF_virial"], b.info["virial"]) for a, b in zip(found, frames, strict=True))
    wrong = changed(frames, virial=-1)
    assert "virial looks like the other sign; give `virial_sign`" in told(wrong, units=LabelUnits(stress_sign=-1))
    (atoms, *_) = import_frames(springs.write(tmp_path / "b.xyz", wrong), units=LabelUnits(virial_sign=-1)).frames
    assert np.allclose(atoms.info["REF_virial"], frames[0].info["virial"])


def test_a_stress_of_zeros_is_no_label(told, tmp_path, frames):
    empty = changed(frames, stress=0.0)
    assert "the stress is zero in 6 of 6 frames, though forces are not" in told(empty)
    bare = import_frames(springs.write(tmp_path / "empty.extxyz", empty), LabelKeys(stress_key="none")).frames
    assert not any("REF_virial" in atoms.info for atoms in bare)


def test_a_virial_under_the_key_of_a_stress_is_told(told, frames):
    assert "the key is that of a virial, not of a stress" in told(changed(frames, stress=-1000.0))


@pytest.mark.parametrize(
    ("energy", "word"), [(1 / ase.units.Hartree, "Hartree"), (23.06, "kcal/mol"), (1 / 48, "per atom")]
)
def test_energies_in_another_unit_are_told_by_the_bonds_or_the_spread(told, frames, energy, word):
    assert word in told(changed(frames, energy=energy))
    atoms = springs.isolated_atoms() if word == "per atom" else changed(springs.isolated_atoms(), energy=energy)
    assert word in told([*atoms, *changed(frames, energy=energy)])


def test_some_frames_of_another_unit_or_sign_are_counted(told, frames):
    message = told([*frames[:4], *changed(frames[4:], forces=ase.units.Bohr / ase.units.Hartree)])
    assert "in 2 of 6 frames (the first: frame 4) forces answer" in message and "Hartree/Bohr" in message
    message = told([*frames[:3], *changed(frames[3:], virial=-1)])
    assert "in 3 of 5 frames (the first: frame 3) the virial is -" in message and "the other sign" in message
    message = told([*frames[:3], *changed(frames[3:], stress=-1)])  # virials right, stresses of the other sign
    assert "stress looks like the other sign" in message and "`stress_sign`" in message


@pytest.mark.parametrize(
    ("order", "places"), [("xx yy zz xy yz zx", (0, 4, 8, 1, 5, 2)), ("xx yy zz xy xz yz", (0, 4, 8, 1, 2, 5))]
)
def test_six_numbers_in_the_order_of_another_program_are_told(told, tmp_path, frames, order, places):
    wrong = changed(frames, stress=1)
    for atoms in wrong:
        atoms.info["stress"] = atoms.info["stress"].ravel()[list(places)]
    assert f"the stress has the order {order}, not that of ASE" in told(wrong)
    for atoms, source in zip(wrong, changed(frames, stress=1), strict=True):
        atoms.info["stress"] = source.info["stress"].ravel()[[0, 4, 8, 5, 2, 1]]
    assert len(import_frames(springs.write(tmp_path / "right.extxyz", wrong)).frames) == 6


def test_an_order_that_leaves_one_shear_in_its_place_is_told_whatever_shears_are_large(told):
    for seed in range(8):
        wrong = changed(springs.liquid(4, seed=seed), stress=1)
        for atoms in wrong:
            atoms.info["stress"] = atoms.info["stress"].ravel()[[0, 4, 8, 1, 2, 5]]
        assert "the stress has the order xx yy zz xy xz yz" in told(wrong)


def test_a_unit_and_a_sign_that_are_said_do_not_say_the_order_or_that_zeros_are_labels(told, frames):
    wrong = changed(frames, stress=-1 / unit_value("kbar", "stress"))
    for atoms in wrong:
        atoms.info["stress"] = atoms.info["stress"].ravel()[[0, 4, 8, 1, 5, 2]]
    units = LabelUnits(stress_unit="kbar", stress_sign=-1)
    message = told(wrong, units=units)
    assert "the stress has the order xx yy zz xy yz zx" in message and "taken at the word" not in message
    assert "the stress is zero in 6 of 6 frames" in told(changed(frames, stress=0.0), units=units)


def test_energies_that_do_not_grow_with_the_frame_are_those_of_an_atom(told):
    frames = [springs.liquid(1, spread=0.002, boxed=False, size=size)[0] for size in range(1, 7)]
    for atoms in frames:
        atoms.info["energy"] /= len(atoms)
    assert "energy looks like one per atom" in told(frames)


@pytest.mark.parametrize(("unit", "length"), [("Bohr", 1 / ase.units.Bohr), ("nm", 0.1), ("pm", 100.0)])
def test_positions_in_another_unit_are_told_and_converted_where_said(told, tmp_path, frames, unit, length):
    wrong = changed(frames, length=length)
    assert f"positions look like {unit}; give `length_unit`" in told(wrong)
    assert f"positions look like {unit}" in told(wrong, labelled=False)
    (atoms, *_) = import_frames(
        springs.write(tmp_path / "said.extxyz", wrong), units=LabelUnits(length_unit=unit)
    ).frames
    assert np.allclose(atoms.positions, frames[0].positions, atol=1e-6) and np.allclose(atoms.cell, frames[0].cell)


def test_what_is_said_is_taken_at_the_word_with_a_warning(tmp_path, frames, caplog):
    path = springs.write(tmp_path / "said.extxyz", changed(frames, forces=0.05))
    (atoms, *_) = import_frames(path, units=LabelUnits(forces_unit="eV/Ang")).frames
    assert np.allclose(atoms.arrays["REF_forces"], 0.05 * frames[0].arrays["forces"], atol=1e-7)
    assert "taken as said, but forces answer a stretched bond with 0.04" in caplog.text


@pytest.mark.parametrize("factor", [0.45, 2.3])
def test_a_factor_of_no_usual_unit_stops_an_import_until_a_unit_is_said(told, tmp_path, frames, factor, caplog):
    wrong = changed(frames, virial=factor)
    assert re.search(rf"virial is in no usual unit \(factor {factor:.2}\d*\); give `virial_unit` \(", told(wrong))
    path = springs.write(tmp_path / "said.extxyz", wrong)
    assert len(import_frames(path, units=LabelUnits(virial_unit="eV")).frames) == 6
    assert "taken as said, but the virial is" in caplog.text


@pytest.mark.parametrize(("energy", "forces"), [(2.0, 1.0), (0.45, 1.0), (1.0, 2.0), (1.0, 0.5)])
def test_energies_that_do_not_go_with_forces_stop_an_import_whatever_the_factor(told, energy, forces):
    message = told(changed([without_house_labels(atoms) for atoms in shaken(12)], energy, forces))
    assert "energy is in no usual unit" in message and "or forces are in no usual unit" in message
    assert "like ;" not in message


def test_all_that_is_wrong_is_told_at_once(told, frames):
    atomic = changed(frames, energy=1 / ase.units.Hartree, forces=ase.units.Bohr / ase.units.Hartree)
    message = told([*changed(springs.isolated_atoms(), energy=1 / ase.units.Hartree), *atomic])
    assert "give `forces_unit`; " in message and "give `energy_unit`" in message


def test_a_frame_beyond_a_limit_is_left_out(tmp_path, frames):
    wild = [atoms.copy() for atoms in frames]
    wild[1].info["energy"] += 48 * 7
    wild[2].info["virial"] = wild[2].info["virial"] * 0 + np.eye(3) * 1000
    wild[3].arrays["forces"][5] = [0, 80, 0]
    result = import_frames(springs.write(tmp_path / "wild.extxyz", wild))
    assert [
        (reject.index, re.sub(r"6.9\d*|7", "seven", reject.reason.split(" (")[0])) for reject in result.rejects
    ] == [
        (1, "absurd energy: seven eV per atom off the other frames"),
        (2, "absurd stress -160.2 GPa"),
        (3, "absurd force 80.0 eV/A on atom 5"),
    ]
    loose = Limits(force_limit=100, pressure_limit=200, energy_limit=8)
    assert len(import_frames(tmp_path / "wild.extxyz", limits=loose).frames) == 6


def test_energies_of_two_kinds_in_one_file_are_a_question_and_not_half_of_it_left_out(told):
    clusters = [springs.liquid(1, spread=0.002, boxed=False, size=2 + n // 2, seed=n)[0] for n in range(10)]
    mixed = [changed([atoms], energy=1 / ase.units.Hartree ** (n % 2))[0] for n, atoms in enumerate(clusters)]
    assert re.search(r"energies of \d+ of 10 frames \(the first: frame \d, .* are off what their elements", told(mixed))
    frames = springs.liquid(40, boxed=False, size=1)
    for atoms in frames[20:]:
        atoms.info["energy"] += 100
    assert re.search(r"energies of \d+ of 40 frames .* or raise `energy_limit`", told(frames))


@settings(max_examples=30)
@example(seed=602, spread=0.01, boxed=True, count=4)  # shears that look alike in two orders
@given(
    seed=st.integers(0, 1000), spread=st.sampled_from([0.0, 0.01, 0.05]), boxed=st.booleans(), count=st.integers(1, 4)
)
def test_nothing_is_said_against_right_labels(seed, spread, boxed, count):
    frames = springs.liquid(count, spread, boxed, seed=seed)
    for atoms in frames:
        atoms.info["REF_energy"], atoms.arrays["REF_forces"] = atoms.info["energy"], atoms.arrays["forces"]
        if boxed:
            atoms.info["REF_virial"] = atoms.info["virial"]
    assert find_misfits(frames, sampled(frames), springs.ATOMS) == []


@pytest.mark.parametrize("name", ["ec-emc-dft/ec-emc-dft", "solvent-clusters-xtb/train-50"])
def test_public_sets_tell_other_units_and_nothing_of_their_own(shared_data, tmp_path, name):
    frames = []
    raws = read_raw(shared_data / f"{name}.extxyz")
    for raw in [*raws[:3], *(raws[3:] if len(raws) < 100 else raws[3::13])]:
        atoms, level = raw.atoms, "_xtb" if "energy_xtb" in raw.info else ""
        atoms.info["energy"] = raw.info[f"energy{level}"]
        atoms.set_array("forces", raw.arrays.get(f"forces{level}", np.zeros((len(atoms), 3))))
        if "virial" in raw.info:
            atoms.info["virial"] = raw.info["virial"].reshape(3, 3)
        frames.append(atoms)
    path = tmp_path / "set.extxyz"
    assert len(import_frames(springs.write(path, frames)).frames) == len(frames)
    for wrong, word in (
        ({"energy": 1 / ase.units.Hartree}, "energy looks like Hartree"),
        ({"forces": ase.units.Bohr / ase.units.Hartree}, "forces look like Hartree/Bohr"),
        ({"forces": -1}, "forces look like the other sign"),
        *([({"virial": -1}, "virial looks like the other sign")] if "virial" in frames[5].info else []),
    ):
        with pytest.raises(InputError, match=word):
            import_frames(springs.write(path, changed(frames, **wrong)))
    kept = changed([atoms for atoms in frames if len(atoms) > 1], energy=1 / ase.units.Hartree)
    with pytest.raises(InputError, match=r"energy may be in .*Hartree"):
        import_frames(springs.write(path, kept))


def test_the_stiffness_of_bonds_is_that_of_the_springs():
    frames = springs.liquid(3)
    for atoms in frames:
        atoms.info["REF_energy"], atoms.arrays["REF_forces"] = 0.0, atoms.arrays["forces"]
    made = sampled(frames)
    # C-H has 31 eV/A^2 as in the table, O-H 47 there; the other springs of an atom pull along, too
    assert bond_stiffness(made).ratio == pytest.approx(1.0, abs=0.25)


def relabelled(frames, change):
    """Return frames whose forces are changed."""
    made = changed(frames)
    for atoms in made:
        atoms.arrays["forces"] = change(atoms)
    return made


TURNED = {
    "sorted by element": lambda atoms: atoms.arrays["forces"][np.argsort(atoms.numbers, kind="stable")],
    "other axes": lambda atoms: atoms.arrays["forces"][:, [1, 2, 0]],
    "another order": lambda atoms: np.roll(atoms.arrays["forces"], 1, axis=0),
}


@pytest.mark.parametrize("change", TURNED.values(), ids=TURNED.keys())
def test_forces_of_another_order_of_atoms_or_other_axes_are_told_until_they_are_said_to_be_right(
    told, tmp_path, frames, change, caplog
):
    wrong = relabelled(frames, change)
    assert re.search("forces do not draw hydrogens of stretched bonds back.*give `forces_sign`", told(wrong))
    result = import_frames(springs.write(tmp_path / "b.extxyz", wrong), units=LabelUnits(forces_sign=1))
    assert len(result.frames) == len(frames) and "taken as said, but forces do not draw hydrogens" in caplog.text


def test_forces_of_rigid_and_of_relaxed_molecules_say_nothing_of_their_order(tmp_path):
    random = np.random.default_rng(1)
    relaxed = relabelled(springs.liquid(6, boxed=False), lambda atoms: random.normal(scale=0.05, size=(len(atoms), 3)))
    for quiet in (relaxed, springs.liquid(6, spread=2e-3)):
        assert len(import_frames(springs.write(tmp_path / "quiet.extxyz", quiet)).frames) == 6


def test_energies_of_another_frame_of_a_trajectory_are_told(told, tmp_path):
    path = [without_house_labels(atoms) for atoms in shaken(12)]
    assert len(import_frames(springs.write(tmp_path / "right.extxyz", path)).frames) == 12
    wrong = changed(path)
    for atoms, other in zip(wrong, path[1:] + path[:1], strict=True):
        atoms.info["energy"] = other.info["energy"]
    assert re.search(r"energies of neighbouring frames do not differ as their forces say \(\d+ pairs", told(wrong))
    shifted = changed(path)
    for atoms, other in zip(shifted, path[1:] + path[:1], strict=True):
        atoms.arrays["forces"] = other.arrays["forces"]
    assert "do not differ as their forces say" in told(shifted)
