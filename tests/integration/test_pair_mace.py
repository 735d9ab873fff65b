"""`pair_style mace` says what mace-torch says, on any number of ranks, and refuses what it cannot do."""

from __future__ import annotations

import platform
import re
from pathlib import Path
from typing import Any

import ase
import numpy as np
import pytest
from ase.build import molecule

from decant.algorithms.mace.export.weights import FORMAT_VERSION, write_model
from decant.algorithms.mace.random import DENSITY, GATED, random_mace
from decant.foundation.errors import InputError
from decant.lammps.data import write_data
from tests.lammps_runs import ELEMENTS, evaluate, header, run_lmp
from tests.mace_agreement import agree, liquid

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "64x0e+64x1o, l_max 3, correlation 3": {"hidden": "64x0e+64x1o", "r_max": 4.5},
    "channels that fill no vector": {"hidden": "5x0e+5x1o", "l_max": 2, "correlation": 2},
    "scalars only": {"hidden": "16x0e", "l_max": 3},
    "one layer": {"hidden": "8x0e", "layers": 1, "l_max": 1},
    "three layers": {"hidden": "8x0e+8x1o", "layers": 3, "l_max": 2, "correlation": 1},
    "first block without residual": {"first": "RealAgnosticInteractionBlock"},
    "no block with residual": {"first": "RealAgnosticInteractionBlock", "later": "RealAgnosticInteractionBlock"},
    "plain MACE": {"kind": "MACE", "correlation": 2},
    "features with l = 2": {"hidden": "8x0e+8x1o+8x2e", "correlation": 2},
}


def triclinic(atoms: ase.Atoms) -> ase.Atoms:
    """Shear and turn the box together with its atoms."""
    sheared = atoms.copy()
    side = atoms.cell[0, 0]
    sheared.set_cell([[side, 0, 0], [0.3 * side, side, 0], [-0.2 * side, 0.25 * side, 1.1 * side]], scale_atoms=True)
    sheared.rotate(40, "z", rotate_cell=True)
    sheared.rotate(25, "x", rotate_cell=True)
    return sheared


@pytest.fixture
def compare(tmp_path: Path) -> Any:
    """Compare LAMMPS with mace-torch on one configuration and several rank counts."""

    def run(model: Any, atoms: ase.Atoms, ranks: tuple[int, ...] = (1, 2, 4)) -> None:
        agree(tmp_path, model, atoms, ranks)

    return run


@pytest.mark.parametrize("settings", ARCHITECTURES.values(), ids=ARCHITECTURES.keys())
def test_every_covered_architecture_agrees_with_mace_torch(compare: Any, settings: dict[str, Any]) -> None:
    compare(random_mace(**settings), liquid(), ranks=(1, 2))


def test_one_two_and_four_ranks_agree_in_a_triclinic_cell(compare: Any) -> None:
    compare(random_mace(), triclinic(liquid(side=10.0)))


def test_a_cell_shorter_than_twice_the_cutoff_sees_all_its_images(compare: Any) -> None:
    water = molecule("H2O", cell=np.eye(3) * 4.3, pbc=True)
    compare(random_mace(r_max=4.5), water)


def test_an_isolated_cluster_needs_no_cell(compare: Any) -> None:
    cluster = liquid()
    cluster.pbc = False
    cluster.cell = None
    compare(random_mace(), cluster, ranks=(1, 2))


def test_a_rank_that_owns_no_atom_takes_part(compare: Any) -> None:
    corner = molecule("CH3OH", cell=np.eye(3) * 40.0, pbc=True)
    corner.positions += 3.0 - corner.positions.min(axis=0)
    compare(random_mace(), corner)


def test_single_precision_stays_close_to_double(tmp_path: Path) -> None:
    write_model(random_mace(), tmp_path / "model.safetensors", precision="single")
    atoms = liquid()
    stored = evaluate(tmp_path, atoms, tmp_path / "model.safetensors", 2)
    single = evaluate(tmp_path, atoms, tmp_path / "model.safetensors", 2, "float")
    double = evaluate(tmp_path, atoms, tmp_path / "model.safetensors", 2, "double")
    assert np.array_equal(stored.forces, single.forces), "the precision of the export is the default"
    scale = np.abs(double.forces).max()
    assert 0 < np.abs(single.forces - double.forces).max() < 1e-4 * scale
    assert abs(single.energy - double.energy) / len(atoms) < 1e-5


