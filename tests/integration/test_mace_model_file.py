"""A MACE is had from its file whatever was put around it for training or a GPU, or the refusal says what to give."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from ase.build import molecule

from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.model_file import load_trusted
from decant.algorithms.mace.random import GATED, random_mace
from decant.algorithms.mace.reference import read_reference, torch_calculator, write_reference
from decant.data.prediction import ask
from decant.foundation.errors import InputError

SMALL: dict[str, Any] = {"hidden": "8x0e+8x1o", "l_max": 2, "correlation": 2}


def energy(model: Any) -> float:
    atoms = molecule("CH3OH")
    atoms.rattle(0.05, seed=1)
    return ask(torch_calculator(model), atoms).energy


def saved(content: Any, path: Path) -> Path:
    torch.save(content, path)
    return path


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_trusted(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message


def test_weights_of_lora_are_merged(tmp_path: Path) -> None:
    from mace.modules.lora import inject_LoRAs

    plain = energy(random_mace(**SMALL))
    model = inject_LoRAs(random_mace(**SMALL), rank=2, alpha=3)
    for name, parameter in model.named_parameters():
        if "lora" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    unmerged = energy(model)
    loaded = load_trusted(saved(model, tmp_path / "lora.model"))
    assert abs(unmerged - plain) > 1e-3, "the test needs weights that matter"
    assert energy(loaded) == pytest.approx(unmerged, abs=1e-9)
    write_model(loaded, tmp_path / "model.safetensors")


def test_what_torch_compile_puts_around_a_model_is_taken_off(tmp_path: Path) -> None:
    model = random_mace(**SMALL)
    loaded = load_trusted(saved(torch.compile(model), tmp_path / "compiled.model"))
    assert type(loaded).__name__ == "ScaleShiftMACE"
    assert energy(loaded) == energy(model)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_any_precision_becomes_double(dtype: torch.dtype, tmp_path: Path) -> None:
    loaded = load_trusted(saved(random_mace(**SMALL).to(dtype), tmp_path / "short.model"))
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float64}
    assert abs(energy(loaded) - energy(random_mace(**SMALL))) < 1.0


def on_a_gpu(archive: bytes) -> bytes:
    """Return an archive of torch whose tensors say that they were on a GPU."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(result, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith(".pkl"):
                content = content.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
            target.writestr(name, content)
    return result.getvalue()


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU takes what was saved on one")
def test_a_model_that_was_saved_on_a_gpu_is_read_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = torch.jit.save

    def as_on_a_gpu(module: Any, buffer: io.BytesIO) -> None:
        inner = io.BytesIO()
        save(module, inner)
        buffer.write(on_a_gpu(inner.getvalue()))

    path = tmp_path / "gpu.model"
    with monkeypatch.context() as patch:
        patch.setattr(torch.jit, "save", as_on_a_gpu)  # what e3nn keeps inside the pickle
        torch.save(random_mace(**SMALL), path)
    path.write_bytes(on_a_gpu(path.read_bytes()))
    with pytest.raises(Exception, match=r"CUDA|NVIDIA"):
        torch.load(path, map_location="cpu", weights_only=False)
    assert energy(load_trusted(path)) == energy(random_mace(**SMALL))


def test_a_compiled_model_is_refused_and_the_one_beside_it_named(tmp_path: Path) -> None:
    from e3nn.util import jit

    torch.jit.save(jit.compile(random_mace(**SMALL)), str(tmp_path / "a_compiled.model"))
    assert "compiled model (TorchScript)" in refused(tmp_path / "a_compiled.model")
    saved(random_mace(**SMALL), tmp_path / "a.model")
    assert "give a.model" in refused(tmp_path / "a_compiled.model")


