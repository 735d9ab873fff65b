"""Adam and the moving average of the parameters, each over all parameters in one call.

The numbers are those of the parameters one by one, which torch takes otherwise on a CPU: a network has dozens of small
ones, and a dozen operations on each cost more than a small step computes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch_ema import ExponentialMovingAverage


def fuse(optimizer: Any) -> None:
    """Let an `Adam` or `AdamW` whose parameters are on a CPU take its steps by one kernel; leave others as they are."""
    if type(optimizer) not in (torch.optim.Adam, torch.optim.AdamW):
        return
    for group in optimizer.param_groups:
        plain = not (group["capturable"] or group["differentiable"] or torch.is_tensor(group["lr"]))
        group["fused"] = plain and all(parameter.device.type == "cpu" for parameter in group["params"])


class MovingAverage(ExponentialMovingAverage):
    """The average of `torch_ema`, updated for all parameters at once."""

    def update(self, parameters: Iterable[torch.nn.Parameter] | None = None) -> None:
        """Follow the parameters after a step."""
        given = self._get_parameters(parameters)
        decay = self.decay
        if self.num_updates is not None:
            self.num_updates += 1
            decay = min(decay, (1 + self.num_updates) / (10 + self.num_updates))
        with torch.no_grad():
            difference = torch._foreach_sub(self.shadow_params, given)
            torch._foreach_mul_(difference, 1.0 - decay)
            torch._foreach_sub_(self.shadow_params, difference)
