"""`pair_style mace` as a part of hybrid styles: beside a second potential, or for some atom types only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import random_mace
from decant.lammps.data import write_data
from decant.lammps.model_deviation import read_model_deviation
from tests.integration.test_pair_mace import liquid
from tests.lammps_runs import ELEMENTS, evaluate, evaluate_pair, run_lmp, system


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two model files for H, C and O."""
    folder = tmp_path_factory.mktemp("models")
    paths = [folder / "a.safetensors", folder / "b.safetensors"]
    for seed, path in enumerate(paths):
        write_model(random_mace(hidden="16x0e+16x1o", l_max=2, correlation=2, seed=seed), path)
    return paths


def zbl(part: str = "") -> str:
    """Return the ``pair_coeff`` lines of ZBL, as a part of a hybrid style or alone."""
    pairs = [(i, j) for i in range(3) for j in range(i, 3)]
    charges = (1, 6, 8)
    return "".join(f"pair_coeff {i + 1} {j + 1} {part} {charges[i]} {charges[j]}\n" for i, j in pairs)


@pytest.mark.parametrize("ranks", [1, 2])
def test_an_overlay_is_the_sum_of_its_parts(tmp_path: Path, models: list[Path], ranks: int) -> None:
    atoms = liquid()
    mace = evaluate(tmp_path, atoms, models[0], ranks)
    other = evaluate_pair(tmp_path, atoms, "pair_style zbl 0.8 2.2\n" + zbl(), ranks)
    both = evaluate_pair(
        tmp_path,
        atoms,
        f"pair_style hybrid/overlay mace zbl 0.8 2.2\npair_coeff * * mace {models[0]} H C O\n" + zbl("zbl"),
        ranks,
    )
    assert np.abs(other.forces).max() > 0.1, "the test needs a second potential that is felt"
    assert both.energy == pytest.approx(mace.energy + other.energy, rel=1e-12)
    assert both.forces == pytest.approx(mace.forces + other.forces, abs=1e-9)
    assert both.virial == pytest.approx(mace.virial + other.virial, abs=1e-6)
    assert both.atom_energies == pytest.approx(mace.atom_energies + other.atom_energies, abs=1e-9)
    assert both.atom_virial_sum == pytest.approx(both.virial, rel=1e-5, abs=1e-5)


def test_the_deviation_of_a_committee_leaves_the_other_part_of_an_overlay_out(
    tmp_path: Path, models: list[Path]
) -> None:
    committee = f"mace {models[0]} {models[1]} out_freq 1"
    for name, lines in {
        "alone": f"pair_style {committee} out_file alone.out atomic\npair_coeff * * H C O\n",
        "overlay": f"pair_style hybrid/overlay {committee} out_file overlay.out atomic zbl 0.8 2.2\n"
        "pair_coeff * * mace H C O\n" + zbl("zbl"),
    }.items():
        evaluate_pair(tmp_path, liquid(), lines, 2)
        assert (tmp_path / f"{name}.out").is_file()
    alone, overlay = (read_model_deviation(tmp_path / f"{name}.out") for name in ("alone", "overlay"))
    assert overlay["atm_devi_f"] == pytest.approx(alone["atm_devi_f"], rel=2e-6)
    assert overlay["max_devi_v"] == pytest.approx(alone["max_devi_v"], rel=2e-6)


@pytest.mark.parametrize("ranks", [1, 2])
def test_atom_types_that_are_null_belong_to_the_other_part_of_a_hybrid_style(
    tmp_path: Path, models: list[Path], ranks: int
) -> None:
    atoms = liquid()
    described = np.array([symbol != "C" for symbol in atoms.get_chemical_symbols()])
    alone = evaluate(tmp_path, atoms[described], models[0], ranks)
    nothing = "".join(f"pair_coeff {pair} lj/cut 0.0 1.0\n" for pair in ("1 2", "2 2", "2 3"))
    found = evaluate_pair(
        tmp_path,
        atoms,
        f"pair_style hybrid mace lj/cut 4.0\npair_coeff * * mace {models[0]} H NULL O\n" + nothing,
        ranks,
    )
    assert found.energy == pytest.approx(alone.energy, rel=1e-12)
    assert found.forces[described] == pytest.approx(alone.forces, abs=1e-9)
    assert np.all(found.forces[~described] == 0)
    assert np.all(found.atom_energies[~described] == 0)


def test_a_hybrid_style_in_which_no_type_is_left_to_the_model_is_refused(tmp_path: Path, models: list[Path]) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    lines = f"pair_style hybrid/overlay mace zbl 0.8 2.2\npair_coeff * * mace {models[0]} NULL NULL NULL\n"
    done = run_lmp(tmp_path, system(liquid()) + lines + zbl("zbl") + "run 0\n", ranks=2, timeout=300)
    assert done.returncode != 0
    assert "every atom type is NULL" in done.stdout + done.stderr
