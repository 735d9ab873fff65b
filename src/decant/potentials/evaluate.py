"""Errors of a fitted model or an exported potential on labelled frames, measured with its Python calculator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.data.decomposition import is_decomposed, predict_intramolecular
from decant.data.frames import evenly, read_frames, taken_off, write_frames
from decant.data.isolated import is_isolated
from decant.data.prediction import Prediction, predict
from decant.foundation.errors import InputError, UnknownElement
from decant.foundation.files import sha256, write_yaml
from decant.potentials.additions import additions, total
from decant.potentials.fit_errors import fit_errors, molecular_errors
from decant.potentials.lone_atoms import lone_atoms, lone_atoms_told
from decant.potentials.potential import CARD, Potential
from decant.potentials.source import open_source

if TYPE_CHECKING:
    from ase import Atoms

ERRORS = "errors.yaml"


def read_known_frames(
    path: Path, elements: Sequence[str], limit: int | None = None
) -> tuple[list[Atoms], dict[str, Any]]:
    """Read labelled frames without isolated atoms, at most `limit` of them, evenly spread over the file.

    Returns
    -------
    list of ase.Atoms
        Those whose elements are all in `elements`.
    dict
        ``frames``, how many others there are, and ``elements``, what these have that is unknown; empty if none are.

    Raises
    ------
    InputError
        If the file has no frame besides isolated atoms, none has known elements alone, or the limit is below one.
    """
    frames = [frame for frame in read_frames(path) if not is_isolated(frame)]
    if not frames:
        raise InputError(f"{path}: no frame other than isolated atoms; give labelled configurations")
    unknown = [sorted(set(frame.get_chemical_symbols()) - set(elements)) for frame in frames]
    known = [frame for frame, others in zip(frames, unknown, strict=True) if not others]
    others = sorted(set().union(*unknown))
    if not known:
        raise UnknownElement(
            f"{path}: every frame has {' or '.join(others)}; the potential knows only {', '.join(elements)}"
        )
    left_out = {"frames": len(frames) - len(known), "elements": others} if others else {}
    return [known[index] for index in evenly(len(known), limit)], left_out


def evaluate(
    target: Path, data: Path, limit: int | None = None, output: Path | None = None, predictions: Path | None = None
) -> dict[str, Any]:  # fmt: skip
    """Measure errors and write them into a model directory's ``errors.yaml`` or a potential's card.

    Parameters
    ----------
    target
        Directory of ``decant fit`` or ``decant export``, or a bare model file (then nothing is written).
    data
        Labelled frames in the house form.
    limit
        Use at most so many frames, evenly spread.
    output
        File to write the errors to instead.
    predictions
        File for the frames with what was predicted beside their labels; see `with_prediction`.

    Returns
    -------
    dict
        What `fit_errors` returns, and ``data`` with name and hash of the file. Where frames have unknown elements,
        ``left_out`` says how many and which (see `read_known_frames`). Where frames carry the
        intramolecular part (``decant label --molecules``), ``molecular`` is what `molecular_errors` returns of them.
        Where the training data had isolated atoms, ``isolated_atoms_eV`` is what `lone_atoms` returns.

    Raises
    ------
    InputError
        If target or data is not what it should be.
    """
    target, data = Path(target), Path(data)
    potential = Potential.open(target) if (target / CARD).is_file() else None
    if potential:
        elements, model, record = potential.elements, potential.model_calculator(), potential.card
    else:
        source = open_source(target)
        elements, model, record = source.elements, source.reference_calculator(), source.record
    frames, left_out = read_known_frames(data, elements, limit)
    calculator = total(model, additions(_to_add(target, record, data, taken_off(frames))), elements)
    predicted = predict(calculator, frames, "evaluate")
    errors = fit_errors(frames, predicted)
    chosen = [index for index, frame in enumerate(frames) if is_decomposed(frame)]
    intra: dict[int, Prediction] = {}
    if chosen:
        decomposed = [frames[index] for index in chosen]
        intra = dict(zip(chosen, predict_intramolecular(calculator, decomposed), strict=True))
        errors["molecular"] = molecular_errors(
            decomposed, [predicted[index] for index in chosen], [intra[index] for index in chosen]
        )
    result = {"data": {"name": f"{data.resolve().parent.name}/{data.name}", "sha256": sha256(data)}, **errors}
    if left_out:
        result["left_out"] = left_out
    if labels := (record.get("data") or {}).get("isolated_atoms_eV"):
        result["isolated_atoms_eV"] = lone_atoms(calculator, elements, labels)
    if predictions is not None:
        both = enumerate(zip(frames, predicted, strict=True))
        write_frames(predictions, [with_prediction(frame, whole, intra.get(n)) for n, (frame, whole) in both])
    if output is not None:
        write_yaml(output, result)
    elif potential:
        potential.record("test_errors", result)
    elif target.is_dir():
        write_yaml(target / ERRORS, result)
    return result


def _to_add(target: Path, record: dict[str, Any], data: Path, minus: str | None) -> list[str]:
    """Return what to add to a model so that it is compared with labels minus something.

    A whole is the model, what a potential runs beside it, and what was taken off the labels that it was fitted to.

    Raises
    ------
    InputError
        If what was taken off the labels is no part of that.
    """
    fitted = (record.get("data") or {}).get("minus")
    whole = dict.fromkeys([*(record.get("with") or ()), *([fitted] if fitted else [])])
    if minus is not None and minus not in whole:
        raise InputError(
            f"{data}: its labels are minus {minus}, and {target} has {', '.join(whole) or 'nothing'} beside its model: "
            "give labels that are minus the same, or nothing"
        )
    return [name for name in whole if name != minus]


def with_prediction(frame: Atoms, whole: Prediction, intra: Prediction | None = None) -> Atoms:
    """Return a labelled frame that also carries what was predicted of it.

    Returns
    -------
    ase.Atoms
        ``info`` energy (eV) and, where there is one, virial (eV, shape (3, 3)); ``arrays`` forces (eV/angstrom); with
        an intramolecular part also intra_energy, intra_forces and intra_virial.
    """
    atoms = frame.copy()
    for prefix, part in (("", whole), ("intra_", intra)):
        if part is not None:
            atoms.info[f"{prefix}energy"] = part.energy
            atoms.set_array(f"{prefix}forces", part.forces)
            if part.virial is not None:
                atoms.info[f"{prefix}virial"] = part.virial
    return atoms


LEAST_BAR = 100.0
"""Mean error of the pressure from which on it is told: it changes the density of an organic liquid by about 1 %."""
SHOWN = 4
"""Compositions whose energy offset is told in words."""


def table(errors: dict[str, Any]) -> str:
    """Return errors as a table for people, and a word on an energy that is off by a constant."""
    lines = [f"errors on {errors['data']['name']}: {errors['frames']} frames, {errors['molecules']} molecules"]
    for name, unit, *cells, ratio in rows(errors):
        lines.append(f"{name:38s}{unit:10s}{cells[0]:>10s}{cells[1]:>10s}{cells[2]:>12s}{ratio:>11s}")
    return "\n".join([*lines, *words(errors)])


def words(errors: dict[str, Any]) -> list[str]:
    """Return what must be said besides the table: frames left out, a constant error of the energy, the pressure ..."""
    lines = []
    if left := errors.get("left_out"):
        lines.append(
            f"Frames left out: {left['frames']}, which have {', '.join(left['elements'])}, unknown to the potential."
        )
    if is_offset(errors["energy_meV_per_atom"]):
        lines.append(_offset_in_words(errors["energy_meV_per_atom"]))
    if told := _pressure_in_words(errors.get("pressure_bar")):
        lines.append(told)
    if told := lone_atoms_told(errors.get("isolated_atoms_eV") or {}):
        lines.append(f"note: {told}")
    return lines


def rows(errors: dict[str, Any]) -> list[list[str]]:
    """Return the table of errors as text cells, the heading first."""
    found = _energy_rows("energy", errors["energy_meV_per_atom"])
    found += [
        (f"force{'' if part == 'total' else ', ' + part}", "meV/A", numbers)
        for part, numbers in errors["force_meV_per_A"].items()
    ]
    if errors["virial_meV_per_atom"]:
        found.append(("virial", "meV/atom", errors["virial_meV_per_atom"]))
    for part, numbers in (errors.get("molecular") or {}).items():
        if part == "frames":
            continue
        found += _energy_rows(f"energy, {part}molecular", numbers["energy_meV_per_atom"])[:1]
        found.append((f"force, {part}molecular", "meV/A", numbers["force_meV_per_A"]))
        if numbers["virial_meV_per_atom"]:
            found.append((f"virial, {part}molecular", "meV/atom", numbers["virial_meV_per_atom"]))
    table = [["", "unit", "RMSE", "MAE", "reference", "RMSE/ref."]]
    for name, unit, numbers in found:
        ratio = "-" if numbers["ratio"] is None else f"{numbers['ratio']:.1%}"
        table.append([name, unit, *(_cell(numbers[key]) for key in ("rmse", "mae", "reference_rms")), ratio])
    return table


def is_offset(energy: dict[str, Any]) -> bool:
    """Say whether most of the squared error of an energy of `fit_errors` is a constant of each composition."""
    within = energy.get("rmse_within")
    return within is not None and energy["rmse"] ** 2 > 2 * within**2


def _energy_rows(name: str, energy: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the rows of an energy: what tells most about the potential comes first."""
    bare = {**energy, "mae": None, "ratio": None}
    if is_offset(energy):
        without = {**bare, "rmse": energy["rmse_within"], "reference_rms": None}
        return [(f"{name}, less offsets", "meV/atom", without), ("  with its offsets", "meV/atom", energy)]
    rows = [(name, "meV/atom", energy)]
    if energy.get("rmse_shifted") is not None:
        rows.append(("  less its mean error", "meV/atom", {**bare, "rmse": energy["rmse_shifted"]}))
    return rows


