"""Every line of the page on one's own LAMMPS script runs, and what it tells to take out stops a run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import MDAnalysis
import pytest

from decant.lammps.command import command, environment
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "own_script.md").read_text(encoding="utf-8")
SCRIPT, AGAIN, DISPERSION = re.findall(r"```lammps\n(.*?)```", PAGE, re.DOTALL)
READING = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
POTENTIAL = REPOSITORY / "models" / "ec-emc-mace"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the system of the ready potentials, as a data file for `atom_style full`."""
    head, atoms, rest = re.split(
        r"(Atoms # molecular\n\n.*?\n\n)", (POTENTIAL.parent / "ec-emc.data").read_text(), maxsplit=1, flags=re.DOTALL
    )
    full = re.sub(r"^(\d+ \d+ \d+) ", r"\1 0.0 ", atoms, flags=re.MULTILINE).replace("molecular", "full")
    (tmp_path / "system.data").write_text(head + full + rest)
    (tmp_path / "potentials").mkdir()
    (tmp_path / "potentials" / "mace-a").symlink_to(POTENTIAL)
    return tmp_path


def run(folder: Path, script: str, ranks: int = 1) -> subprocess.CompletedProcess[str]:
    (folder / "in.own").write_text(script)
    words = command(["-in", "in.own", "-log", "none"], ranks)
    return subprocess.run(words, cwd=folder, env=environment("mace"), capture_output=True, text=True, check=False)


def test_the_script_runs_and_mdanalysis_reads_what_it_wrote(folder: Path) -> None:
    done = run(folder, SCRIPT.replace("run            200", "run            40"), ranks=2)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert READING is not None
    code = READING[1].replace('"end.data", "trajectory.dcd"', "*files")
    names: dict[str, object] = {"files": [str(folder / "end.data"), str(folder / "trajectory.dcd")]}
    exec(code, names)  # the lines of our own page
    universe = names["universe"]
    assert isinstance(universe, MDAnalysis.Universe)
    assert [step.time for step in universe.trajectory] == pytest.approx([0.0, 0.01, 0.02])


def test_a_run_goes_on_from_its_restart_file(folder: Path) -> None:
    short = [script.replace("run            200", "run 20") for script in (SCRIPT, AGAIN)]
    for script in short:
        done = run(folder, script)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    steps = [int(row.split()[0]) for row in re.findall(r"^ +\d+ +[\d.]+ +-?[\d.]+.*", done.stdout, re.MULTILINE)]
    assert steps == [20, 40]


def test_a_data_file_of_a_force_field_is_read_without_its_coefficients(folder: Path) -> None:
    data = folder / "system.data"
    text = data.read_text().replace("1 bond types\n", "1 bond types\n1 angles\n1 angle types\n")
    data.write_text(f"{text}\nBond Coeffs\n\n1 20.0 1.2\n\nAngle Coeffs\n\n1 3.0 109.5\n\nAngles\n\n1 1 2 1 3\n")
    script = SCRIPT.replace("read_data      system.data", "angle_style zero nocoeff\nread_data system.data nocoeff")
    done = run(
        folder, script.replace("bond_coeff     *", "bond_coeff *\nangle_coeff *").replace("run            200", "run 0")
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_dispersion_is_added_by_the_lines_of_the_page(folder: Path) -> None:
    include = next(line for line in SCRIPT.splitlines() if line.startswith("include"))
    energies = []
    for lines in (include, DISPERSION):
        done = run(folder, SCRIPT.replace(include, lines).replace("run            200", "run 0"))
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        energies.append(float(re.findall(r"^ +0 +0 .*", done.stdout, re.MULTILINE)[-1].split()[6]))
    assert -20.0 < energies[1] - energies[0] < -1.0, "attraction, some tens of meV an atom"


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ("bond_style     zero nocoeff", "bond_style harmonic", "bond_style harmonic would be added to the model"),
        ("special_bonds  lj/coul 1.0 1.0 1.0", "", "special_bonds lj/coul 1 1 1"),
        ("units          metal", "units real", "needs units metal"),
    ],
)
def test_what_the_page_tells_to_take_out_stops_the_run(folder: Path, line: str, instead: str, said: str) -> None:
    assert line in SCRIPT
    script = re.sub(rf"^{re.escape(line)}.*$", instead, SCRIPT, flags=re.MULTILINE)
    if instead == "bond_style harmonic":
        script = script.replace("bond_coeff     *", "bond_coeff * 20.0 1.2")
    done = run(folder, script)
    assert done.returncode != 0
    assert said in " ".join((done.stdout + done.stderr).split())
