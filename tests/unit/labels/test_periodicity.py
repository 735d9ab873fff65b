"""One rule for all reference methods: a slab or a wire is computed rightly, or refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import fcc111

from decant.data.prediction import Prediction
from decant.labels.base import LabelError
from decant.labels.cp2k import CP2K
from decant.labels.label import label_frames
from decant.labels.registry import labeler

EMT = "ase:ase.calculators.emt.EMT"


def slab(third: float = 20.0) -> Atoms:
    atoms = fcc111("Cu", (2, 2, 2), vacuum=8.0)
    atoms.cell[2] = [0, 0, third]
    atoms.pbc = [True, True, False]
    atoms.positions += np.random.default_rng(1).normal(scale=0.05, size=(len(atoms), 3))
    atoms.set_array("mol_id", np.zeros(len(atoms), dtype=int))
    return atoms


@pytest.mark.parametrize("pbc", [(True, True, False), (True, False, False)])
@pytest.mark.parametrize(
    "method", [labeler("gfn1-xtb"), labeler("gfn2-xtb"), CP2K("cp2k:x", "", "CP2K"), labeler(EMT)], ids=lambda m: m.name
)
def test_a_method_that_may_not_know_slabs_refuses_them(method: Any, pbc: Any) -> None:
    atoms = Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.74]], cell=[5, 5, 5], pbc=pbc)
    with pytest.raises(
        LabelError, match=rf'periodic in some directions only \(pbc="T .* F"\), but {method.name} knows'
    ):
        method.label(atoms)


def test_whoever_knows_that_a_calculator_is_right_for_slabs_says_so() -> None:
    with pytest.raises(LabelError, match="if it does know them, say so: partly_periodic=true"):
        labeler(EMT).label(slab())
    method = labeler(EMT, {"partly_periodic": True})
    assert method.settings == {"partly_periodic": True}
    one, other = method.label(slab()), method.label(slab(third=0.0))
    assert one.energy == pytest.approx(other.energy), "the third vector says nothing"
    assert one.virial is None


class Unaware:
    """A method of somebody else, written before slabs were thought of."""

    name, version = "unaware", "1"

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}

    def label(self, atoms: Atoms) -> Prediction:
        return Prediction(1.0, np.zeros((len(atoms), 3)), None)


class Aware(Unaware):
    """One that is right for them."""

    partly_periodic = True


def test_a_method_of_others_is_given_slabs_only_if_it_says_that_it_knows_them(tmp_path: Path) -> None:
    frames = [slab(), slab()]
    frames[1].pbc = True
    done = label_frames(frames, Unaware(), tmp_path / "one", keep_broken=True)
    assert len(done.frames) == 1 and done.frames[0].pbc.all()
    assert [index for index, _ in done.failures] == [0]
    assert done.failures[0][1].startswith("periodic in some directions only")
    assert len((tmp_path / "one").read_text().splitlines()) == 1, "nothing of a refused frame is in the journal"
    assert len(label_frames(frames, Aware(), tmp_path / "other", keep_broken=True).frames) == 2
