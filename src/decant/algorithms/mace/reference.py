"""A MACE model as safetensors: its weights and a JSON description from which it is rebuilt without unpickling."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.algorithms.mace.model_file import LES, as_scale_shift, first_line, has_latent_charges, load_trusted
from decant.algorithms.training import quiet
from decant.foundation.errors import InputError
from decant.foundation.files import require_file, write_beside

if TYPE_CHECKING:
    import torch
    from ase.calculators.calculator import Calculator

FORMAT = "decant-mace-reference-1"
_CLASSES = ("interaction_cls", "interaction_cls_first", "readout_cls")
_LES = ("sigma", "dl", "remove_self_interaction")
_IRREPS = ("hidden_irreps", "MLP_irreps", "edge_irreps")


def write_reference(
    model: torch.nn.Module, path: Path, head: str | None = None, totals: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Write a MACE model as safetensors; return its description, as stored in the header.

    Parameters
    ----------
    model
        In double precision.
    path
        File to write.
    head
        Name of the head that was exported; None for the only one.
    totals
        Total `charge` and `spin` that were exported, of a model that embeds them.
    """
    from mace.tools.scripts_utils import extract_config_mace_model
    from safetensors.torch import save

    converted = as_scale_shift(model)
    description = {key: _plain(value) for key, value in extract_config_mace_model(converted).items()}
    description["gate"] = _gate_name(converted)
    description["correlation"] = _correlation(converted)
    description["head"] = head
    description["totals"] = dict(totals or {})
    if has_latent_charges(model):
        description["les_arguments"] = {name: getattr(model.les, name) for name in _LES}
    description["keep_last_layer_irreps"] = max(ir.l for _, ir in converted.products[-1].linear.irreps_out) > 0
    # what les keeps of its own follows from its settings
    kept = {name: tensor for name, tensor in converted.state_dict().items() if not name.startswith("les.")}
    weights = {name: tensor.detach().clone().contiguous() for name, tensor in kept.items()}
    with write_beside(path) as temporary:
        # not save_file, whose files nobody else may read
        temporary.write_bytes(save(weights, metadata={"format": FORMAT, "model": json.dumps(description)}))
    return description


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it; classes by name, irreps as text."""
    if isinstance(value, type):
        return value.__name__
    if hasattr(value, "tolist"):
        return value.tolist()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple) and not type(value).__name__.startswith("Irrep"):
        return [_plain(item) for item in value]
    return str(value)


def _gate_name(model: Any) -> str | None:
    """Return the name of the non-linearity of the last readout."""
    from mace.modules import gate_dict

    if not hasattr(model.readouts[-1], "non_linearity"):  # a single layer has a linear readout, and no use for a gate
        return "silu"
    gate = model.readouts[-1].non_linearity.acts[0].f
    for name, function in gate_dict.items():
        if function is gate:
            return str(name)
    raise InputError(f"the readout's non-linearity {gate} has no name in mace-torch; cannot describe this model")


def _correlation(model: Any) -> int | list[int]:
    """Return the correlation order of all layers, or a list where it differs."""
    orders = [int(product.symmetric_contractions.contractions[0].correlation) for product in model.products]
    return orders[0] if len(set(orders)) == 1 else orders


def torch_calculator(
    model: torch.nn.Module, head: str | None = None, totals: Mapping[str, int] | None = None
) -> Calculator:
    """Return MACE's own calculator of a model, in double precision on the CPU; `totals` go before those of frames."""
    with quiet():
        from decant.algorithms.mace.strained_field import with_strained_field
        from decant.algorithms.mace.torch_calculator import TorchMACE

        model = with_strained_field(model) if has_latent_charges(model) else model
        calculator = TorchMACE(models=[model], device="cpu", default_dtype="float64", head=head)
    calculator.totals = dict(totals or {})
    return calculator


def reference_part(path: Path) -> tuple[str | None, dict[str, int]]:
    """Return the head, None for the only one, and the totals that were exported with a file of `write_reference`."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        description = json.loads(file.metadata()["model"])
    return description.get("head"), description.get("totals", {})


def load_model(path: Path) -> torch.nn.Module:
    """Return the model of a ``.model`` file, which is unpickled and must be trusted, or of a potential's reference.

    Raises
    ------
    InputError
        If it is neither.
    """
    return read_reference(path) if path.suffix == ".safetensors" else load_trusted(path)


def read_reference(path: Path) -> torch.nn.Module:
    """Rebuild a model that `write_reference` wrote; nothing is unpickled.

    Raises
    ------
    InputError
        If the file is not such a file.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    require_file(path, "the reference model of a MACE potential")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
    except SafetensorError as error:
        raise InputError(f"{path}: corrupted: {first_line(error)}; export the potential again") from error
    if header.get("format") != FORMAT:
        raise InputError(f"{path}: not written by this version of decant; export the potential again")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with quiet():
            model = _build(json.loads(header["model"]))
    finally:
        torch.set_default_dtype(before)
    _load_weights(model, weights, path)
    return model.eval()


def _load_weights(model: torch.nn.Module, weights: dict[str, torch.Tensor], path: Path) -> None:
    """Fill in the stored weights; models of older versions lack marks of unused couplings, which are rebuilt.

    Where cuEquivariance is installed, mace-torch spans the same couplings by fewer; those that are stored count.
    """
    for name, module in model.named_modules():
        if type(module).__name__ == "Contraction":
            _take_shapes(
                module, {key.removeprefix(f"{name}."): weights[key] for key in weights if key.startswith(name)}
            )
    try:
        missing, unexpected = model.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise InputError(f"{path}: does not fit this version of mace-torch: {first_line(error)}") from error
    lacking = [name for name in missing if not name.endswith("_zeroed") and not name.startswith("les.")] + unexpected
    if lacking:
        raise InputError(f"{path}: does not fit this version of mace-torch: {lacking[0]} is not in both")


def _take_shapes(contraction: Any, weights: dict[str, torch.Tensor]) -> None:
    """Give the couplings of a contraction and their weights the shapes that are stored."""
    import torch

    for key, own in contraction.state_dict().items():
        if key not in weights or weights[key].shape == own.shape:
            continue
        stored, (_, _, index) = torch.empty_like(weights[key]), key.partition(".")
        if key.startswith("U_matrix"):
            contraction.register_buffer(key, stored)
        elif index:
            contraction.weights[int(index)] = torch.nn.Parameter(stored)
        else:
            setattr(contraction, key, torch.nn.Parameter(stored))


def _build(description: dict[str, Any]) -> torch.nn.Module:
    """Return the model of a description, with weights that are still to be loaded."""
    from e3nn import o3
    from mace.modules import blocks, extensions

    from mace import modules

    arguments = {key: value for key, value in description.items() if key not in ("head", "totals")}
    for key in _CLASSES:
        arguments[key] = getattr(blocks, arguments[key])
    for key in _IRREPS:
        arguments[key] = None if arguments[key] is None else o3.Irreps(arguments[key])
    arguments["gate"] = modules.gate_dict[arguments["gate"]]
    for key in ("atomic_energies", "atomic_inter_scale", "atomic_inter_shift"):
        arguments[key] = np.array(arguments[key])
    if "les_arguments" not in arguments:
        return modules.ScaleShiftMACE(**arguments)
    try:
        return extensions.MACELES(**arguments)
    except ImportError as error:
        raise InputError(
            f"the model has latent charges, whose field mace-torch sums by {LES}: install it to compute with mace-torch"
        ) from error
