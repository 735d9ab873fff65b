"""Bytes and operations of kernels, counted by hand for a small model, and what a card makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from decant.foundation.errors import InputError
from decant.planning.cards import CARDS, card
from decant.planning.device_forecast import seconds
from decant.planning.kernels import Kernel, count_kernels, read_shape


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """One layer of 10 scalars with l_max 1: paths (0, 0, 0) and (0, 1, 1), two monomials."""
    couplings = np.zeros(1 + 9)
    couplings[0] = 1.0
    couplings[1:] = np.eye(3).ravel()
    arrays = {
        "sizes": np.array([10, 1, 1]),
        "radial_range": np.array([0.1, 4.0]),
        "layers.0.l": np.array([0, 0]),
        "layers.0.paths": np.array([[0, 0, 0], [0, 1, 1]]),
        "layers.0.couplings": couplings,
        "layers.0.terms": np.array([[0, 0, -1, -1, -1], [0, 1, 1, -1, -1]]),
        "layers.0.skip_of_element": np.zeros((1, 10)),
        "layers.0.readout.output": np.zeros(16),
    }
    save_file(arrays, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def test_operations_are_those_of_the_statements_that_are_written_for_the_model(model: Path) -> None:
    layer = read_shape(model).layers[0]
    # x = R h, and message += (c y) x: 1 + 1 + 2; then 1 + 3 x (1 + 2)
    assert layer.add == (1 + 1 + 2) + (1 + 3 * 3)
    # t = c (h a), all += y t, by_r += slope all: 2 + 2 + 2; then with by_harmonic += R t: 3 x (2 + 2 + 2) + 2
    assert layer.reverse_owner == (2 + 2 + 2) + 3 * (2 + 2 + 2) + 2
    # w b and + ; w b b and +
    assert layer.product == 2 + 3
    # g = w a, += g; g = w a, twice += g b
    assert layer.product_reverse == 2 + (1 + 4)
    assert (layer.rows_message, layer.rows_basis, layer.update, layer.up, layer.units) == (4, 4, 1, 0, 16)


def test_channels_are_padded_and_every_neighbor_counts(model: Path) -> None:
    shape = read_shape(model)
    assert shape.channels == 32
    ten, twenty = ({kernel.name: kernel for kernel in count_kernels(shape, 4, n, 1.5 * n)} for n in (10.0, 20.0))
    assert list(ten)[:3] == ["edge_list", "edges_forward 1", "mix 1"]
    assert twenty["edges_forward 1"].operations == 2 * ten["edges_forward 1"].operations
    assert ten["edges_forward 1"].cache == 10 * 32 * 4 * (6 * 2 + 1), "six rows of two paths, and one of the neighbor"
    assert twenty["mix 1"] == ten["mix 1"]
    double = {kernel.name: kernel for kernel in count_kernels(shape, 8, 10.0, 15.0)}
    assert double["mix 1"].memory == 2 * ten["mix 1"].memory


def test_a_kernel_takes_as_long_as_the_slowest_of_memory_cache_and_arithmetic() -> None:
    h100 = CARDS["h100"]
    assert seconds(Kernel("k", 3.35e12, 0.0, 0.0), h100, "single") == pytest.approx(1.0)
    assert seconds(Kernel("k", 3.35e12, 0.0, 134e12), h100, "single") == pytest.approx(2.0)
    assert seconds(Kernel("k", 3.35e12, 0.0, 134e12), h100, "double") == pytest.approx(134 / 34)
    assert seconds(Kernel("k", 0.0, 5 * 10.1e12, 0.0), h100, "double") == pytest.approx(5.0)


def test_cards_are_told_by_name_and_models_of_the_cpu_are_refused(model: Path) -> None:
    assert card("A100").memory_GB == 80
    with pytest.raises(InputError, match=r"`gpu` h1000 .*h100.*: expected a100, h100, h200"):
        card("h1000")
    gated = {"sizes": np.array([10, 1, 0]), "layers.0.gate.out.0": np.zeros(1)}
    save_file(gated, model)
    with pytest.raises(InputError, match="gated layers, which only the CPU computes"):
        read_shape(model)
