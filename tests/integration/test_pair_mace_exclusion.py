"""Atoms that LAMMPS excludes are as if deleted; what `pair_style mace` cannot mean is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.data import atomic_numbers

from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import random_mace
from decant.lammps.data import write_data
from decant.molecules.liquid import parse_liquid
from decant.molecules.packing import pack
from tests.lammps_runs import ELEMENTS, header, run_lmp

# energies, forces, virials and values by atom, of whatever atoms there are
MEASURE = """
compute pa all pe/atom
compute sa all stress/atom NULL virial
compute sum all reduce sum c_sa[*]
compute pair all pair mace
thermo_style custom pe c_sum[*] pxx pyy pzz pxy pxz pyz
thermo_modify format float %.16g
run 0
write_dump all custom {name}.dump id fx fy fz c_pa modify sort id format float %.16g
print "$(pe:%.16g) $(c_sum[1]:%.16g) $(c_sum[2]:%.16g) $(c_sum[4]:%.16g) $(pxx:%.16g) $(pxy:%.16g)" file {name}.sums
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    write_model(random_mace(hidden="16x0e+16x1o", l_max=2, correlation=2, seed=3), path)
    return path


@pytest.fixture(scope="module")
def liquid() -> Atoms:
    return pack(parse_liquid("CO:6,EC:2"), 0.9, 5)


def measured(folder: Path, script: str, name: str, ranks: int) -> tuple[np.ndarray, np.ndarray]:
    done = run_lmp(folder, script + MEASURE.format(name=name), ranks)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return np.loadtxt(folder / f"{name}.sums"), np.loadtxt(folder / f"{name}.dump", skiprows=9)


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize(
    ("group", "exclusion"),
    [
        ("group gone molecule 1 8", "neigh_modify exclude group gone all"),
        ("group gone molecule 1 8", "neigh_modify exclude group all gone"),
        ("group gone type 3", "neigh_modify exclude type 3 1 exclude type 2 3 exclude type 3 3"),
    ],
)
def test_excluded_atoms_are_as_if_deleted(
    tmp_path: Path, model: Path, liquid: Atoms, group: str, exclusion: str, ranks: int
) -> None:
    write_data(tmp_path / "system.data", liquid, ELEMENTS)
    start = header(liquid, model, "double") + group + "\n"
    sums, atoms = measured(tmp_path, start + exclusion + "\n", "excluded", ranks)
    expected, rest = measured(tmp_path, start + "delete_atoms group gone compress no\n", "deleted", ranks)
    assert sums == pytest.approx(expected, rel=1e-9, abs=1e-9)
    left = np.isin(atoms[:, 0], rest[:, 0])
    assert 0 < left.sum() < len(atoms)
    assert atoms[left] == pytest.approx(rest, abs=1e-9)
    assert not atoms[~left][:, 1:].any()


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize(
    ("exclusion", "words"),
    [
        ("group here id <= 9\nneigh_modify exclude group here here", "neigh_modify exclude group here here"),
        ("neigh_modify exclude type 1 3", "neigh_modify exclude type 1 3"),
        ("neigh_modify exclude molecule/intra all", "neigh_modify exclude molecule/intra all"),
    ],
)
def test_an_exclusion_of_some_pairs_only_is_refused(
    tmp_path: Path, model: Path, liquid: Atoms, exclusion: str, words: str, ranks: int
) -> None:
    write_data(tmp_path / "system.data", liquid, ELEMENTS)
    done = run_lmp(tmp_path, header(liquid, model) + exclusion + "\nrun 0\n", ranks)
    assert done.returncode != 0
    assert f"{words} leaves out some pairs of an atom only" in " ".join((done.stdout + done.stderr).split())


