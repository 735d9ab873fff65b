"""The model that a MACE fit starts from, made ready for ``mace_run_train``: one head, atomic energies of the new data.

What mace-torch 0.3.16 takes from the pretrained model is its architecture, scale and shift, and weights, those of the
elements that occur. The energies of the isolated atoms are its user's affair, and if the elements are the same it
silently puts the pretrained ones in the place of those it is given. So they are settled here, in the model itself. Lone
atoms are held to their labels where the pretrained model's way from them to molecules is near that of the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_numbers, chemical_symbols

from decant.algorithms.base import FitTask, Pretrained
from decant.algorithms.mace.export.heads import head_names, head_to_take
from decant.algorithms.mace.model_file import as_scale_shift
from decant.algorithms.mace.reference import load_model, torch_calculator
from decant.algorithms.training import quiet
from decant.data.frames import write_frames
from decant.data.isolated import is_isolated
from decant.data.prediction import predict
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, write_beside, write_yaml

if TYPE_CHECKING:
    from ase import Atoms

MODEL, ENERGIES = "pretrained.model", "atomic_energies.yaml"
REPLAY_TRAIN, REPLAY_VALID = "replay-train.extxyz", "replay-valid.extxyz"
SAME_LEVEL = 1e-3
"""Largest difference of an isolated atom's energy, eV, at which two sets of labels are taken for the same level."""
NEAR = 0.1
"""Largest error of a frame's energy, eV per atom, with which a fit begins whose lone atoms are held to their labels."""
MOST_FRAMES = 100
"""Frames, evenly spread, from which atomic energies are estimated."""
# options of mace_run_train that the pretrained model decides
_ARCHITECTURE = (
    "hidden_irreps", "num_channels", "max_L", "edge_irreps", "r_max", "num_radial_basis", "num_cutoff_basis", "max_ell",
    "correlation", "num_interactions", "radial_MLP", "MLP_irreps", "interaction", "interaction_first", "radial_type",
    "distance_transform", "pair_repulsion", "gate", "scaling", "mean", "std", "avg_num_neighbors",
    "compute_avg_num_neighbors",
)  # fmt: skip