@pytest.mark.parametrize("settings", [{}, {"hidden": "16x0e+16x1o", "layers": 3, **DENSITY}], ids=["MACE", "density"])
def test_threads_inside_a_rank_change_nothing_but_rounding(tmp_path: Path, settings: dict[str, Any]) -> None:
    write_model(random_mace(**settings), tmp_path / "model.safetensors")
    atoms, model = liquid(), tmp_path / "model.safetensors"
    alone = evaluate(tmp_path, atoms, model, 1)
    for ranks, threads in ((1, 3), (2, 2)):
        shared = evaluate(tmp_path, atoms, model, ranks, OMP_NUM_THREADS=str(threads))
        again = evaluate(tmp_path, atoms, model, ranks, OMP_NUM_THREADS=str(threads))
        assert np.array_equal(shared.forces, again.forces), "the same every time"
        assert abs(shared.energy - alone.energy) < 1e-10 * abs(alone.energy)
        assert np.abs(shared.forces - alone.forces).max() < 1e-10 * np.abs(alone.forces).max()
        assert np.abs(shared.virial - alone.virial).max() < 1e-10 * np.abs(alone.virial).max()


def test_the_lowest_level_of_vector_instructions_agrees_with_the_best_of_this_cpu(tmp_path: Path) -> None:

    if platform.machine() != "x86_64":
        pytest.skip("the levels are those of x86-64")
    write_model(random_mace(), tmp_path / "model.safetensors")
    atoms, model = liquid(), tmp_path / "model.safetensors"
    best, lowest = evaluate(tmp_path, atoms, model, 1), evaluate(tmp_path, atoms, model, 1, DECANT_SIMD="x86-64-v3")
    assert np.abs(best.forces - lowest.forces).max() < 1e-10 * np.abs(best.forces).max()
    unset = evaluate(tmp_path, atoms, model, 1, DECANT_SIMD="")
    assert (unset.forces == best.forces).all(), "an empty variable says nothing"
    with pytest.raises(AssertionError, match="pair_style mace was compiled for x86-64-v3 x86-64-v4"):
        evaluate(tmp_path, atoms, model, 1, DECANT_SIMD="x86-64-v9")


