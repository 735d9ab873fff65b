"""The compiled trainer of MACE by itself: no torch, no training, the weights of a ready potential."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from decant.algorithms.mace.compiled import Evaluator, Trainer
from decant.molecules.neighbors import find_edges
from tests.conftest import REPOSITORY

MODEL = REPOSITORY / "models" / "ec-emc-mace" / "model.safetensors"


@pytest.fixture
def trainer() -> Any:
    return Trainer(MODEL.read_bytes())


def graph(atoms: Atoms, evaluator: Any) -> tuple[np.ndarray, ...]:
    """Element indices, owners, sources and vectors of a configuration."""
    edges = find_edges(atoms, evaluator.r_max, evaluator.shortest_distance)
    element = np.array([evaluator.elements.index(symbol) for symbol in atoms.symbols], dtype=np.int32)
    return element, edges.owner, edges.source, edges.vector


def test_a_trainer_says_of_a_configuration_what_the_evaluator_says(trainer: Any) -> None:
    evaluator = Evaluator(str(MODEL), precision="double")
    element, owner, source, vector = graph(molecule("CH3CH2OH"), evaluator)
    energies, forces, _ = evaluator.evaluate(element, owner, source, vector)
    trainer.set_graph(element, owner, source)
    trainer.set_threads(2)
    found, gradient = trainer.evaluate(vector)
    assert found == pytest.approx(energies, abs=1e-10)
    by_atom = np.zeros_like(forces)
    np.add.at(by_atom, owner, -gradient)
    np.add.at(by_atom, source, gradient)
    assert by_atom == pytest.approx(forces, abs=1e-10)


def test_weights_that_are_set_are_those_that_count(trainer: Any) -> None:
    evaluator = Evaluator(str(MODEL), precision="double")
    element, owner, source, vector = graph(molecule("H2O"), evaluator)
    trainer.set_graph(element, owner, source)
    before, _ = trainer.evaluate(vector)
    weights = dict(zip(trainer.names, trainer.weights, strict=True))
    assert weights.keys() >= {"layers.0.radial", "layers.0.coefficients", "layers.1.mix.0", "layers.1.readout.hidden"}
    weights["layers.0.readout.linear"] += 0.1
    trainer.set_weights(list(weights.values()))
    assert not np.allclose(trainer.evaluate(vector)[0], before)
    weights["layers.0.readout.linear"] -= 0.1
    trainer.set_weights(list(weights.values()))
    assert trainer.evaluate(vector)[0] == pytest.approx(before, abs=1e-12)


def test_what_is_no_model_or_does_not_fit_is_refused_in_words(trainer: Any) -> None:
    with pytest.raises(RuntimeError, match="model"):
        Trainer(b"nothing of the kind")
    pair = np.array([0, 1], dtype=np.int32)
    with pytest.raises(ValueError, match="edge 1 is out of order, or of an atom out of range"):
        trainer.set_graph(pair, pair, np.array([1, 2], dtype=np.int32))
    with pytest.raises(ValueError, match="an element out of range"):
        trainer.set_graph(np.array([0, 9], dtype=np.int32), pair, pair[::-1].copy())
    trainer.set_graph(pair, pair, pair[::-1].copy())
    with pytest.raises(ValueError, match="one vector for each edge"):
        trainer.evaluate(np.ones((3, 3)))
    with pytest.raises(ValueError, match="edge 0 is shorter than the model allows, or not a number"):
        trainer.evaluate(np.full((2, 3), np.nan))
    with pytest.raises(ValueError, match="one share for each atom"):
        trainer.differentiate(np.ones((2, 3)), np.ones(1), np.ones((2, 3)), np.ones(2))
    with pytest.raises(ValueError, match="values of 'up_of_element'"):
        trainer.set_weights([values[:-1] for values in trainer.weights])
    with pytest.raises(ValueError, match="arrays of weights"):
        trainer.set_weights([])