def training_options(settings: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return settings without those of the architecture, and the names of the latter."""
    given_way = [key for key in settings if key in _ARCHITECTURE]
    return {key: value for key, value in settings.items() if key not in _ARCHITECTURE}, given_way


def prepare(
    task: FitTask, pretrained: Pretrained, settings: dict[str, Any], lone: Mapping[str, float], hold: bool
) -> tuple[dict[str, Any], list[str], bool]:
    """Write the model to start from, and replayed frames, into a fit's directory.

    Parameters
    ----------
    task, pretrained
        The fit, and what it starts from. What an interrupted fit left in its directory is kept.
    settings
        Of the training; ``foundation_head`` names the head to start from where `pretrained` does not.
    lone
        Labels of the lone atoms, eV; empty if one of the training set's elements has none.
    hold
        Whether they are to be held to them, where the pretrained model is near enough.

    Returns
    -------
    dict
        Options of ``mace_run_train``.
    list of str
        What the user should know of it.
    bool
        Whether the training is to hold lone atoms to their labels.

    Raises
    ------
    InputError
        If the model has several heads and none is named.
    """
    replay = pretrained.strategy == "replay"
    directory, frames = task.directory, [frame for frame in task.train if not is_isolated(frame)]
    if not (directory / MODEL).is_file():
        import torch

        wanted = settings.get("foundation_head")
        if pretrained.head and wanted not in (None, pretrained.head):
            raise InputError(f"`head` {pretrained.head} and `set` foundation_head={wanted}: name one")
        model = _one_head(load_model(pretrained.model), pretrained.head or wanted, pretrained.name)
        energies, origin, held = _atomic_energies(model, frames, lone, hold and not replay)
        told: dict[str, Any] = {"origin": origin, "about": describe(model), "eV": energies, "held": held}
        write_yaml(directory / ENERGIES, told)
        if not replay:  # whose two heads have energies of their own
            _set_atomic_energies(model, energies)
        model = model.float() if settings.get("default_dtype") == "float32" else model
        with write_beside(directory / MODEL) as temporary:
            torch.save(model, temporary)
    else:
        told = read_yaml(directory / ENERGIES)
    options = {"foundation_model": MODEL, "multiheads_finetuning": replay, "E0s": "foundation"}
    if replay:
        write_frames(directory / REPLAY_TRAIN, with_stress(pretrained.replay_train))
        write_frames(directory / REPLAY_VALID, with_stress(pretrained.replay_valid))
        every = [*frames, *task.valid, *pretrained.replay_train, *pretrained.replay_valid]
        elements = {symbol for frame in every for symbol in frame.get_chemical_symbols()}
        options |= {
            "pt_train_file": REPLAY_TRAIN, "pt_valid_file": REPLAY_VALID, "stress_key": "REF_stress",
            "E0s": str(dict(sorted((atomic_numbers[symbol], told["eV"][symbol]) for symbol in elements))),
            # without it mace-torch replaces learning rate and averaging by its own
            "force_mh_ft_lr": True,
        }  # fmt: skip
    notes = [f"architecture of {pretrained.name}: {told['about']}", f"atomic energies: {told['origin']}"]
    if hold and not told.get("held"):
        notes.append("lone atoms are not held to their labels: those of the pretrained model are too far off")
    return options, notes, bool(told.get("held"))


def describe(model: Any) -> str:
    """Return the architecture in a few words."""
    hidden = model.products[0].linear.irreps_out
    layers = int(model.num_interactions)
    return f"{hidden}, {layers} layer{'s' if layers > 1 else ''}, cutoff {float(model.r_max):g} A"


def with_stress(frames: list[Atoms]) -> list[Atoms]:
    """Return copies with ``REF_stress``, eV/angstrom^3, of each virial: the loss of replay knows stress only."""
    copies = [frame.copy() for frame in frames]
    for frame in copies:
        if "REF_virial" in frame.info:
            frame.info["REF_stress"] = -np.asarray(frame.info["REF_virial"]) / frame.get_volume()
    return copies


def _one_head(model: Any, wanted: str | None, name: str) -> Any:
    """Return the model with one head."""
    names = head_names(model)
    if len(names) == 1 and wanted in (None, names[0]):
        return as_scale_shift(model)
    head = head_to_take(model, wanted)
    if head not in names:
        raise InputError(f"{name}: has the heads {', '.join(names)}: name one as `head`")
    with quiet():
        from mace.tools.scripts_utils import remove_pt_head
        from mace.tools.torch_tools import default_dtype

        with default_dtype("float64"):
            return remove_pt_head(as_scale_shift(model), head).eval()


def _own_energies(model: Any) -> dict[str, float]:
    """Return the energy of each element's isolated atom, eV, of a model with one head."""
    symbols = [chemical_symbols[number] for number in model.atomic_numbers.tolist()]
    return dict(zip(symbols, model.atomic_energies_fn.atomic_energies.ravel().tolist(), strict=True))


def _set_atomic_energies(model: Any, energies: dict[str, float]) -> None:
    """Replace the energies of the isolated atoms."""
    stored = model.atomic_energies_fn.atomic_energies
    stored.copy_(stored.new_tensor([energies[symbol] for symbol in _own_energies(model)]).reshape(stored.shape))


def _atomic_energies(
    model: Any, frames: list[Atoms], labels: Mapping[str, float], hold: bool
) -> tuple[dict[str, float], str, bool]:
    """Return atomic energies for the new data, eV, where they are from, and whether lone atoms are to be held to them.

    Labels of another level differ from the model's by a large energy for each atom. If those of lone atoms do not say
    that the level is the same, and do not lead near the energies of the frames, that is found by least squares, the
    shortest change where the data leave a choice: labels less predictions = sum over elements of (number of atoms x
    change). Elements without data keep their energy.
    """
    from decant.algorithms.mace.lone_atoms import lone_energies

    own, lone = _own_energies(model), lone_energies(model)
    agree = "those of the pretrained model, which agree with the isolated atoms of the data"
    for energies, held in ((lone, True), (own, False)):
        if labels and all(abs(energy - energies[symbol]) < SAME_LEVEL for symbol, energy in labels.items()):
            return own, agree, held and hold
    chosen = [frames[i] for i in np.unique(np.linspace(0, len(frames) - 1, MOST_FRAMES).round().astype(int))]
    predictions = predict(torch_calculator(model), chosen, "estimate atomic energies")
    difference = np.array([frame.info["REF_energy"] for frame in chosen])
    difference -= np.array([prediction.energy for prediction in predictions])
    symbols = sorted({symbol for frame in chosen for symbol in frame.get_chemical_symbols()})
    counts = np.array([[frame.get_chemical_symbols().count(symbol) for symbol in symbols] for frame in chosen])
    if labels and hold:
        to_atoms = np.array([labels[symbol] - lone[symbol] for symbol in symbols])
        if np.abs((difference - counts @ to_atoms) / counts.sum(axis=1)).max() < NEAR:
            moved = {symbol: own[symbol] + float(change) for symbol, change in zip(symbols, to_atoms, strict=True)}
            return own | moved, "those by which lone atoms have their labels", True
    changes = np.linalg.lstsq(counts.astype(float), difference, rcond=None)[0]
    shift = float(np.mean(difference / counts.sum(axis=1)))
    energies = own | {symbol: own[symbol] + float(change) for symbol, change in zip(symbols, changes, strict=True)}
    origin = f"those of the pretrained model, moved to the level of the data ({shift:+.4f} eV/atom in the mean)"
    return energies, origin, False