# at mu = +1 eV a deletion is worth exp(-39) at 298 K, and an insertion is always taken
@pytest.mark.parametrize(("mu", "grows"), [(1.0, True), (-1.0, False)])
def test_gcmc_weighs_deletions_with_the_energy_of_what_is_left(
    tmp_path: Path, model: Path, mu: float, grows: bool
) -> None:
    lone = pack(parse_liquid("CO:1"), 0.002, 1)
    write_data(tmp_path / "system.data", lone, ELEMENTS)
    alone = measured(tmp_path, header(lone, model, "double"), "alone", 1)[0][0]
    gas = pack(parse_liquid("CO:6"), 0.02, 2)
    gas.positions = np.concatenate(
        [lone.positions - lone.positions.mean(axis=0) + place for place in 9.0 * np.array(list(np.ndindex(2, 3, 1)))]
    )
    gas.set_cell([18.0, 27.0, 18.0])
    write_data(tmp_path / "system.data", gas, ELEMENTS)
    symbols = lone.get_chemical_symbols()
    rows = enumerate(lone.positions - lone.positions.mean(axis=0), start=1)
    coordinates = "\n".join(f"{number} {x:.8f} {y:.8f} {z:.8f}" for number, (x, y, z) in rows)
    types = "\n".join(f"{number} {ELEMENTS.index(symbol) + 1}" for number, symbol in enumerate(symbols, start=1))
    (tmp_path / "one.mol").write_text(f"one\n\n{len(lone)} atoms\n\nCoords\n\n{coordinates}\n\nTypes\n\n{types}\n")
    script = header(gas, model, "double") + (
        "molecule one one.mol\nneigh_modify every 1 delay 0\n"
        f"fix mc all gcmc 1 10 0 0 4711 298.0 {mu} 0.1 mol one full_energy intra_energy {alone:.10f}\n"
        "thermo_style custom step atoms f_mc[3] f_mc[4] f_mc[5] f_mc[6]\nthermo_modify lost ignore\nrun 4\n"
        'print "$(f_mc[3]) $(f_mc[4]) $(f_mc[5]) $(f_mc[6])" file tries\n'
    )
    done = run_lmp(tmp_path, script)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    insertions, inserted, deletions, deleted = np.loadtxt(tmp_path / "tries")
    assert insertions > 5 and deletions > 5
    if grows:
        assert deleted == 0 and inserted > 0.5 * insertions
    else:
        assert inserted == 0 and deleted > 0.5 * min(deletions, 6)


def test_elements_in_another_order_than_the_types_are_refused(tmp_path: Path, model: Path, liquid: Atoms) -> None:
    write_data(tmp_path / "system.data", liquid, ELEMENTS)
    done = run_lmp(tmp_path, header(liquid, model, elements=("O", "C", "H")) + "run 0\n")
    assert done.returncode != 0
    assert "atom type 1 is O, but its mass is 1.008, that of H" in " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("masses", "problem"),
    [
        ("mass 1 2.014", ""),  # deuterium
        ("mass 1 3.024", ""),  # heavier hydrogen for a longer time step
        ("mass 1 4.0\nmass 2 3.0350", ""),  # from a carbon that three hydrogens of a methyl group weigh down
        ("mass 1 3.024\nmass 2 7.979\nmass 3 13.983", ""),  # and an oxygen that then weighs what nitrogen does
        ("mass 1 4.0026", "atom type 1 is H, but its mass is 4.0026, that of He"),
        ("mass 3 13.983", "atom type 3 is O, but its mass is 13.983, that of N"),
        ("mass 2 13.00335", ""),
        ("mass 2 14.00324", ""),  # carbon-14, which weighs nearly as much as nitrogen
        ("mass 2 14.007", "atom type 2 is C, but its mass is 14.007, that of N"),
        ("mass 3 160", "atom type 3 is O, but its mass is 160, that of no isotope"),
        ("mass * 1.0", "atom type 2 is C, but its mass is 1, that of H"),
    ],
)
def test_a_mass_must_be_of_the_element(tmp_path: Path, model: Path, liquid: Atoms, masses: str, problem: str) -> None:
    write_data(tmp_path / "system.data", liquid, ELEMENTS)
    done = run_lmp(tmp_path, header(liquid, model) + masses + "\nrun 0\n")
    assert (done.returncode == 0) == (problem == "")
    assert problem in " ".join((done.stdout + done.stderr).split())


