import numpy as np
import pytest

from decant.data.frames import density
from decant.foundation.errors import InputError
from decant.molecules.liquid import parse_liquid
from decant.molecules.packing import AROUND_CATIONS, closest_distance, pack


def test_a_packed_box_has_its_density_its_order_and_no_contact_below_the_tolerance():
    atoms = pack(parse_liquid("EMC:3,EC:2"), 1.15, seed=4, tolerance=2.0)
    assert density(atoms) == pytest.approx(1.15)
    assert np.bincount(atoms.arrays["mol_id"]).tolist() == [15] * 3 + [10] * 2
    assert atoms.info["liquid"] == "EMC:3,EC:2"
    assert closest_distance(atoms, 3.0) > 1.8


def test_a_run_starts_with_room_around_its_cations():
    for seed in range(4):
        atoms = pack(parse_liquid("EC:4,EMC:8,Li+:3,PF6-:3"), 1.2, seed=seed)
        lithium = np.flatnonzero(atoms.symbols == "Li")
        others = atoms.get_all_distances(mic=True)[lithium]
        others[np.arange(len(lithium)), lithium] = np.inf
        assert others.min() > 0.97 * AROUND_CATIONS
        assert closest_distance(atoms, 3.0) > 1.8


def test_the_same_seed_packs_the_same_box_and_another_seed_another():
    boxes = [pack(parse_liquid("EC:3"), 1.0, seed=seed).positions for seed in (1, 1, 2)]
    assert np.array_equal(boxes[0], boxes[1])
    assert not np.allclose(boxes[0], boxes[2])


def test_contacts_with_periodic_images_of_the_same_molecule_count():
    atoms = pack(parse_liquid("EC:1"), 0.2, seed=1)
    assert closest_distance(atoms, 3.0) == 3.0
    atoms.set_cell([6.0, 6.0, 6.0])
    assert closest_distance(atoms, 3.0) < 3.0


@pytest.mark.parametrize("density_g_cm3", [2.2, 5.0])
def test_too_dense_a_box_is_refused(density_g_cm3):
    with pytest.raises(InputError, match=rf"EC:2 at {density_g_cm3} g/cm3: too dense".replace(".0 ", " ")):
        pack(parse_liquid("EC:2"), density_g_cm3, seed=1)


@pytest.mark.parametrize("density_g_cm3", [0.0, -1.0, float("nan"), float("inf")])
def test_a_density_that_is_not_one_is_refused(density_g_cm3):
    with pytest.raises(InputError, match="expected a positive number of g/cm3"):
        pack(parse_liquid("EC:2"), density_g_cm3, seed=1)
