"""Analysis of a run as a whole: what is written, and what is said where something cannot be measured."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from decant.analysis.analyze import measure, plain, write_results
from decant.analysis.observables import status_line
from decant.analysis.table import as_text, notes
from decant.foundation.tables import read_csv
from tests.unit.universes import random_walkers, thermo_of, tumbling_carbonates, universe

NPT = ("npt", 298.0)


def test_everything_measured_is_written_with_a_csv_beside_each_plot(tmp_path: Path) -> None:
    measured = measure(tumbling_carbonates(10, 80, seed=0), thermo_of(80, seed=0), *NPT)
    write_results(tmp_path, measured)
    names = {path.name for path in tmp_path.iterdir()}
    pictures = {"density.png", "thermo.png", "rdf.png", "msd.png", "contact.png"}  # they walk through each other
    assert names == pictures | {"observables.yaml", "thermo.csv", "rdf.csv", "msd.csv", "contact.xyz"}
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in pictures)
    written = yaml.safe_load((tmp_path / "observables.yaml").read_text())
    assert written == plain(measured.summary)
    assert abs(written["density"]["value"] - 1.1) < 0.01
    assert written["density"]["unit"] == "g/cm3"
    assert set(written["diffusion"]) == {"DMC", "X"}
    assert written["bonds"]["intact_fraction"] == 1.0
    assert {"DMC-X", "O(=C)-C(=O)"} <= set(written["rdf"])
    assert "g DMC-X" in read_csv(tmp_path / "rdf.csv")
    assert len(read_csv(tmp_path / "msd.csv")["msd_A2 DMC"]) >= 15


def test_a_run_with_ions_has_what_is_measured_of_them_beside_the_rest(tmp_path: Path) -> None:
    random, names = np.random.default_rng(1), ["Li+", "PF6-"] * 6 + ["EC"] * 40
    paths = random.uniform(0, 15, (1, 52, 3)) + np.cumsum(random.normal(scale=0.1, size=(200, 52, 3)), axis=0)
    elements = ["C" if name == "Li+" else "O" for name in names]
    made = universe(paths, elements, list(range(52)), names, np.array(15.0), dt=0.1)
    measured = measure(made, thermo_of(200, seed=0), *NPT, skip_ps=0.0, viscosity_mPa_s=2.0)
    write_results(tmp_path, measured)
    assert {"conductivity.png", "conductivity.csv", "solvation.png", "survival.csv"} <= {
        p.name for p in tmp_path.iterdir()
    }
    written = yaml.safe_load((tmp_path / "observables.yaml").read_text())
    charges = written["conductivity"]
    corrected = charges["nernst_einstein"]["value"] + charges["nernst_einstein_correction_at_1_mPa_s"] / 2
    assert charges["nernst_einstein_corrected"]["value"] == pytest.approx(corrected, rel=1e-4)
    assert sum(one["value"] for one in written["onsager"]["parts"].values()) == pytest.approx(
        charges["einstein"]["value"], rel=1e-4
    )
    assert sum(one["value"] for one in written["solvation"]["Li+"]["ion_pairing"].values()) == pytest.approx(1)
    text = as_text({"run": "x", **measured.summary})
    centres = measure(made, thermo_of(200, seed=0), *NPT, skip_ps=0.0, trajectory="centres").summary
    assert (
        "shells need a run with" in centres["solvation"]["not_available"]
        and "cation_transference" in centres["onsager"]
    )
    lithium = universe(paths[:, ::2][:, :6], ["C"] * 6, list(range(6)), ["Li+"] * 6, np.array(15.0), dt=0.1)
    alone = measure(lithium, thermo_of(200, seed=0), *NPT, skip_ps=0.0, trajectory="Li+").summary
    assert "the trajectory has Li+ only" in alone["conductivity"]["not_available"], "not that the box is charged"
    warm = {**thermo_of(200, seed=0), "temperature_K": np.full(200, 2 * 298.0)}
    free = measure(made, warm, "nve", 298.0, skip_ps=0.0).summary["conductivity"]["einstein"]["value"]
    assert free == pytest.approx(charges["einstein"]["value"] / 2, rel=1e-4), "at the temperature that NVE had"
    for row in ("cation transference, solvent at rest", "Li+ coordination, EC", "Li+ contact", "Li+ aggregated"):
        assert row in text


def test_the_trajectory_is_measured_from_the_given_time_or_from_equilibration_on() -> None:
    liquid, thermo = tumbling_carbonates(6, 240, seed=1), thermo_of(240, seed=1)
    given = measure(liquid, thermo, *NPT, skip_ps=4.0).summary["analysed"]
    assert (given["from_ps"], given["from_is"]) == (4.0, "given")
    detected = measure(liquid, thermo, *NPT).summary["analysed"]
    assert 0 < detected["from_ps"] < 6
    assert detected["from_is"] == "equilibration of the density"


def test_the_table_stars_what_a_note_stands_by() -> None:
    measured = measure(tumbling_carbonates(3, 80, seed=0), thermo_of(80, seed=0), *NPT)
    text = as_text({"run": "r", **measured.summary})
    (line,) = [line for line in text.splitlines() if line.startswith("diffusion DMC")]
    assert " *  " in line
    assert re.search(r"note: rdf \S+: from 2 molecules only: noise and the size of the box", text)


def test_a_run_of_a_few_frames_says_what_it_cannot_tell() -> None:
    thermo = {key: column[:3] for key, column in thermo_of(50, seed=2).items()}
    measured = measure(random_walkers(4, 3, 0.1, 0.1, seed=2), thermo, *NPT)
    assert "only 3 samples" in measured.summary["density"]["not_available"]
    assert "not_available" in measured.summary["diffusion"]
    assert "not_available" in measured.summary["bonds"]
    assert any("diffusion" in note for note in notes(measured.summary))


def test_rows_after_an_explosion_do_not_count(tmp_path: Path) -> None:
    thermo = thermo_of(60, seed=3)
    thermo["density_g_cm3"][-1] = np.nan
    measured = measure(tumbling_carbonates(6, 60, seed=3), thermo, *NPT)
    assert measured.summary["analysed"]["thermo_samples"] == 59
    write_results(tmp_path, measured)
    assert ".nan" not in (tmp_path / "observables.yaml").read_text()


def test_the_reason_of_a_stop_stands_on_top() -> None:
    status = {"state": "stopped", "guard": "temperature", "time_ps": 3.5, "message": "1534 K is above 900 K"}
    assert status_line(status) == "stopped by guard 'temperature' at 3.5 ps: 1534 K is above 900 K"
    early = {**status, "phase": "equilibration", "step": 10, "time_ps": -4.995}
    assert status_line(early) == "stopped by guard 'temperature' in equilibration, step 10: 1534 K is above 900 K"
    nothing = {
        "run": "r",
        "status": early,
        "production": {"not_available": "the run was stopped before its first frame"},
    }
    assert "observable" not in as_text(nothing), "no table of nothing"
    measured = measure(tumbling_carbonates(6, 60, seed=3), thermo_of(60, seed=3), *NPT)
    text = as_text({"run": "a", "status": status, **plain(measured.summary)})
    assert text.splitlines()[0] == f"a: {status_line(status)}"
    assert "diffusion DMC" in text