def _pressure_in_words(pressure: dict[str, Any] | None) -> str:
    """Return a sentence on a pressure that is off in one direction; an empty text where that may be chance."""
    if pressure is None or pressure["uncertainty"] is None:
        return ""
    mean, error = pressure["mean_error"], pressure["uncertainty"]
    if abs(mean) < max(LEAST_BAR, 2 * error):
        return ""
    side = "denser" if mean < 0 else "less dense"
    return (
        f"The pressure is off by {mean:+.0f} ± {error:.0f} bar on average: at constant pressure the liquid will be "
        f"{side} than that of the labels."
    )


def _offset_in_words(energy: dict[str, Any]) -> str:
    """Return a sentence on the constants by which the energy is off."""
    offsets = sorted(energy["offsets"].items(), key=lambda item: -abs(item[1]))
    told = ", ".join(f"{name} {value:+.1f}" for name, value in offsets[:SHOWN])
    more = f" and {len(offsets) - SHOWN} more" if len(offsets) > SHOWN else ""
    return (
        f"The energy is off by a constant of each composition, meV/atom: {told}{more}. Without, its error is"
        f" {energy['rmse_within']:.1f} instead of {energy['rmse']:.1f}. No force feels a constant; but energies of"
        " different compositions cannot be compared."
    )


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
