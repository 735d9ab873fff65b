"""Recipe `liquid` with molecular dynamics: an exported potential through LAMMPS, or a reference method through ASE."""

import numpy as np
import pytest

from decant.configurations.base import build_entry
from decant.configurations.sampling import Sampling, intact, sample
from decant.foundation.errors import InputError
from decant.molecules.topology import bonds

METHANOL = {"liquid": "CO:3", "density": 0.6, "hessian": "mmff94", "conformers": 1}


def entry(count, **parameters):
    return {"recipe": "liquid", "count": count, "parameters": {**METHANOL, **parameters}}


def packed(temperature=200):
    (start,) = build_entry(entry(1, temperature=temperature), 0, 1)
    return start


@pytest.fixture(scope="module")
def driver(mace_potential):
    return f"potential:{mace_potential}"


def test_a_potential_samples_boxes_whose_snapshots_share_a_group(driver):
    frames = build_entry(entry(4, driver=driver, length="20fs", snapshots=2, temperature=100), 0, 1)
    assert len({atoms.info["group"] for atoms in frames}) == 2
    assert all(atoms.info["driver"] == driver and atoms.info["recipe"] == "liquid" for atoms in frames)
    assert all(atoms.cell.volume == pytest.approx(frames[0].cell.volume) for atoms in frames)
    first, second, *_ = frames
    assert 1e-3 < abs(first.positions - second.positions).max() < 1.0


def test_a_seed_repeats_the_dynamics_of_a_potential(driver):
    recipe = entry(1, driver=driver, length="20fs", temperature=100)
    first, again, other = (build_entry(recipe, 0, seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first.positions, again.positions)
    assert not np.allclose(first.positions, other.positions)


def test_a_trajectory_that_breaks_gives_the_configurations_before_it_breaks(driver):
    start = packed()
    frames = sample(Sampling(driver, start, 30000.0, 0.02, 20, 1))  # no molecule survives this temperature
    whole = intact(bonds(start))
    assert 1 <= len(frames) < 20 and all(whole(atoms) for atoms in frames)
    assert len({atoms.positions.tobytes() for atoms in frames}) == len(frames), "no configuration comes twice"


def test_a_reference_method_shakes_the_bonds_more_at_a_higher_temperature():
    start = packed(temperature=0)
    pairs = bonds(start)

    def lengths(atoms):
        return np.linalg.norm(atoms.positions[pairs[:, 0]] - atoms.positions[pairs[:, 1]], axis=1)

    cold, hot = (sample(Sampling("gfn1-xtb", start, kelvin, 0.04, 1, 1))[0] for kelvin in (10.0, 1500.0))
    assert np.std(lengths(hot) - lengths(start)) > 2 * np.std(lengths(cold) - lengths(start)) > 0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"driver": "potential:nowhere"}, "nowhere: no such directory"),
        ({"driver": "gfn3-xtb"}, "unknown method 'gfn3-xtb'"),
        ({"driver": "gfn2-xtb", "length": "1 day"}, "length '1 day': expected a positive number"),
        ({"driver": "gfn2-xtb", "snapshots": 0}, "snapshots 0: expected a positive whole number"),
    ],
)
def test_a_sampling_that_makes_no_sense_is_refused(parameters, message):
    with pytest.raises(InputError, match=message):
        build_entry(entry(1, **parameters), 0, 1)
