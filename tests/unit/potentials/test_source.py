"""What stands behind the path of a model: a potential is taken as it is, a part of one is not taken for a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from decant.algorithms.base import Part
from decant.foundation.errors import InputError
from decant.potentials.export import Use, export
from decant.potentials.potential import Potential
from decant.potentials.ready import ready, take
from decant.potentials.source import open_model, open_source, potential_of


@pytest.mark.parametrize("name", ["ec-emc-mace", "ec-emc-deepmd"])
def test_a_potential_is_exported_by_a_copy_also_a_ready_one_by_its_name(name: str, tmp_path: Path) -> None:
    first, is_new = export(Path(name), tmp_path / "a")
    (first.path / "notes.txt").write_text("of its owner")
    second, _ = export(first.path, tmp_path / "b")
    assert is_new and second.card == first.card == Potential.open(ready()[name]).card
    assert sorted(file.name for file in second.path.iterdir()) == sorted([*second.card["files"], "card.yaml"])
    second.record("test_errors", {"of": "mine"})
    assert export(first.path, second.path) == (second, False), "the same files stand there"
    assert export(Path("ec-emc-dft"), second.path)[1]


def test_a_potential_is_taken_as_it_is_or_not_at_all(tmp_path: Path) -> None:
    as_it_is = {"precision": "single", "part": Part(("H", "C", "O")), "beside": ("none",)}
    export(Path("ec-emc-mace"), tmp_path / "a", **as_it_is)  # type: ignore[arg-type]
    more = {
        "precision": "double", "elements": Part(("C", "H", "O")), "head": Part(head="pbe"), "charge": Part(charge=1),
        "spin": Part(spin=2), "format": ("mliap",), "beside": ("zbl:0.5:1.0",), "good_for": Use(("EC",)),
    }  # fmt: skip
    parameters = {"precision": "precision", "format": "forms", "beside": "beside", "good_for": "use"}
    for name, value in more.items():
        said = f"ec-emc-mace: is a potential already, to be taken as it is: leave out `{name}`, or export the model"
        with pytest.raises(InputError, match=said):
            export(Path("ec-emc-mace"), tmp_path / "b", **{parameters.get(name, "part"): value})  # type: ignore[arg-type]
    assert not (tmp_path / "b").exists()


def test_a_part_of_a_potential_is_no_model(tmp_path: Path) -> None:
    potential = take("ec-emc-mace", tmp_path / "mine")
    for file in ("reference.safetensors", "model.safetensors"):
        with pytest.raises(InputError, match=rf"{file}: is a part of a potential; give the whole, .*mine$"):
            open_source(potential.path / file)
    assert potential_of(potential.path) == potential and potential_of(tmp_path) is None
    assert open_model(potential.path).model == potential.path
    with pytest.raises(InputError, match=r"no fit\.yaml or card\.yaml in it; expected a directory written by"):
        open_source(tmp_path)
    with pytest.raises(InputError, match=r"solvent: no such file or directory \(did you mean 'solvents'\?\)"):
        open_source(Path("solvent"))


def test_a_damaged_potential_is_not_copied(tmp_path: Path) -> None:
    potential = take("ec-emc-mace", tmp_path / "mine")
    (potential.path / "model.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="corrupted"):
        export(potential.path, tmp_path / "copy")
