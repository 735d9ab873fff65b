"""Whatever is wrong with a model file or with the atoms, every rank ends with one clear LAMMPS error."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from decant.algorithms.mace.export.weights import FORMAT_VERSION, with_checksum, write_model
from decant.algorithms.mace.random import random_mace
from decant.lammps.data import write_data
from tests.integration.test_pair_mace import liquid
from tests.lammps_runs import ELEMENTS, environment, evaluate, header, run_lmp

TIMEOUT = 300  # seconds; ends a hang, and is far above what a busy machine needs
"""Seconds after which a run counts as hanging."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file with every kind of array, the optional ones included."""
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    write_model(random_mace(hidden="4x0e+4x1o", l_max=1, correlation=1), path)
    return path


def error_of(folder: Path, script: str, ranks: int = 2) -> str:
    """Run a script that must fail, and return what LAMMPS said."""
    done = run_lmp(folder, script, ranks, timeout=TIMEOUT)
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert "ERROR" in said, said
    assert "Segmentation" not in said and "terminate called" not in said, said
    return said


def metadata_of(path: Path) -> dict[str, str]:
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    found: dict[str, str] = json.loads(content[8 : 8 + length])["__metadata__"]
    return found


def rewrite(path: Path, copy: Path, arrays: dict[str, Any] | None = None, **metadata: str) -> None:
    """Write a model file with some arrays or metadata replaced, and with the checksum that then belongs to it."""
    merged = {**load_file(path), **(arrays or {})}
    stated = {**metadata_of(path), **metadata}
    copy.write_bytes(with_checksum(merged, stated))


def refusal(folder: Path, name: str) -> str:
    """Return the error with which the liquid does not run on the model file `name` in `folder`."""
    write_data(folder / "system.data", liquid(), ELEMENTS)
    return error_of(folder, header(liquid(), Path(name)) + "run 0\n")


@pytest.mark.parametrize("tenth", range(10))
def test_a_truncated_model_file_is_named(tmp_path: Path, model: Path, tenth: int) -> None:
    content = model.read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(content[: len(content) * tenth // 10])
    assert "model file cut.safetensors" in refusal(tmp_path, "cut.safetensors")


@pytest.mark.parametrize("part", np.linspace(0.005, 0.995, 8))
def test_a_flipped_bit_in_the_numbers_is_noticed(tmp_path: Path, model: Path, part: float) -> None:
    content = bytearray(model.read_bytes())
    start = 8 + int.from_bytes(content[:8], "little")
    content[start + int(part * (len(content) - start))] ^= 16
    (tmp_path / "flipped.safetensors").write_bytes(content)
    assert "model file flipped.safetensors is damaged: its checksum" in refusal(tmp_path, "flipped.safetensors")


HEADER_WORDS = (
    '"__metadata__"',
    "crc32",
    '"H C O"',
    "decant-mace",
    "format_version",
    '"double"',
    '"skip.0"',
    "F64",
    "[2]",
    "data_offsets",
)


@pytest.mark.parametrize("word", HEADER_WORDS)
def test_a_flipped_bit_in_the_header_never_passes_unnoticed(tmp_path: Path, model: Path, word: str) -> None:
    content = bytearray(model.read_bytes())
    length = int.from_bytes(content[:8], "little")
    inside = word.strip('"')
    at = content.find(inside.encode())
    assert 8 <= at < 8 + length, f"{word} is in the header"
    content[at + len(inside) - 1] ^= 1
    (tmp_path / "flipped.safetensors").write_bytes(content)
    assert "model file flipped.safetensors" in refusal(tmp_path, "flipped.safetensors")


WRONG_CONTENT: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], dict[str, str], str]] = {
    "integers for reals": (
        lambda arrays: {"atomic_energies": arrays["atomic_energies"].astype(np.int64)},
        {},
        "array 'atomic_energies' has type I64, expected F64 or F32",
    ),
    "reals for integers": (
        lambda arrays: {"sizes": arrays["sizes"].astype(np.float64)},
        {},
        "array 'sizes' has type F64, expected I64",
    ),
    "half precision": (
        lambda arrays: {"scale_shift": arrays["scale_shift"].astype(np.float16)},
        {},
        "array 'scale_shift' has the unsupported type F16",
    ),
    "a newer format": (
        lambda arrays: {},
        {"format_version": str(FORMAT_VERSION + 1)},
        f"has format version {FORMAT_VERSION + 1}",
    ),
    "an unknown precision": (lambda arrays: {}, {"precision": "half"}, "unknown precision 'half'"),
    "another program's file": (lambda arrays: {}, {"format": "pt"}, "is not a MACE model of 'decant export'"),
    "an array too many": (lambda arrays: {"layers.9.extra": np.zeros(3)}, {}, "the array 'layers.9.extra'"),
    "an array of another shape": (lambda arrays: {"sizes": np.zeros(2, dtype=np.int64)}, {}, "'sizes'"),
}


@pytest.mark.parametrize(("change", "metadata", "message"), WRONG_CONTENT.values(), ids=WRONG_CONTENT.keys())
def test_a_whole_file_with_wrong_content_is_refused(
    tmp_path: Path,
    model: Path,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    metadata: dict[str, str],
    message: str,
) -> None:
    rewrite(model, tmp_path / "wrong.safetensors", change(load_file(model)), **metadata)
    said = refusal(tmp_path, "wrong.safetensors")
    assert "model file wrong.safetensors" in said
    assert message in said, said