def test_what_holds_no_model_is_refused_in_one_line(tmp_path: Path) -> None:
    weights = {"model": random_mace(**SMALL).state_dict(), "optimizer": {}}
    assert "weights alone, perhaps a checkpoint" in refused(saved(weights, tmp_path / "checkpoint.model"))
    assert "contains a Linear" in refused(saved(torch.nn.Linear(2, 2), tmp_path / "linear.model"))
    whole = saved(random_mace(**SMALL), tmp_path / "whole.model").read_bytes()
    (tmp_path / "half.model").write_bytes(whole[: len(whole) // 2])
    assert "not a readable torch model" in refused(tmp_path / "half.model")


def test_a_model_of_a_newer_mace_torch_is_refused_by_what_is_missing(tmp_path: Path) -> None:
    from mace.modules import blocks

    newer = type("NewerBlock", (blocks.RealAgnosticResidualInteractionBlock,), {"__module__": blocks.__name__})
    model = random_mace(**SMALL)
    model.interactions[1].__class__ = newer
    blocks.NewerBlock = newer
    try:
        saved(model, tmp_path / "newer.model")
    finally:
        del blocks.NewerBlock
    assert re.search(
        r"another version of mace-torch: mace\.modules\.blocks has no NewerBlock", refused(tmp_path / "newer.model")
    )


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("cuequivariance_torch", "pip install cuequivariance-torch, or convert the model with mace_cueq_to_e3nn"),
        ("openequivariance", "pip install openequivariance, or convert the model with"),
        ("no_such_package", "refers to the package no_such_package, which is not installed"),
    ],
)
def test_a_layout_whose_package_is_missing_is_refused_by_name(package: str, words: str, tmp_path: Path) -> None:
    if find_spec(package):
        pytest.skip(f"{package} is installed")
    module = ModuleType(package)
    module.Linear = type("Linear", (torch.nn.Linear,), {"__module__": package})  # type: ignore[attr-defined]
    model = random_mace(**SMALL)
    model.products[0].linear = module.Linear(2, 2)
    sys.modules[package] = module
    try:
        saved(model, tmp_path / "layout.model")
    finally:
        del sys.modules[package]
    assert words in refused(tmp_path / "layout.model")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"correlation": 3, "hidden": "8x0e"},
        {"layers": 3},
        {"kind": "MACE"},
        {"use_reduced_cg": False},
        {**GATED, "edge_irreps": "4x0e+4x1o", "use_agnostic_product": True, "use_last_readout_only": True},
    ],
    ids=str,
)
def test_a_model_in_the_layout_of_cuequivariance_is_converted(settings: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("cuequivariance_torch", reason="pip install cuequivariance cuequivariance-torch")
    from mace.cli.convert_e3nn_cueq import run

    from decant.algorithms.mace.model_file import as_scale_shift

    model, before = random_mace(**{**SMALL, **settings}), torch.get_default_dtype()
    try:
        converted = run(as_scale_shift(model), device="cpu")
    finally:
        torch.set_default_dtype(before)
    path = saved(converted, tmp_path / "cueq.model")
    loaded = load_trusted(path)
    assert torch.get_default_dtype() == before
    assert not hasattr(converted.products[0].symmetric_contractions, "contractions"), "the test needs another layout"
    assert energy(loaded) == pytest.approx(energy(model), abs=1e-8)
    write_model(loaded, tmp_path / "model.safetensors")


def test_couplings_that_were_spanned_by_fewer_are_read_back(tmp_path: Path) -> None:
    model = random_mace(**SMALL)
    contraction = model.products[0].symmetric_contractions.contractions[0]
    paths = contraction.U_matrix_2.shape[-1]
    assert paths > 1
    contraction.register_buffer("U_matrix_2", contraction.U_matrix_2[..., : paths - 1].clone())
    contraction.weights_max = torch.nn.Parameter(contraction.weights_max[:, : paths - 1].detach().clone())
    write_reference(model, tmp_path / "reference.safetensors")
    assert energy(read_reference(tmp_path / "reference.safetensors")) == pytest.approx(energy(model), abs=1e-9)


def test_a_last_layer_that_keeps_its_vectors_is_read_back(tmp_path: Path) -> None:
    model = random_mace(**SMALL, keep_last_layer_irreps=True)
    write_reference(model, tmp_path / "reference.safetensors")
    assert energy(read_reference(tmp_path / "reference.safetensors")) == pytest.approx(energy(model), abs=1e-9)