# isotopes with a natural abundance, and carbon-14, that weigh within 0.05 g/mol of what another element does
LOOKALIKES = [
    ("C", 14.00324), ("K", 39.964), ("Ca", 39.96259), ("Se", 79.91652), ("Kr", 79.91638), ("Zr", 95.90828),
    ("Mo", 97.9054), ("Ru", 95.90759), ("Ru", 97.90529), ("Pd", 107.90389), ("Cd", 107.90418), ("Nd", 144.91258),
    ("Sm", 151.91974), ("Gd", 151.9198),
]  # fmt: skip


@pytest.fixture(scope="module")
def lookalikes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    numbers = sorted({atomic_numbers[symbol] for symbol, _ in LOOKALIKES})
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    write_model(random_mace(hidden="8x0e", l_max=1, correlation=1, elements=tuple(numbers)), path)
    return path


def weighed(folder: Path, model: Path, types: list[tuple[str, float]]) -> str:
    """What LAMMPS says of an atom of each type, far from the others."""
    place = "".join(f"create_atoms {n} single {10 * n} 0 0\n" for n in range(1, len(types) + 1))
    masses = "".join(f"mass {n} {mass}\n" for n, (_, mass) in enumerate(types, start=1))
    symbols = " ".join(symbol for symbol, _ in types)
    done = run_lmp(
        folder,
        f"units metal\nboundary f f f\nregion box block -1 {10 * len(types) + 1} -1 1 -1 1\n"
        f"create_box {len(types)} box\n{masses}{place}pair_style mace\npair_coeff * * {model} {symbols}\nrun 0\n",
    )
    said = " ".join((done.stdout + done.stderr).split())
    assert (done.returncode == 0) == ("ERROR" not in said)
    return said


@pytest.mark.parametrize("digits", [3, 5])
def test_an_isotope_that_weighs_what_another_element_does_is_of_its_element(
    tmp_path: Path, lookalikes: Path, digits: int
) -> None:
    said = weighed(tmp_path, lookalikes, [(symbol, round(mass, digits)) for symbol, mass in LOOKALIKES])
    assert "ERROR" not in said, said


@pytest.mark.parametrize(
    ("symbol", "mass", "other"),
    [("Se", 79.904, "Br"), ("Ca", 39.948, "Ar"), ("Pd", 107.868, "Ag"), ("Zr", 95.95, "Mo")],
)
def test_the_weight_of_another_element_is_refused_beside_such_an_isotope(
    tmp_path: Path, lookalikes: Path, symbol: str, mass: float, other: str
) -> None:
    assert f"is {symbol}, but its mass is {mass:g}, that of {other}" in weighed(tmp_path, lookalikes, [(symbol, mass)])


@pytest.mark.parametrize("special", ["", "special_bonds lj/coul 0 0 0.5", "special_bonds lj/coul 1 1 1"])
def test_bonded_atoms_must_be_neighbors_like_all_others(
    tmp_path: Path, model: Path, liquid: Atoms, special: str
) -> None:
    bonds = [[0, 1]]
    write_data(tmp_path / "system.data", liquid, ELEMENTS, np.array(bonds))
    start = header(liquid, model).replace("read_data", "bond_style zero nocoeff\nread_data") + "bond_coeff *\n"
    done = run_lmp(tmp_path, start + special + "\nrun 0\n")
    assert (done.returncode == 0) == special.endswith("1 1 1")
    refused = "put the line special_bonds lj/coul 1 1 1 before the run"
    assert (refused in " ".join((done.stdout + done.stderr).split())) == (done.returncode != 0)
