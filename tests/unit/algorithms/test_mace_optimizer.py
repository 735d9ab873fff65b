"""Adam and the moving average of all parameters at once have the numbers of torch's and torch_ema's own."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch_ema import ExponentialMovingAverage

from decant.algorithms.mace.optimizer import MovingAverage, fuse
from decant.algorithms.mace.pieces import Pieces


def trained(optimizer: Any, average: Any, own: bool) -> tuple[list[torch.Tensor], list[torch.Tensor], Any]:
    """Parameters, averages and the optimizer after some steps along random gradients; one parameter never has any."""
    generator = torch.Generator().manual_seed(1)
    parameters = [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((3, 5), (7,), (2, 2, 2))]
    taking = optimizer([{"params": parameters[:1], "weight_decay": 0.01}, {"params": parameters[1:]}], lr=0.01)
    following = average(parameters, decay=0.95)
    if own:
        fuse(taking)
    for _ in range(20):
        for parameter in parameters[:2]:
            parameter.grad = torch.randn(parameter.shape, generator=generator)
        taking.step()
        following.update()
    return [parameter.detach() for parameter in parameters], following.shadow_params, taking


@pytest.mark.parametrize("amsgrad", [True, False])
@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
def test_steps_and_averages_are_those_of_the_parameters_one_by_one(kind: Any, amsgrad: bool) -> None:
    def optimizer(groups: Any, lr: float) -> Any:
        return kind(groups, lr=lr, amsgrad=amsgrad)

    own, own_averages, fused = trained(optimizer, MovingAverage, True)
    parameters, averages, plain = trained(optimizer, ExponentialMovingAverage, False)
    assert fused.param_groups[0]["fused"] and not plain.param_groups[0]["fused"]
    for found, expected in zip(own + own_averages, parameters + averages, strict=True):
        assert torch.allclose(found, expected, rtol=2e-6, atol=1e-7)


def test_other_optimizers_are_left_alone() -> None:
    other = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1)
    groups = [dict(group) for group in other.param_groups]
    fuse(other)
    fuse(None)
    assert [dict(group) for group in other.param_groups] == groups


def test_pieces_have_the_values_and_the_gradients_of_the_parameters_they_are_taken_from() -> None:
    one, other, unused = (torch.nn.Parameter(torch.randn(shape)) for shape in ((2, 3), (4,), (5,)))
    pieces = Pieces()
    turned = pieces.add(pieces.places(one).T, 2.0)
    ends = pieces.add(pieces.places(other)[[3, 0]], torch.tensor([1.0, -1.0]))
    found = pieces(pieces.row())
    assert pieces.shape(turned) == (3, 2)
    assert torch.allclose(found[turned].view(3, 2), 2 * one.double().T)
    assert torch.allclose(found[ends], torch.stack([other[3], -other[0]]).double())
    weights = torch.arange(6.0, dtype=torch.float64).view(3, 2)
    ((weights * found[turned].view(3, 2)).sum() + 3 * found[ends].sum()).backward()
    assert torch.allclose(one.grad, 2 * weights.T.float())
    assert other.grad.tolist() == [-3, 0, 0, 3] and unused.grad is None


def test_a_value_in_two_pieces_is_refused() -> None:
    parameter, pieces = torch.nn.Parameter(torch.ones(3)), Pieces()
    pieces.add(pieces.places(parameter))
    pieces.add(pieces.places(parameter)[:1])
    with pytest.raises(ValueError, match="in two arrays"):
        pieces(pieces.row())


def test_a_fit_goes_on_either_way_from_a_checkpoint_of_the_other() -> None:
    def optimizer(groups: Any, lr: float) -> Any:
        return torch.optim.Adam(groups, lr=lr, amsgrad=True)

    ways = [trained(optimizer, MovingAverage, own) for own in (True, False)]
    stored = [copy.deepcopy(taking.state_dict()) for *_, taking in ways]
    for (*_, taking), state in zip(ways, reversed(stored), strict=True):
        taking.load_state_dict(state)
    fuse(ways[0][2])
    assert ways[0][2].param_groups[0]["fused"]
    for *_, taking in ways:
        taking.step()
    for found, expected in zip(ways[0][0], ways[1][0], strict=True):
        assert torch.allclose(found, expected, rtol=2e-6, atol=1e-7)
