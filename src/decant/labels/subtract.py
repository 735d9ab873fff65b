"""Labels minus what runs beside a potential: a network need not learn dispersion, whose range is beyond its own."""

from __future__ import annotations

from collections.abc import Sequence

from ase import Atoms

from decant.data.decomposition import is_decomposed, labelled_parts, less, predict_intramolecular
from decant.data.frames import MINUS
from decant.data.isolated import is_isolated
from decant.data.prediction import Prediction, predict
from decant.foundation.errors import InputError
from decant.potentials.additions import Addition


def subtracted(frames: Sequence[Atoms], taken: Addition) -> list[Atoms]:
    """Return labelled frames minus something that a potential can run beside its model.

    Energy, forces, virial and, where they are there, their intramolecular parts; isolated atoms, which have no partner,
    stay as they are. What was taken off is in the frame's info under `MINUS`.

    Parameters
    ----------
    frames
        In the house form, with labels; they are left as they are.
    taken
        What to take off.

    Raises
    ------
    InputError
        If a frame has no labels, or something was taken off them already.
    """
    for number, frame in enumerate(frames):
        if "REF_energy" not in frame.info or ("REF_forces" not in frame.arrays and not is_isolated(frame)):
            raise InputError(f"frame {number} has no labels to take {taken.name} off")
        if MINUS in frame.info:
            raise InputError(f"frame {number}: {frame.info[MINUS]} is taken off its labels already")
    result = [frame.copy() for frame in frames]
    chosen = [frame for frame in result if not is_isolated(frame)]
    calculator = taken.calculator(sorted({symbol for frame in chosen for symbol in frame.get_chemical_symbols()}))
    for frame, part in zip(chosen, predict(calculator, chosen, f"subtract {taken.name}"), strict=True):
        whole = Prediction(frame.info["REF_energy"], frame.arrays["REF_forces"], frame.info.get("REF_virial"))
        _store(frame, "REF_", less(whole, part))
        frame.info[MINUS] = taken.name
    decomposed = [(new, old) for new, old in zip(result, frames, strict=True) if is_decomposed(old)]
    alone = predict_intramolecular(calculator, [new for new, _ in decomposed])
    for (new, old), part in zip(decomposed, alone, strict=True):
        _store(new, "REF_intra_", less(labelled_parts(old)[0], part))
    return result


def _store(frame: Atoms, prefix: str, label: Prediction) -> None:
    frame.info[f"{prefix}energy"] = label.energy
    frame.arrays[f"{prefix}forces"] = label.forces
    if label.virial is not None:
        frame.info[f"{prefix}virial"] = label.virial
