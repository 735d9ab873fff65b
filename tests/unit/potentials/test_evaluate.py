"""The table of errors: a constant by which the energy is off is told as such, and does not stand at the top."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from decant.data.frames import write_frames
from decant.data.prediction import Prediction
from decant.foundation.errors import UnknownElement
from decant.potentials.evaluate import read_known_frames, table, words
from decant.potentials.fit_errors import fit_errors

NOISE = np.array([0.003, -0.003, 0.003, -0.003])


def errors(offsets: dict[str, float]) -> dict[str, object]:
    """Four frames of each molecule, off by its offset and noise of 3 meV, both per atom."""
    frames, predictions = [], []
    for symbols, offset in offsets.items():
        for noise in NOISE:
            atoms = Atoms(symbols, positions=np.random.default_rng(1).normal(size=(len(Atoms(symbols)), 3)))
            atoms.set_array("mol_id", np.zeros(len(atoms), dtype=int))
            atoms.info["REF_energy"] = -1.0
            atoms.set_array("REF_forces", np.ones((len(atoms), 3)))
            frames.append(atoms)
            predictions.append(Prediction(-1.0 + len(atoms) * (offset + noise), np.ones((len(atoms), 3)), None))
    return {"data": {"name": "test"}, **fit_errors(frames, predictions)}


def test_an_energy_off_by_constants_is_headed_by_what_is_left_without_them() -> None:
    found = errors({"CO2": 0.146, "H2O": -0.05})
    energy = found["energy_meV_per_atom"]
    assert np.isclose(energy["rmse"], np.sqrt((146**2 + 50**2) / 2 + 9))
    assert np.isclose(energy["rmse_within"], np.sqrt(8 / 6) * 3)  # two constants were taken out of eight numbers
    lines = table(found).splitlines()
    assert lines[2].split() == ["energy,", "less", "offsets", "meV/atom", "3.46", "-", "-", "-"]
    assert lines[3].split()[:5] == ["with", "its", "offsets", "meV/atom", "109.17"]
    assert "meV/atom: CO2 +146.0, H2O -50.0. Without, its error is 3.5 instead of 109.2." in lines[-1]


def test_an_energy_without_offsets_stands_as_it_is() -> None:
    text = table(errors({"CO2": 0.0005, "H2O": 0.0}))
    assert text.splitlines()[2].split()[:3] == ["energy", "meV/atom", "3.02"]
    assert "offset" not in text


def test_one_frame_of_each_composition_tells_no_offset() -> None:
    found = errors({"CO2": 0.1})
    single = {**found["energy_meV_per_atom"], "rmse_within": None}
    assert "offset" not in table({**found, "energy_meV_per_atom": single})


def test_errors_of_an_earlier_version_still_make_a_table() -> None:
    found = errors({"CO2": 0.1})
    for key in ("rmse_within", "offsets"):
        del found["energy_meV_per_atom"][key]
    assert "less its mean error" in table(found)


@pytest.mark.parametrize(
    ("mean", "uncertainty", "told"),
    [(-300.0, 60.0, "off by -300 ± 60 bar on average: at constant pressure the liquid will be denser than"),
     (250.0, 60.0, "off by +250 ± 60 bar on average: at constant pressure the liquid will be less dense than"),
     (-300.0, 200.0, ""), (-60.0, 5.0, ""), (-300.0, None, "")],
)  # fmt: skip
def test_a_pressure_that_is_off_in_one_direction_is_told(mean: float, uncertainty: float | None, told: str) -> None:
    pressure = {"mean_error": mean, "size": abs(mean), "uncertainty": uncertainty, "groups": 8}
    said = [
        line for line in words({**errors({"CO2": 0.0}), "pressure_bar": pressure}) if line.startswith("The pressure")
    ]
    assert said == [] if not told else told in said[0]


def frames_of(folder: Path, *symbols: str) -> Path:
    frames = []
    for one in symbols:
        atoms = Atoms(one, positions=np.random.default_rng(1).normal(size=(len(Atoms(one)), 3)))
        atoms.info["REF_energy"] = -1.0
        atoms.info |= {"recipe": "cluster", "parameters": {}, "seed": 1, "group": one}
        atoms.set_array("REF_forces", np.ones((len(atoms), 3)))
        atoms.set_array("mol_id", np.zeros(len(atoms), dtype=int))
        frames.append(atoms)
    write_frames(folder / "frames.extxyz", frames)
    return folder / "frames.extxyz"


def test_frames_with_unknown_elements_are_left_out_and_counted(tmp_path: Path) -> None:
    path = frames_of(tmp_path, "CO2", "LiF", "H2O", "CF4", "CO")
    frames, left_out = read_known_frames(path, ["H", "C", "O"])
    assert [len(frame) for frame in frames] == [3, 3, 2]
    assert left_out == {"frames": 2, "elements": ["F", "Li"]}
    assert len(read_known_frames(path, ["H", "C", "O"], limit=2)[0]) == 2
    assert read_known_frames(path, ["H", "Li", "C", "O", "F"])[1] == {}
    said = words({**errors({"CO2": 0.0}), "left_out": left_out})
    assert said[0] == "Frames left out: 2, which have F, Li, unknown to the potential."


def test_a_file_all_of_whose_frames_have_unknown_elements_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownElement, match="every frame has F or Li; the potential knows only H, C, O"):
        read_known_frames(frames_of(tmp_path, "LiF", "CF4"), ["H", "C", "O"])