def test_nve_of_a_small_liquid_conserves_energy(tmp_path: Path) -> None:
    model = tmp_path / "model.safetensors"
    write_model(random_mace(hidden="8x0e", l_max=2, correlation=2), model)
    atoms = liquid()
    write_data(tmp_path / "system.data", atoms, ("H", "C", "O"))
    done = run_lmp(
        tmp_path,
        header(atoms, model)
        + "minimize 0 0.1 50 200\nreset_timestep 0\nvelocity all create 300 1\ntimestep 0.0002\nfix 1 all nve\n"
        "thermo_style custom step ke pe etotal\nthermo_modify format float %.12g\nthermo 50\nrun 500\n",
        ranks=2,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    blocks = done.stdout.split("Step")[-1].splitlines()[1:]
    rows = np.array([line.split() for line in blocks if len(line.split()) == 4 and line.split()[0].isdigit()], float)
    kinetic, total = rows[:, 1], rows[:, 3]
    assert len(rows) == 11
    assert np.ptp(total) < 0.02 * kinetic.mean(), "total energy must change far less than kinetic energy"
    assert np.ptp(rows[:, 2]) > 0.05 * kinetic.mean(), "the test needs energy to flow"


REFUSALS = {
    "a missing file": ('pair_coeff * * "nowhere.safetensors" H C O', "cannot read the model file nowhere.safetensors"),
    "an unknown element": ('pair_coeff * * "model.safetensors" H C Xe', "does not know the element Xe"),
    "too few elements": ('pair_coeff * * "model.safetensors" H C', "one element for each of the 3 atom types"),
    "a truncated file": ('pair_coeff * * "cut.safetensors" H C O', "model file cut.safetensors"),
    "a flipped byte": ('pair_coeff * * "flipped.safetensors" H C O', "model file flipped.safetensors is damaged"),
    "another format version": (
        'pair_coeff * * "old.safetensors" H C O',
        "model file old.safetensors has format version 1, this decant reads version",
    ),
    "a foreign file": ('pair_coeff * * "in.test" H C O', "model file in.test is not a safetensors file"),
    "newton off": ('newton off\npair_coeff * * "model.safetensors" H C O', "newton"),
}


@pytest.fixture(scope="module")
def smallest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file for H, C and O, as small as can be."""
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    write_model(random_mace(hidden="8x0e", l_max=1, correlation=1, layers=1), path)
    return path


@pytest.mark.parametrize(("lines", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_mistake_ends_both_ranks_with_one_clear_error(
    tmp_path: Path, smallest: Path, lines: str, message: str
) -> None:
    content = smallest.read_bytes()
    model = tmp_path / "model.safetensors"
    model.write_bytes(content)
    (tmp_path / "cut.safetensors").write_bytes(content[: len(content) // 2])
    (tmp_path / "old.safetensors").write_bytes(
        content.replace(f'"format_version":"{FORMAT_VERSION}"'.encode(), b'"format_version":"1"', 1)
    )
    (tmp_path / "flipped.safetensors").write_bytes(content[:-9] + bytes([content[-9] ^ 4]) + content[-8:])
    atoms = liquid()
    write_data(tmp_path / "system.data", atoms, ("H", "C", "O"))
    script = header(atoms, model).split("pair_coeff")[0] + lines + "\nrun 0\n"
    done = run_lmp(tmp_path, script, ranks=2, timeout=300)
    assert done.returncode != 0
    assert "ERROR" in done.stdout + done.stderr
    assert message in done.stdout + done.stderr


def test_atoms_on_top_of_each_other_are_named(tmp_path: Path, smallest: Path) -> None:
    atoms = liquid()
    atoms.positions[5] = atoms.positions[0] + 0.01
    write_data(tmp_path / "system.data", atoms, ("H", "C", "O"))
    done = run_lmp(tmp_path, header(atoms, smallest) + "run 0\n", ranks=2, timeout=300)
    assert done.returncode != 0
    assert "atoms 1 and 6 are" in done.stdout + done.stderr or "atoms 6 and 1 are" in done.stdout + done.stderr


def test_types_that_change_between_two_rebuilds_of_the_lists_are_followed(tmp_path: Path, smallest: Path) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    script = (
        header(liquid(), smallest)
        + "neigh_modify every 100 delay 100 check no\nvelocity all set 0 0 0\nfix 1 all nve\ntimestep 1e-9\n"
        + "thermo_style custom step pe\nthermo_modify format float %.9f\n"
        + "run 0\nset atom 1 type 3\nrun 1 pre no\nrun 0\n"
    )
    done = run_lmp(tmp_path, script)
    assert done.returncode == 0, done.stdout + done.stderr
    followed, fresh = map(float, re.findall(r"^ +1 +(-?\d+\.\d{9}) *$", done.stdout, re.MULTILINE))
    assert followed == pytest.approx(fresh, abs=1e-6)


UNCOVERED = {
    "correlation 5": {"correlation": 5, "l_max": 1, "hidden": "4x0e"},
    "higher l than max_ell": {"hidden": "4x0e+4x1o+4x2e", "l_max": 1, "correlation": 2},
    "RealAgnosticAttResidualInteractionBlock": {"later": "RealAgnosticAttResidualInteractionBlock"},
    "ChebychevBasis": {"radial_type": "chebyshev"},
    "edge irreps of higher l than the features": {"hidden": "4x0e", "edge_irreps": "4x0e+4x1o"},
    "harmonics of another parity": {"use_so3": True},
    "embedding of elec_temp by graph": {
        "embedding_specs": {"elec_temp": {"type": "continuous", "per": "graph", "in_dim": 1, "emb_dim": 4}}
    },
    "energies would jump at the cutoff": {**GATED, "apply_cutoff": True},
}


@pytest.mark.parametrize(("feature", "settings"), UNCOVERED.items(), ids=UNCOVERED.keys())
def test_an_uncovered_feature_is_refused_at_export_by_name(
    tmp_path: Path, feature: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match=feature):
        write_model(random_mace(**settings), tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir()), "nothing is left behind"
