"""The steps of a MACE training by compiled code are those of mace-torch: energies, forces, virials and gradients."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ase
import numpy as np
import pytest
import torch
from ase.build import molecule

from decant.algorithms.mace.batches import collate
from decant.algorithms.mace.compiled_training import Compiled, CompiledModel, NotCovered
from decant.algorithms.mace.optimizer import MovingAverage, fuse
from decant.algorithms.mace.random import DENSITY, GATED, random_mace
from decant.foundation.files import read_yaml
from tests.integration.conftest import run_decant
from tests.mace_agreement import liquid

OUTPUTS = {"compute_force": True, "compute_virials": True, "compute_stress": True}
KNOWN: dict[str, dict[str, Any]] = {
    "scalars": {"hidden": "16x0e", "l_max": 2},
    "vectors": {"hidden": "16x0e+16x1o"},
    "tensors in three layers": {"hidden": "8x0e+8x1o+8x2e", "layers": 3, "correlation": 2},
    "one layer": {"hidden": "8x0e", "layers": 1},
    "element maps after the messages": {"hidden": "8x0e+8x1o", "first": "RealAgnosticInteractionBlock"},
    "plain MACE": {"hidden": "8x0e", "kind": "MACE"},
    "gaussian basis, distances by pair, correlation 4": {
        "hidden": "8x0e",
        "l_max": 2,
        "correlation": 4,
        "radial_type": "gaussian",
        "distance_transform": "Soft",
    },
    "densities, distances by pair and a repulsion": {"hidden": "8x0e+8x1o", **DENSITY},
}


def frames(*given: ase.Atoms, cutoff: float = 4.0) -> list[Any]:
    """Frames with random labels, as a training has read them."""
    from mace import data, tools

    torch.set_default_dtype(torch.float64)
    table = tools.AtomicNumberTable([1, 6, 8])
    generator = np.random.default_rng(3)
    graphs = []
    for frame in given:
        frame.info.update(REF_energy=generator.normal(), REF_virials=generator.normal(size=(3, 3)))
        frame.arrays["REF_forces"] = generator.normal(size=(len(frame), 3))
        keys = data.KeySpecification.from_defaults()
        configuration = data.config_from_atoms(frame, key_specification=keys)
        graphs.append(data.AtomicData.from_config(configuration, z_table=table, cutoff=cutoff))
    return graphs


def batch(*given: ase.Atoms, cutoff: float = 4.0) -> Any:
    """A batch of them, as a training sees it."""
    from mace.tools import torch_geometric

    return torch_geometric.Batch.from_data_list(frames(*given, cutoff=cutoff))


def gradients(seen: Any, parameters: Any, given: Any, loss: Any) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """What a model says of a batch, and the gradient of the loss by the names of its parameters."""
    for parameter in parameters.values():
        parameter.grad = None
    output = seen(given.clone().to_dict(), training=True, **OUTPUTS)
    loss(pred=output, ref=given).backward()
    return output, {name: p.grad.clone() for name, p in parameters.items() if p.grad is not None}


@pytest.fixture(autouse=True)
def _default_precision() -> Any:
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize("settings", KNOWN.values(), ids=KNOWN)
def test_compiled_steps_have_the_outputs_and_the_gradients_of_mace_torch(settings: dict[str, Any]) -> None:
    from mace.modules import WeightedEnergyForcesVirialsLoss

    model = random_mace(**settings)
    given = batch(liquid(0), liquid(1, side=11.0))
    loss = WeightedEnergyForcesVirialsLoss(energy_weight=100, forces_weight=10, virials_weight=100)
    parameters = dict(model.named_parameters())
    expected, by_torch = gradients(model, parameters, given, loss)
    found, by_compiled = gradients(CompiledModel(model), parameters, given, loss)
    for name in ("energy", "node_energy", "interaction_energy", "forces", "virials", "stress"):
        if name not in expected:  # of plain MACE
            continue
        size = float(expected[name].detach().abs().max())
        # radial functions are splines, which a training may have coarser than an export
        assert float((found[name] - expected[name]).abs().max()) < 5e-6 * size, name
    assert set(by_compiled) >= set(by_torch)
    for name, gradient in by_torch.items():
        off = float((by_compiled[name] - gradient).norm() / gradient.norm().clamp(min=1e-12))
        assert off < 2e-6, (name, off)


def test_the_gradient_of_a_compiled_step_is_the_derivative_of_its_loss() -> None:
    from mace.modules import WeightedEnergyForcesVirialsLoss

    model = random_mace("8x0e+8x1o", atomic_energies=np.zeros(3))
    given, seen = batch(liquid(0)), CompiledModel(model)
    loss = WeightedEnergyForcesVirialsLoss(energy_weight=100, forces_weight=10, virials_weight=100)
    parameters = dict(model.named_parameters())
    _, found = gradients(seen, parameters, given, loss)
    generator = torch.Generator().manual_seed(5)
    for name, parameter in parameters.items():
        direction = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        direction /= direction.norm()
        sides = []
        for step in (1e-4, -1e-4):
            with torch.no_grad():
                parameter += step * direction
                sides.append(float(loss(pred=seen(given.clone().to_dict(), **OUTPUTS), ref=given)))
                parameter -= step * direction
        along = float((found[name] * direction).sum())
        assert (sides[0] - sides[1]) / 2e-4 == pytest.approx(along, rel=1e-5, abs=1e-6 * float(found[name].norm()))


def test_a_loss_may_know_of_several_batches() -> None:
    model = random_mace("8x0e", l_max=2)
    seen, parameters = CompiledModel(model), dict(model.named_parameters())
    one, other = batch(liquid(0)).to_dict(), batch(molecule("CH3OH")).to_dict()
    found = []
    for computing in (model, seen):
        for parameter in parameters.values():
            parameter.grad = None
        forces = [computing(dict(part), training=True)["forces"] for part in (one, other)]
        (forces[0].square().sum() + 3 * forces[1].square().sum()).backward()
        found.append({name: p.grad.clone() for name, p in parameters.items() if p.grad is not None})
    for name, gradient in found[0].items():
        assert float((found[1][name] - gradient).norm()) < 2e-6 * float(gradient.norm()), name


def test_batches_of_compiled_steps_hold_what_those_of_mace_torch_hold() -> None:
    from mace.tools import torch_geometric

    made = frames(liquid(0), molecule("CH3OH"), ase.Atoms("O"))
    expected = torch_geometric.Batch.from_data_list(made)
    found = collate(made)
    assert set(found.keys) == set(expected.keys) and found.num_graphs == expected.num_graphs == 3
    owner, source = expected.edge_index[1], expected.edge_index[0]
    order, vectors = torch.argsort(owner, stable=True), expected.positions[owner] - expected.positions[source]
    for name in expected.keys:
        sorted_ = {"edge_index": expected.edge_index[:, order]} | {
            edges: expected[edges][order] for edges in ("shifts", "unit_shifts")
        }
        assert torch.equal(found[name], sorted_.get(name, expected[name])), name
    entries = found.to("cpu").to_dict()
    graph = entries.pop("graph")
    assert set(entries) == set(expected.to_dict())
    assert torch.allclose(graph.vectors, (vectors + expected.shifts)[order], atol=1e-12)
    assert np.array_equal(np.stack([graph.source, graph.owner]), found.edge_index)
    assert graph.atoms == tuple(expected.ptr.diff().tolist()) and graph.edges[1:] == (30, 0)


def test_steps_by_compiled_code_lead_to_the_parameters_and_averages_of_mace_torch() -> None:
    from mace.modules import WeightedEnergyForcesVirialsLoss
    from mace.tools.torch_geometric.dataloader import DataLoader
    from mace.tools.train import train_one_epoch
    from torch_ema import ExponentialMovingAverage

    made = frames(liquid(0, side=7.0), molecule("CH3OH"), liquid(1, side=7.0), molecule("CH3CHO"), cutoff=3.5)
    found = []
    for own in (True, False):  # whose batches, energies, optimizer and average
        model = random_mace("8x0e", l_max=1, r_max=3.5)
        groups = [{"params": list(model.interactions.parameters()), "weight_decay": 1e-3}, {
            "params": [p for name, p in model.named_parameters() if not name.startswith("interactions")],
            "weight_decay": 0.0, "lr": 0.002,
        }]  # fmt: skip
        optimizer = torch.optim.Adam(groups, lr=0.005, amsgrad=True)
        average = (MovingAverage if own else ExponentialMovingAverage)(model.parameters(), decay=0.9)
        loader = DataLoader(made, batch_size=2)
        if own:
            loader.collate_fn = collate
            fuse(optimizer)
        for epoch in range(4):
            train_one_epoch(
                model=CompiledModel(model) if own else model, data_loader=loader, optimizer=optimizer, epoch=epoch,
                loss_fn=WeightedEnergyForcesVirialsLoss(energy_weight=100, forces_weight=10, virials_weight=100),
                output_args={"forces": True, "virials": True, "stress": False}, max_grad_norm=10.0, ema=average,
                logger=SimpleNamespace(log=lambda entry: None), device=torch.device("cpu"), distributed=False,
            )  # fmt: skip
        found.append((dict(model.named_parameters()), average.shadow_params))
    (own_parameters, own_averages), (parameters, averages) = found
    for (name, parameter), own_average, average in zip(parameters.items(), own_averages, averages, strict=True):
        assert torch.allclose(own_parameters[name], parameter, rtol=1e-5, atol=2e-6), name
        assert torch.allclose(own_average, average, rtol=1e-5, atol=2e-6), name


def test_a_validation_follows_parameters_that_were_changed_behind_its_back() -> None:
    model = random_mace("8x0e", l_max=2)
    seen, given = CompiledModel(model), batch(molecule("CH3OH")).to_dict()
    before = seen(given)["energy"]
    assert torch.equal(seen(given)["energy"], before)
    next(model.parameters()).data.mul_(1.5)  # as averages are copied, of which no version tells
    assert (
        float((seen(given)["energy"] - model(given)["energy"]).abs())
        < 1e-5
        < float((seen(given)["energy"] - before).abs())
    )


def test_molecules_without_a_cell_and_atoms_without_neighbours_are_computed_too() -> None:
    model = random_mace("8x0e")
    given = batch(molecule("CH3OH"), ase.Atoms("O"))
    with torch.no_grad():
        found = CompiledModel(model)(given.clone().to_dict(), **OUTPUTS)
    expected = model(given.clone().to_dict(), **OUTPUTS)
    for name in ("energy", "forces", "virials"):
        assert torch.allclose(found[name], expected[name].detach(), atol=1e-4)


def test_a_single_precision_model_gets_outputs_and_gradients_of_its_own_precision() -> None:
    model = random_mace("8x0e").float()
    given = batch(liquid(0))
    single = {key: value.float() if value.is_floating_point() else value for key, value in given.to_dict().items()
              if isinstance(value, torch.Tensor)}  # fmt: skip
    output = CompiledModel(model)(single, training=True, **OUTPUTS)
    assert all(output[name].dtype == torch.float32 for name in ("energy", "forces", "virials", "stress"))
    (output["energy"].sum() + output["forces"].square().sum()).backward()
    assert all(
        p.grad.dtype == torch.float32 and p.grad.isfinite().all() for p in model.parameters() if p.grad is not None
    )


def test_what_compiled_code_does_not_know_is_left_to_torch_and_told() -> None:
    told: list[str] = []
    for settings, reason in (
        (GATED, "gated layers"),
        ({"heads": ["a", "b"], "atomic_energies": np.zeros((2, 3)), "atomic_inter_scale": [1.0, 1.0],
          "atomic_inter_shift": [0.0, 0.0]}, "several heads"),
    ):  # fmt: skip
        model = random_mace("8x0e", l_max=2, **settings)
        with pytest.raises(NotCovered, match=reason):
            CompiledModel(model)
        assert Compiled(told.append)(model) is model
        assert told[-1].startswith("torch: compiled code does not cover") and reason in told[-1]
    model = random_mace("8x0e")
    compiled = Compiled(told.append)
    assert compiled(model) is compiled(model) and told[-1] == "compiled code"


def test_a_fit_takes_compiled_steps_unless_told_otherwise_and_both_learn_the_same(
    tiny_dataset: Path, tmp_path: Path
) -> None:
    small = ["--preset", "quick", "--set", "hidden_irreps=8x0e", "--set", "radial_MLP='[16]'", "--max-epochs", "4"]
    errors = {}
    for how, setting in (("compiled code", "true"), ("torch", "false")):
        folder = tmp_path / setting
        run_decant("fit", "mace", tiny_dataset, "-o", folder, *small, "--set", f"compiled_steps={setting}")
        log = (folder / "work" / "train.log").read_text()
        assert re.findall("steps by (compiled code|torch)", log) == [how]
        assert read_yaml(folder / "fit.yaml")["settings"]["compiled_steps"] is (setting == "true")
        errors[how] = read_yaml(folder / "errors.yaml")["force_meV_per_A"]["total"]["rmse"]
    # the same start, batches and schedule in single precision: they part by rounding alone
    assert errors["compiled code"] == pytest.approx(errors["torch"], rel=0.02)


def test_fine_tuning_takes_compiled_steps_too(mace_model: Path, tiny_dataset: Path, tmp_path: Path) -> None:
    run_decant("fit", "mace", tiny_dataset, "-o", tmp_path / "m", "--pretrained", mace_model, "--max-epochs", "1")
    assert "steps by compiled code" in (tmp_path / "m" / "work" / "train.log").read_text()