def test_the_rewriting_of_these_tests_keeps_a_right_file_right(tmp_path: Path, model: Path) -> None:
    rewrite(model, tmp_path / "copy.safetensors")
    expected = evaluate(tmp_path, liquid(), model, 2)
    assert np.array_equal(evaluate(tmp_path, liquid(), tmp_path / "copy.safetensors", 2).forces, expected.forces)


COEFFICIENTS = {
    "too many elements": ("* * {model} H C O N", "one element for each of the 3 atom types"),
    "an unknown element": ("* * {model} H C Xe", "does not know the element Xe; it knows: H C O"),
    "an element in small letters": ("* * {model} h C O", "does not know the element h"),
    "a type that no pair style describes": ("* * {model} H C NULL", "atom type 3 is NULL"),
    "a pair of types": ("1 2 {model} H C O", "must start with * *"),
    "a folder for a file": ("* * . H C O", "cannot read the model file ."),
}


@pytest.mark.parametrize(("words", "message"), COEFFICIENTS.values(), ids=COEFFICIENTS.keys())
def test_a_wrong_pair_coeff_is_explained(tmp_path: Path, model: Path, words: str, message: str) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    lines = header(liquid(), model).split("pair_coeff")[0] + f"pair_coeff {words.format(model=model)}\nrun 0\n"
    said = error_of(tmp_path, lines)
    assert message in said, said


def test_a_new_pair_style_wants_its_pair_coeff_again(tmp_path: Path, model: Path) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    assert "coeffs are not set" in error_of(tmp_path, header(liquid(), model) + "pair_style mace float\nrun 0\n")


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("apart", [0.0, 0.05])
def test_atoms_on_top_of_each_other_are_named(tmp_path: Path, model: Path, apart: float, ranks: int) -> None:
    atoms = liquid()
    atoms.positions[5] = atoms.positions[0] + [apart, 0, 0]
    write_data(tmp_path / "system.data", atoms, ELEMENTS)
    said = error_of(tmp_path, header(atoms, model) + "run 0\n", ranks)
    assert "atoms 1 and 6 are" in said or "atoms 6 and 1 are" in said, said


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_a_data_file_with_an_atom_nowhere_is_refused_by_lammps_itself(tmp_path: Path, model: Path, number: str) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    before, atoms = (tmp_path / "system.data").read_text().split("Atoms", 1)
    lines = atoms.splitlines()
    lines[8] = " ".join([*lines[8].split()[:-1], number])
    (tmp_path / "system.data").write_text(before + "Atoms" + "\n".join(lines) + "\n")
    assert f"instead of '{number}'" in error_of(tmp_path, header(liquid(), model) + "run 0\n")


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("velocity", ["NaN", "infinite"])
def test_an_atom_that_is_nowhere_is_named(tmp_path: Path, model: Path, velocity: str, ranks: int) -> None:
    # LAMMPS looks at positions only where it builds neighbor lists, so the atom goes there between two of them
    value = {"NaN": "1e300*1e300-1e300*1e300", "infinite": "1e300*1e300"}[velocity]
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    script = (
        header(liquid(), model)
        + "neigh_modify every 100 delay 100 check no\ngroup one id 7\nvelocity all set 0 0 0\n"
        + f"variable v atom {value}\nfix 1 all nve\nrun 0\nvelocity one set v_v 0 0\nrun 1 pre no\n"
    )
    assert "pair_style mace: atom 7 has the non-numeric position (" in error_of(tmp_path, script, ranks)


@pytest.mark.parametrize(("timestep", "warned"), [("0.0005", False), ("0.5", True)])
def test_a_time_step_in_femtoseconds_is_told(tmp_path: Path, model: Path, timestep: str, warned: bool) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    script = header(liquid(), model) + f"timestep {timestep}\nfix 1 all nve/limit 0.01\nrun 0\nrun 1\n"
    said = run_lmp(tmp_path, script, 2, timeout=TIMEOUT).stdout
    assert said.count(f"pair_style mace: timestep {timestep} is that many ps in units metal") == warned


TRIED_AGAIN = """
import sys
from lammps import lammps
lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
script, model = open("in.tried").read(), sys.argv[1]
lmp.commands_string(script + "run 0")
first = lmp.get_thermo("pe")
for wrong in ("pair_coeff * * missing.safetensors H C O", f"pair_coeff * * {model} H C", "run 0"):
    try:
        lmp.command(wrong)
        raise SystemExit(f"'{wrong}' was taken")
    except Exception as error:
        print("refused:", error)
lmp.command(f"pair_coeff * * {model} H C O")
lmp.command("run 0")
assert lmp.get_thermo("pe") == first
print("as before")
"""


def test_a_pair_coeff_that_fails_leaves_no_half_of_a_model_and_another_one_can_follow(
    tmp_path: Path, model: Path
) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    (tmp_path / "in.tried").write_text(header(liquid(), model))
    done = subprocess.run(
        [sys.executable, "-c", TRIED_AGAIN, str(model)], cwd=tmp_path, env=environment("mace"), capture_output=True,
        text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("refused:") == 3 and done.stdout.rstrip().endswith("as before")


def test_a_path_with_spaces_and_no_quotes_is_told(tmp_path: Path, model: Path) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    script = header(liquid(), Path("my model.safetensors")).replace('"', "")
    assert "a path with spaces must be in quotes" in " ".join(error_of(tmp_path, script + "run 0\n").split())


def test_a_precision_of_no_name_is_told(tmp_path: Path, model: Path) -> None:
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    said = error_of(tmp_path, header(liquid(), model, "single") + "run 0\n")
    assert "expected float or double, or a model file, not single" in said
