"""`compute contact/molecule` finds the two molecules that come nearest, and a run in which they collide is stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from decant.foundation.files import read_yaml
from decant.labels.algorithm import TRUSTED, Description
from decant.lammps.command import environment
from decant.lammps.contacts import CONTACTS, write_contacts
from decant.lammps.data import write_data
from decant.molecules.contacts import closest_pair
from decant.molecules.liquid import parse_liquid
from decant.molecules.packing import pack
from decant.simulation.start import Start, rescaled
from tests.conftest import REPOSITORY
from tests.integration.conftest import run_decant
from tests.lammps_runs import ELEMENTS, run_lmp, system

LENGTHS = "2.4 2.97 2.70 3.54 3.27 3.0"
READ = """
pair_style zero 6.0
pair_coeff * *
mass * 1.0
compute closest all contact/molecule {lengths}
thermo_style custom step c_closest c_closest[1] c_closest[2] c_closest[3]
run 0
print "$(c_closest:%.12g) $(c_closest[1]) $(c_closest[2]) $(c_closest[3]:%.12g)" file closest.txt
"""


def crowded(factor: float, seed: int) -> Atoms:
    """Return a liquid whose molecules are moved into each other."""
    atoms = pack(parse_liquid("CO:12,EC:6"), 1.0, seed)
    ids = np.repeat(np.arange(18), [6] * 12 + [10] * 6)
    atoms.set_array("mol_id", ids)
    return rescaled(Start(atoms, np.empty((0, 2), dtype=int)), factor).atoms


def measured(folder: Path, atoms: Atoms, script: str, ranks: int = 1) -> list[float]:
    write_data(folder / "system.data", atoms, ELEMENTS, mol_id=atoms.arrays["mol_id"])
    done = run_lmp(folder, system(atoms) + script, ranks)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return [float(word) for word in (folder / "closest.txt").read_text().split()]


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("density", [1.0, 1.6, 2.6])
def test_the_nearest_contact_and_its_atoms_are_those_of_the_python_code(density: float, ranks: int, tmp_path: Path):
    atoms = crowded(density, seed=round(10 * density))
    share, one, other = closest_pair(atoms)
    write_contacts(tmp_path, ELEMENTS)
    lengths = (tmp_path / CONTACTS).read_text().split("contact/molecule ")[1].split("\n")[0]
    found = measured(tmp_path, atoms, READ.format(lengths=lengths), ranks)
    assert found[0] == pytest.approx(share, abs=2e-4)
    assert {round(found[1]), round(found[2])} == {one + 1, other + 1}
    assert found[3] == pytest.approx(atoms.get_distance(one, other, mic=True), abs=1e-5)


def test_molecules_that_do_not_touch_and_atoms_outside_the_group_have_no_contact(tmp_path: Path):
    atoms = crowded(0.05, seed=1)
    assert measured(tmp_path, atoms, READ.format(lengths=LENGTHS)) == [1, 0, 0, 0]
    near = crowded(2.6, seed=2)
    assert measured(tmp_path, near, READ.format(lengths="0 0 0 0 0 0")) == [1, 0, 0, 0]
    alone = READ.replace("closest all", "closest one").replace("compute", "group one molecule 1\ncompute", 1)
    assert measured(tmp_path, near, alone.format(lengths=LENGTHS)) == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (READ.format(lengths="2.4 3.0"), "expected 6 distances, one of each pair of the 3 atom types, not 2"),
        (READ.format(lengths="2.4 2.97 2.70 3.54 -1 3.0"), "a distance must be a number, 0 or above, not -1"),
        (READ.format(lengths=LENGTHS).replace("pair_style zero 6.0\npair_coeff * *\n", ""), "needs a pair style"),
    ],
)
def test_what_it_cannot_do_is_one_line(script: str, words: str, tmp_path: Path):
    atoms = crowded(1.0, seed=1)
    write_data(tmp_path / "system.data", atoms, ELEMENTS, mol_id=atoms.arrays["mol_id"])
    done = run_lmp(tmp_path, system(atoms) + script)
    assert done.returncode != 0 and words in done.stdout + done.stderr


def test_a_run_whose_molecules_pass_through_each_other_is_stopped_and_the_atoms_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "ghosts.yaml").write_text("method: ase:tests.calculators.Ghosts\nelements: [H, C, O]\n")
    run_decant("export", tmp_path / "ghosts.yaml", "-o", tmp_path / "ghosts")
    monkeypatch.setenv(TRUSTED, Description.read(tmp_path / "ghosts" / "model.yaml").fingerprint)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    environment.cache_clear()  # worked out once a process
    words = ("--liquid", "MeOH:16", "--ensemble", "nvt", "--temperature", "400", "--length", "20ps")
    done = run_decant("simulate", tmp_path / "ghosts", *words, "-o", tmp_path / "run")
    environment.cache_clear()
    status = read_yaml(tmp_path / "run" / "status.yaml")
    assert status["guard"] == "contact", done.stdout
    assert " of MEOH " in status["message"] and "the potential has a hole" in status["message"]
