"""A ``.model`` file of mace-torch, in whichever state it was saved, as a plain MACE in double precision on the CPU.

Such a file is a pickle, and unpickling runs whatever code the file asks for: load only files that you trust.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.algorithms.training import quiet
from decant.foundation.errors import InputError
from decant.foundation.files import require_file

if TYPE_CHECKING:
    import torch

CLASSES = ("MACE", "ScaleShiftMACE", "MACELES")
"""Classes of mace-torch that have an energy of their own."""
LES = "the package les, of github.com/ChengUCB/les"
"""What mace-torch sums the field of latent charges by."""
# packages whose modules take the place of e3nn's in a model, and mace-torch's program that puts those back
_LAYOUTS = {
    "cuequivariance": ("cuEquivariance", "cuequivariance-torch", "mace_cueq_to_e3nn"),
    "openequivariance": ("OpenEquivariance", "openequivariance", "python -m mace.cli.convert_oeq_e3nn"),
}


def load_trusted(path: Path) -> torch.nn.Module:
    """Load a ``.model`` file of mace-torch.

    What was put around or into the model for a training or a GPU is taken off again: ``torch.compile``, weights of LoRA
    (merged), the layout of cuEquivariance (converted, where that package is installed), a device.

    Raises
    ------
    InputError
        If the file is no MACE model, or is in a state from which none can be had here; the message says which.
    """
    require_file(path, "a model file of mace-torch")
    with quiet():
        model = _bare(_unpickled(path))
        if type(model).__name__ not in CLASSES:
            raise InputError(f"{path}: contains {_told(model, path)}; expected a {' or '.join(CLASSES)} model")
        model = model.double().eval()
        if any(type(module).__name__.startswith("LoRA") for module in model.modules()):
            from mace.modules.lora import merge_lora_weights

            model = merge_lora_weights(model)
        packages = {type(module).__module__.partition(".")[0] for module in model.modules()}
        for package in _LAYOUTS:
            if any(name.startswith(package) for name in packages):
                model = _in_plain_layout(model, package, path)
    return model.eval()


def _unpickled(path: Path) -> Any:
    """Return what a file of torch holds."""
    import mace.modules  # noqa: F401  (classes that the pickle refers to)
    import torch

    try:
        with _scripts_on_cpu():
            return torch.load(path, map_location="cpu", weights_only=False)
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        for name, (layout, distribution, program) in _LAYOUTS.items():
            if package.startswith(name):
                raise InputError(
                    f"{path}: is in the layout of {layout}, which cannot be read without its package: pip install "
                    f"{distribution}, or convert the model with {program} where that is installed"
                ) from error
        if package == "les":
            raise InputError(f"{path}: is a MACELES, which cannot be read without {LES}: install it") from error
        raise InputError(f"{path}: refers to the package {package}, which is not installed") from error
    except AttributeError as error:  # the words of pickle for a class or function that there is not
        if found := re.search(r"Can't get attribute '([^']+)' on <module '(mace[^']*|e3nn[^']*)'", str(error)):
            versions = f"mace-torch {metadata.version('mace-torch')}, e3nn {metadata.version('e3nn')}"
            raise InputError(
                f"{path}: was saved by another version of mace-torch: {found[2]} has no {found[1]} here ({versions}); "
                "save it again with this version, or install the one it is from"
            ) from error
        raise InputError(f"{path}: not a readable torch model: {first_line(error)}") from error
    except Exception as error:  # a pickle can fail in any way
        raise InputError(f"{path}: not a readable torch model: {first_line(error)}") from error


@contextmanager
def _scripts_on_cpu() -> Iterator[None]:
    """Let e3nn load the compiled parts that it keeps inside a pickle, for which it names no device, to the CPU."""
    import torch

    load = torch.jit.load
    torch.jit.load = functools.partial(load, map_location="cpu")
    try:
        yield
    finally:
        torch.jit.load = load


def _bare(model: Any) -> Any:
    """Return a model without what ``torch.compile`` or a training on several GPUs put around it."""
    wrappers = {"OptimizedModule": "_orig_mod", "DistributedDataParallel": "module", "DataParallel": "module"}
    while (inner := wrappers.get(type(model).__name__)) is not None:
        model = getattr(model, inner)
    return model


def _told(content: Any, path: Path) -> str:
    """Say what a file holds that is no model, and what to give instead."""
    name = type(content).__name__
    if "ScriptModule" in name:
        whole = path.with_name(f"{path.stem.removesuffix('_compiled')}{path.suffix}")
        there = whole.name if whole != path and whole.is_file() else "the one that mace_run_train saved beside it"
        return f"a compiled model (TorchScript), which has lost its architecture (give {there})"
    if isinstance(content, dict):
        return "weights alone, perhaps a checkpoint (give the .model that mace_run_train saved)"
    return f"a {name}"


def _in_plain_layout(model: Any, package: str, path: Path) -> Any:
    """Return a model of e3nn's modules; `InputError` if that cannot be had."""
    layout, _, program = _LAYOUTS[package]
    try:
        if package != "cuequivariance":
            raise RuntimeError(f"decant does not convert from {layout}")
        converted = _from_cuequivariance(model)
    except Exception as error:  # mace-torch's converter knows some architectures, and fails in any way on others
        raise InputError(
            f"{path}: is in the layout of {layout} and cannot be converted ({first_line(error)}); convert it with "
            f"{program} of the mace-torch that made it"
        ) from error
    return converted


def _from_cuequivariance(model: Any) -> Any:
    """Return the same model in e3nn's layout, by mace-torch's converter; it must have taken over every weight."""
    import torch
    from mace.cli.convert_cueq_e3nn import run

    before = torch.get_default_dtype()
    try:
        converted = run(as_scale_shift(model), device="cpu")  # leaves the type of the model as torch's default
    finally:
        torch.set_default_dtype(before)
    origin = model.state_dict()
    for name, weight in converted.named_parameters():
        if "symmetric_contractions" in name or not weight.numel():  # of another shape; the bias of a map without one
            continue
        if name not in origin or origin[name].numel() != weight.numel():
            raise ValueError(f"{name} is not in both")
    degrees = [int(product.symmetric_contractions.contraction_degree) for product in model.products]
    if len(set(degrees)) > 1:
        raise ValueError(f"products of degree {degrees}")
    return converted


def as_scale_shift(model: Any) -> Any:
    """Return a copy of class ScaleShiftMACE; a plain MACE is one with scale 1 and shift 0."""
    from mace.modules import ScaleShiftMACE
    from mace.modules.blocks import ScaleShiftBlock

    result = copy.deepcopy(model)
    if type(result).__name__ == "MACE":
        result.scale_shift = ScaleShiftBlock(scale=1.0, shift=0.0).double()
        result.__class__ = ScaleShiftMACE
    basis = result.radial_embedding.bessel_fn
    if not hasattr(basis, "bessel_weights"):  # where mace-torch counts the functions of any basis
        basis.__dict__["bessel_weights"] = basis.gaussian_weights
    return result


def has_latent_charges(model: Any) -> bool:
    """Return whether a model is a MACELES."""
    return hasattr(model, "les_readouts")


def first_line(error: Exception) -> str:
    """Return the first line of what an exception says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
