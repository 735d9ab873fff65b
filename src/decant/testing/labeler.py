"""What must be true of a reference method that decant is to label with."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from ase import Atoms

from decant.labels.base import Labeler, LabelError
from decant.labels.journal import label_key
from decant.labels.label import label_frames
from decant.labels.registry import labeler
from decant.molecules.liquid import parse_liquid
from decant.molecules.packing import pack
from decant.molecules.solvents import molecule
from decant.testing.derivatives import require_forces, require_virial


class LabelerConformance:
    """A method is found, travels to worker processes, keeps no memory, and its labels are derivatives of an energy.

    A subclass whose name begins with ``Test`` says which method; where it does not know methanol, it overrides the
    fixtures `cluster` and `box`.

    Attributes
    ----------
    name
        The method's, as after ``decant label --method``.
    settings
        Its settings.
    step
        Of finite differences, angstrom, and strain.
    tolerance
        What forces (eV/angstrom) and virials (eV) may differ from them, relative to the largest component if that is
        above one.
    """

    name: ClassVar[str]
    settings: ClassVar[Mapping[str, Any]] = {}
    step: ClassVar[float] = 1e-3
    tolerance: ClassVar[float] = 1e-2

    @pytest.fixture
    def method(self) -> Labeler:
        """The method."""
        return labeler(self.name, self.settings)

    @pytest.fixture
    def cluster(self) -> Atoms:
        """A few atoms without periodicity: by default a methanol molecule."""
        atoms = molecule("CO").embed(1)
        atoms.set_array("mol_id", np.zeros(len(atoms), dtype=int))
        atoms.positions += np.random.default_rng(1).normal(scale=0.03, size=(len(atoms), 3))
        return atoms

    @pytest.fixture
    def box(self) -> Atoms:
        """A periodic box: by default of two methanol molecules."""
        return pack(parse_liquid("CO:2"), 0.5, 1)

    def test_what_decides_its_numbers_is_told_in_plain_words(self, method: Labeler) -> None:
        assert method.name and isinstance(method.name, str)
        assert method.version and isinstance(method.version, str)
        assert json.loads(json.dumps(method.settings)) == method.settings

    def test_a_label_has_energy_forces_and_in_a_box_a_virial(
        self, method: Labeler, cluster: Atoms, box: Atoms
    ) -> None:  # fmt: skip
        for atoms in (cluster, box):
            answer = method.label(atoms)
            assert np.isfinite(answer.energy) and isinstance(answer.energy, float)
            assert answer.forces.shape == (len(atoms), 3) and np.isfinite(answer.forces).all()
        assert method.label(cluster).virial is None, "there is no virial without a cell"
        virial = method.label(box).virial
        assert virial is not None and virial.shape == (3, 3)
        np.testing.assert_allclose(virial, virial.T, atol=1e-6)

    def test_forces_and_virial_are_the_derivatives_of_the_energy(
        self, method: Labeler, cluster: Atoms, box: Atoms
    ) -> None:  # fmt: skip
        require_forces(method.label, cluster, self.step, self.tolerance)
        require_virial(method.label, box, self.step, self.tolerance)

    def test_a_label_depends_on_nothing_that_was_labelled_before(
        self, method: Labeler, cluster: Atoms, box: Atoms
    ) -> None:
        first = method.label(cluster)
        method.label(box)
        again = method.label(cluster)
        assert again.energy == pytest.approx(first.energy, abs=1e-8)
        np.testing.assert_allclose(again.forces, first.forces, atol=1e-6)

    def test_labelling_leaves_the_configuration_as_it_was(self, method: Labeler, box: Atoms) -> None:
        before = box.copy()
        method.label(box)
        assert box == before and set(box.arrays) == set(before.arrays) and box.info == before.info

    def test_it_travels_to_other_processes(self, method: Labeler, cluster: Atoms, tmp_path: Path) -> None:
        travelled = pickle.loads(pickle.dumps(method))
        assert label_key(cluster, travelled) == label_key(cluster, method)
        result = label_frames([cluster], method, tmp_path / "journal", jobs=2)
        assert not result.failures
        assert result.frames[0].info["REF_energy"] == pytest.approx(method.label(cluster).energy, abs=1e-6)

    def test_a_configuration_without_an_answer_is_a_label_error(self, method: Labeler, cluster: Atoms) -> None:
        cluster.positions[1] = cluster.positions[0]
        try:
            answer = method.label(cluster)
        except LabelError:
            return
        assert np.isfinite(answer.energy) and np.isfinite(answer.forces).all(), "no number, and no LabelError"
