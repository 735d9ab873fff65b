"""LAMMPS commands that add, remove, hide, move, swap or evaluate atoms anew, with `pair_style mace`.

What they get is the energy of the configuration that there is, as if it were evaluated alone, or they are refused.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms, units
from ase.io import read

from decant.algorithms.mace.calculator import CompiledMACE
from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import random_mace
from decant.lammps.command import command, environment
from decant.lammps.data import write_data
from decant.lammps.model_deviation import read_model_deviation
from decant.molecules.liquid import parse_liquid
from decant.molecules.packing import pack
from tests.conftest import REPOSITORY
from tests.lammps_runs import ELEMENTS, header, run_lmp

STEPS = "velocity all create 300 1\nfix move all nve\ntimestep 0.0005\n"
EVERYWHERE = "region box block EDGE EDGE EDGE EDGE EDGE EDGE\n"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("models")
    paths = [folder / f"{seed}.safetensors" for seed in (3, 7)]
    for seed, path in zip((3, 7), paths, strict=True):
        write_model(random_mace(hidden="16x0e+16x1o", l_max=2, correlation=2, seed=seed), path)
    return paths


@pytest.fixture(scope="module")
def calculator(models: list[Path]) -> CompiledMACE:
    return CompiledMACE(models[0], precision="double")


@pytest.fixture(scope="module")
def lone() -> Atoms:
    return pack(parse_liquid("CO:1"), 0.002, 1)


@pytest.fixture(scope="module")
def gas() -> Atoms:
    return pack(parse_liquid("CO:6"), 0.3, 2)


def energy(atoms: Atoms, calculator: CompiledMACE) -> float:
    alone = Atoms(atoms.get_chemical_symbols(), atoms.positions, cell=atoms.cell, pbc=atoms.pbc, calculator=calculator)
    return float(alone.get_potential_energy())


def write_molecule(path: Path, atoms: Atoms, bond: bool = False) -> None:
    sections = {
        "Coords": [f"{x:.8f} {y:.8f} {z:.8f}" for x, y, z in atoms.positions - atoms.positions.mean(axis=0)],
        "Types": [str(ELEMENTS.index(symbol) + 1) for symbol in atoms.get_chemical_symbols()],
        "Bonds": ["1 1 2"] if bond else [],
    }
    text = f"one\n\n{len(atoms)} atoms\n" + "1 bonds\n" * bond
    for name, rows in sections.items():
        text += f"\n{name}\n\n" + "".join(f"{k} {row}\n" for k, row in enumerate(rows, start=1)) if rows else ""
    path.write_text(text)


@pytest.fixture
def script(tmp_path: Path, models: list[Path], gas: Atoms, lone: Atoms) -> str:
    """The lines before those of a test, whose files lie in its folder."""
    write_data(tmp_path / "system.data", gas, ELEMENTS)
    write_molecule(tmp_path / "one.mol", lone)
    write_data(tmp_path / "more.data", lone, ELEMENTS)
    return header(gas, models[0], "double") + "thermo_modify lost ignore\nmolecule one one.mol\n"


def run(folder: Path, text: str, ranks: int) -> subprocess.CompletedProcess[str]:
    done = run_lmp(folder, text, ranks)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done


def observe(folder: Path, text: str, ranks: int) -> list[dict[str, Any]]:
    """What LAMMPS evaluates, atoms of all ranks together."""
    (folder / "in.observe").write_text(text)
    observer = [sys.executable, "-m", "tests.observe_lammps", "in.observe", "rows"]
    found = command([], ranks)
    launcher = found[: len(found) - 1]
    done = subprocess.run(
        [*launcher, *observer],
        cwd=folder,
        env={**environment("mace"), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    parts = [pickle.loads((folder / f"rows.{rank}").read_bytes()) for rank in range(ranks)]
    return [
        {**of_ranks[0], **{key: np.concatenate([part[key] for part in of_ranks]) for key in ("x", "type", "mask")}}
        for of_ranks in zip(*parts, strict=True)
    ]


def there(row: dict[str, Any]) -> Atoms:
    """The atoms that LAMMPS does not hide: a trial deletion takes them out of group all."""
    shown = (row["mask"] & 1) == 1
    return Atoms([ELEMENTS[t - 1] for t in row["type"][shown]], row["x"][shown], cell=row["cell"], pbc=True)


FREE = "set group all mol 0\ngroup oxygen type 3\n"  # fix gcmc exchanges no atoms of molecules
EXCHANGED = "mol one intra_energy {alone} overlap_cutoff 0.5"
OF_MOLECULES = {
    "gcmc, molecules": f"all gcmc 1 2 0 0 {{seed}} 298 -0.2 0.1 full_energy {EXCHANGED}",
    "gcmc, full_energy by itself": f"all gcmc 1 2 0 0 {{seed}} 298 -0.2 0.1 {EXCHANGED}",
    "gcmc, moves": "all gcmc 1 0 2 0 {seed} 298 -0.2 0.3 mol one mcmoves 0 50 50 full_energy",
    "widom, molecules": "all widom 1 3 0 {seed} 298 mol one intra_energy {alone}",
    "mol/swap": "all mol/swap 1 3 2 3 {seed} 50000",
}
OF_ATOMS = {
    "gcmc, atoms": "oxygen gcmc 1 2 2 3 {seed} 298 -13 0.1 full_energy overlap_cutoff 0.5",
    "widom, atoms": "oxygen widom 1 3 3 {seed} 298",
    "atom/swap": "all atom/swap 1 3 {seed} 50000 types 2 3",
    "atom/swap, semi-grand": "all atom/swap 1 3 {seed} 50000 semi-grand yes types 1 2 3 mu 0 0 0",
    "neighbor/swap": "all neighbor/swap 1 3 {seed} 50000 2.0 near types 2 3",
}


@pytest.mark.parametrize(
    ("ranks", "before", "moves"),
    [
        (1, "", OF_MOLECULES),
        (2, FREE + "compute near all voronoi/atom neighbors yes\n", OF_ATOMS),
        (
            2,
            "fix body all rigid/small molecule mol one\n",
            {"gcmc, rigid": OF_MOLECULES["gcmc, molecules"] + " rigid body"},
        ),
    ],
    ids=["molecules", "atoms", "rigid"],
)
def test_monte_carlo_weighs_every_move_with_the_energy_of_its_configuration(
    tmp_path: Path,
    script: str,
    calculator: CompiledMACE,
    lone: Atoms,
    ranks: int,
    before: str,
    moves: dict[str, str],
) -> None:
    alone = energy(lone, calculator)
    fixes = [fix.format(alone=alone, seed=seed) for seed, fix in enumerate(moves.values(), start=4711)]
    runs = "".join(f"fix mc {fix}\nrun 3\nunfix mc\n" for fix in fixes)
    rows = observe(tmp_path, script + before + "thermo 1\n#observe\n" + runs, ranks)
    energies = [energy(there(row), calculator) for row in rows]
    weighed = [
        (later["previous"], expected)
        for row, later, expected in zip(rows, rows[1:], energies, strict=False)
        if row["step"] == later["step"] > 0
    ]
    assert len(weighed) >= 6 * len(moves)
    assert np.ptp(energies) > 0.01, "the moves must be felt"
    for found, expected in weighed:
        assert found == pytest.approx(expected, abs=1e-6)


def test_widom_averages_the_boltzmann_factors_of_the_energies_of_insertion(
    tmp_path: Path, script: str, calculator: CompiledMACE, lone: Atoms
) -> None:
    alone = energy(lone, calculator)
    inserted = f"fix mc all widom 1 6 0 4711 5000 mol one intra_energy {alone:.10f}\nrun 1\n"
    rows = observe(tmp_path, f"{script}thermo 1\n#observe\n{inserted}print '$(f_mc[2]:%.12g)' file average\n", 1)
    energies = [energy(there(row), calculator) for row in rows if row["step"] == 1]
    factors = np.exp(-(np.array(energies[1:7]) - energies[0] - alone) / (units.kB * 5000))
    assert float((tmp_path / "average").read_text()) == pytest.approx(factors.mean(), rel=1e-3)


@pytest.mark.parametrize("ranks", [1, 2])
def test_atoms_on_top_of_each_other_end_a_run_but_only_reject_a_trial(
    tmp_path: Path, script: str, gas: Atoms, ranks: int
) -> None:
    x, y, z = gas.positions[0]
    near = f"region near block {x - 0.02} {x + 0.02} {y - 0.02} {y + 0.02} {z - 0.02} {z + 0.02} units box\n"
    trials = (
        "fix a oxygen gcmc 1 4 0 3 4711 298 100 0.1 full_energy region near\n"
        "fix b oxygen widom 1 4 3 4711 298 region near\n"
        "run 3\nprint '$(f_a[3]) $(f_a[4]) $(f_b[2]) $(atoms)' file tries\n"
    )
    run(tmp_path, script + near + FREE + trials, ranks)
    tried, inserted, average, atoms = np.loadtxt(tmp_path / "tries")
    assert tried >= 3 and inserted == 0 and average == 0 and atoms == len(gas)
    done = run_lmp(tmp_path, script + f"create_atoms 3 single {x} {y} {z + 0.03} units box\nrun 0\n", ranks)
    assert done.returncode != 0
    assert "angstrom apart" in done.stdout + done.stderr


def committee(script: str, models: list[Path], file: str, more: str = "") -> str:
    """Put two models in place of the one of a script."""
    system, pair = script.split("pair_style")
    settings = f"out_freq 1 atomic out_file {file} {more}"
    lines = f"pair_style mace double {models[0]} {models[1]} {settings}\npair_coeff * * H C O\n"
    return system + lines + pair.split("\n", 2)[2]


def test_a_committee_judges_the_configuration_of_a_step_not_the_trials_of_it(
    tmp_path: Path, script: str, models: list[Path]
) -> None:
    trials = (
        FREE
        + "fix mc oxygen gcmc 1 0 4 3 4711 298 0 0.2 full_energy\ngroup few id 1\nfix slope few numdiff 2 1e-4\n"
        + "compute stretch all fep/ta 298 xy 1.001\nthermo_style custom pe c_stretch[1]\nthermo 1\nneighbor 2.0 bin\n"
        + "dump all all custom 1 steps.dump id type x y z\ndump_modify all format float %.14g\nrun 3\n"
    )
    run(tmp_path, committee(script, models, "moved.out") + trials, 2)
    run(tmp_path, committee(script, models, "alone.out") + "rerun steps.dump dump x y z box yes\n", 1)
    moved, alone = (read_model_deviation(tmp_path / f"{name}.out") for name in ("moved", "alone"))
    assert list(moved["step"]) == [0, 1, 2, 3]
    for column in ("max_devi_f", "avg_devi_f", "max_devi_v", "atm_devi_f"):
        assert moved[column] == pytest.approx(alone[column], rel=1e-4)


@pytest.mark.parametrize("relative", ["", "relative 0", "relative 0.5"])
def test_a_committee_takes_excluded_atoms_as_deleted(
    tmp_path: Path, script: str, models: list[Path], relative: str
) -> None:
    for name, lines in {"hidden": "neigh_modify exclude group gone all\n", "gone": "delete_atoms group gone\n"}.items():
        start = committee(script, models, f"{name}.out", relative) + "group gone molecule 1 2\n"
        run(tmp_path, start + lines + "run 0\n", 2)
    hidden, gone = (read_model_deviation(tmp_path / f"{name}.out") for name in ("hidden", "gone"))
    for column in ("max_devi_f", "min_devi_f", "avg_devi_f", "max_devi_v", "min_devi_v", "avg_devi_v"):
        assert hidden[column] == pytest.approx(gone[column], rel=1e-5)
    of_atoms, left = hidden["atm_devi_f"][0], gone["atm_devi_f"][0]
    assert np.count_nonzero(of_atoms == 0) == len(of_atoms) - len(left) > 0
    assert of_atoms[of_atoms > 0] == pytest.approx(left, rel=1e-5)


def test_members_that_agree_on_nothing_deviate_by_nothing_whatever_the_levels(
    tmp_path: Path, models: list[Path]
) -> None:
    apart = Atoms("OC", positions=[[1, 1, 1], [9, 9, 9]], cell=[20] * 3, pbc=True)
    write_data(tmp_path / "system.data", apart, ELEMENTS)
    levels = "relative 0 relative_v 0"
    run(tmp_path, committee(header(apart, models[0]), models, "apart.out", levels) + "run 0\n", 1)
    for values in read_model_deviation(tmp_path / "apart.out").values():
        assert not np.any(values)


FINAL = """
write_dump all custom final.dump id type x y z fx fy fz modify sort id format float %.14g
print "$(pe:%.14g) $(c_pressure[1]:%.14g) $(c_pressure[2]:%.14g) $(c_pressure[6]:%.14g)" file final.sums
"""


TRICLINIC = "change_box all triclinic\n"
LEFT = {
    "run_style respa": STEPS + "run_style respa 2 2 pair 1\nrun 2",
    "delete_atoms": STEPS + "run 2\ngroup gone molecule 2 5\ndelete_atoms group gone\nrun 2",
    "create_atoms": STEPS + "run 2\ncreate_atoms 3 random 3 123 NULL overlap 1.0\nrun 1",
    "fix deposit": STEPS + EVERYWHERE + "fix f all deposit 2 0 1 123 region box near 1.5 mol one attempt 1000\nrun 3",
    "fix evaporate": STEPS + EVERYWHERE + "fix f all evaporate 2 2 box 49892\nrun 4",
    "read_data add": STEPS + "run 1\nread_data more.data add append shift 2 2 2\nrun 1",
    "replicate": STEPS + "run 1\nreplicate 2 1 1\nrun 1",
    "displace_atoms": STEPS + "run 1\ndisplace_atoms all random 0.05 0.05 0.05 12\nrun 1",
    "set": STEPS + "run 1\nset atom 5 type 1\nset atom 6 type 2\nrun 1",
    "change_box": TRICLINIC + "change_box all xy final 2 xz final -1 yz final 1 remap units box\n" + STEPS + "run 2",
    "fix npt": TRICLINIC + "velocity all create 300 1\nfix f all npt temp 300 300 0.1 tri 0 0 0.5\nrun 2",
    "fix balance": STEPS + "comm_style tiled\nfix f all balance 2 1.0 rcb\nrun 4",
    "processors": STEPS + "processors 1 1 *\nrun 1",
    "comm_modify": STEPS + "neighbor 1.0 multi\ncomm_modify mode multi cutoff/multi 2 7.0\nrun 2",
    "fix hmc": STEPS + "fix f all hmc 1 123 300\nrun 4",
    "fix tfmc": "fix f all tfmc 0.05 300 123\nrun 3",
    "fix sgcmc": "fix f all sgcmc 1 0.02 100000 0 0\nreplicate 2 2 2\nrun 1",
    "minimize": "minimize 0 0 3 10",
    "fix box/relax": "fix f all box/relax iso 0\nminimize 0 0 3 10",
    "rerun": STEPS + "dump d all custom 1 old.dump id type x y z\nrun 2\nrerun old.dump dump x y z box yes",
}


@pytest.mark.parametrize("command_name", LEFT)
def test_what_a_command_leaves_is_evaluated_like_a_configuration_of_its_own(
    tmp_path: Path, script: str, calculator: CompiledMACE, command_name: str
) -> None:
    ranks = 1 if command_name == "fix sgcmc" else 2  # LAMMPS runs it on one rank alone
    early = "processors 1 1 *\n"
    lines = LEFT[command_name]
    if early in lines:
        script, lines = early + script, lines.replace(early, "")
    thermo = "compute pressure all pressure NULL virial\nthermo_style custom pe c_pressure[*]\n"
    run(tmp_path, script + thermo + "thermo_modify lost ignore\n" + lines + FINAL, ranks)
    found = read(tmp_path / "final.dump", format="lammps-dump-text", specorder=list(ELEMENTS))
    sums = np.loadtxt(tmp_path / "final.sums")
    fresh = Atoms(found.get_chemical_symbols(), found.positions, cell=found.cell, pbc=True, calculator=calculator)
    assert sums[0] == pytest.approx(fresh.get_potential_energy(), abs=1e-6)
    assert found.get_forces() == pytest.approx(fresh.get_forces(), abs=1e-6)
    xx, yy, _, yz, _, _ = -fresh.get_stress() / units.bar
    assert sums[1:] == pytest.approx([xx, yy, yz], abs=0.1)


def test_a_group_that_neighbor_lists_include_alone_is_all_there_is(tmp_path: Path, script: str) -> None:
    group = "group some molecule 1 2 3\n"
    included = "atom_modify first some\nneigh_modify include some\n"
    energies = []
    deleted = "group rest subtract all some\ndelete_atoms group rest\n"
    for lines in (included, included + "comm_modify group some\n", deleted):
        run(tmp_path, script + group + lines + "run 0\nprint '$(pe:%.14g)' file energy\n", ranks=2)
        energies.append(float((tmp_path / "energy").read_text()))
    assert energies[:2] == pytest.approx([energies[2]] * 2, abs=1e-8)


def test_perturbations_and_finite_differences_are_those_of_the_energy(
    tmp_path: Path, script: str, gas: Atoms, calculator: CompiledMACE
) -> None:
    lines = (
        "neighbor 2.0 bin\ncompute stretch all fep/ta 298 xy 1.001\ngroup few id 1 2 3\nfix slope few numdiff 1 1e-4\n"
        "variable off atom fx-f_slope[1]\ncompute worst few reduce maxabs v_off\n"
        "thermo_style custom pe c_stretch[1] c_worst\nrun 0\n"
        "print '$(c_stretch[1]:%.14g) $(c_worst:%.14g)' file found\n"
    )
    run(tmp_path, script + lines, ranks=2)
    stretch, worst = np.loadtxt(tmp_path / "found")
    stretched = gas.copy()
    stretched.set_cell(gas.cell.array @ np.diag([1.001**0.5, 1.001**0.5, 1 / 1.001]), scale_atoms=True)
    assert stretch == pytest.approx(energy(stretched, calculator) - energy(gas, calculator), abs=1e-7)
    assert worst < 1e-6


def test_replicas_exchange_with_the_energies_of_their_configurations(
    tmp_path: Path, script: str, calculator: CompiledMACE
) -> None:
    lines = (
        "variable t world 300 400\nvariable i world 0 1\nvelocity all create 300 1\n"
        "fix move all nvt temp $t $t 0.1\ntemper 4 2 $t move 3 5\nrun 0\nprint '$(pe:%.14g)' file energy.$i\n"
        "write_dump all custom final.$i id type x y z modify format float %.14g\n"
    )
    (tmp_path / "in.temper").write_text(script + lines)
    words = command(["-in", "in.temper", "-partition", "2x1", "-log", "none"], 2)
    subprocess.run(words, cwd=tmp_path, env=environment("mace"), capture_output=True, timeout=300, check=True)
    for replica in (0, 1):
        atoms = read(tmp_path / f"final.{replica}", format="lammps-dump-text", specorder=list(ELEMENTS))
        found = float((tmp_path / f"energy.{replica}").read_text())
        atoms.pbc = True
        assert found == pytest.approx(energy(atoms, calculator), abs=1e-6)


@pytest.mark.parametrize(
    "lines",
    [
        "fix mc all gcmc 1 9 0 0 4711 298 1 0.1 mol bonded full_energy overlap_cutoff 0.7\nrun 2\n",
        EVERYWHERE + "fix more all deposit 2 0 1 123 region box near 1.5 mol bonded attempt 1000\nrun 3\n",
        "run 0\ncreate_bonds single/bond 1 1 2\nrun 0\n",
        "fix bonds all bond/create 1 1 2 1.3 1\nrun 2\n",
    ],
    ids=["gcmc", "deposit", "create_bonds", "bond/create"],
)
def test_bonds_that_come_during_a_run_must_not_hide_neighbors_either(
    tmp_path: Path, script: str, lone: Atoms, lines: str
) -> None:
    write_molecule(tmp_path / "bonded.mol", lone, bond=True)
    room = "extra/bond/types 1 extra/bond/per/atom 4 extra/special/per/atom 9"
    start = script.replace("read_data system.data", f"bond_style zero nocoeff\nread_data system.data {room}")
    start += "bond_coeff *\nmolecule bonded bonded.mol\nfix move all nve\n"
    run(tmp_path, start + "special_bonds lj/coul 1 1 1\n" + lines, ranks=2)
    done = run_lmp(tmp_path, start + lines, ranks=2)
    assert done.returncode != 0
    assert "put the line special_bonds lj/coul 1 1 1 before the run" in " ".join((done.stdout + done.stderr).split())


HYBRID = "pair_style hybrid mace double lj/cut 4.0\npair_coeff * * mace {model} H C {third}\n"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("compute c some pe/tally all", "has no parts of pairs of atoms, as compute pe/tally wants them"),
        ("compute c some stress/tally all", "compute stress/tally"),
        ("compute c some heat/flux/tally all", "compute heat/flux/tally"),
        ("compute c some group/group all\nthermo_style custom c_c", "does not support compute group/group"),
        ("compute c all pair/local eng", "does not support compute pair/local"),
        ("compute c all born/matrix", "does not support compute born/matrix"),
        ("compute c all stress/mop x center total", "does not support compute stress/mop"),
        ("run_style respa 2 2 inner 1 4.0 5.0 outer 2", "does not support rRESPA inner/middle/outer"),
        ("variable s equal 1\nfix f all adapt 1 pair mace a 1 1 v_s", "mace param a not supported"),
        ("fix f all sgcmc 1 0.3 300 0 0 atomic/energy yes", "does not support atomic energy"),
        ("fix f all nve\natom_modify first some\ncomm_modify group some", "comm_modify group some hides neighbors"),
        (
            HYBRID.format(model="{model}", third="O") + "pair_coeff 3 3 lj/cut 0.01 2.0",
            "the pairs of atom types 3 and 3",
        ),
        (
            HYBRID.format(model="{model}", third="NULL")
            + "pair_coeff * 3 lj/cut 0.0 1.0\nfix f all mol/swap 1 3 2 3 4711 50000",
            "has left or joined the atoms that a hybrid style leaves to another part",
        ),
        (
            "pair_style hybrid/molecular lj/cut 4.0 mace\npair_coeff * * mace {model} H C O\n"
            "pair_coeff * * lj/cut 0.1 2.0",
            "hybrid/molecular is not compatible with manybody",
        ),
    ],
)
def test_what_needs_energies_of_pairs_or_hides_some_of_them_is_refused(
    tmp_path: Path, script: str, models: list[Path], lines: str, words: str
) -> None:
    done = run_lmp(tmp_path, f"{script}group some molecule 1\n{lines.format(model=models[0])}\nrun 2\n", ranks=2)
    assert done.returncode != 0
    assert words in " ".join((done.stdout + done.stderr).split())
