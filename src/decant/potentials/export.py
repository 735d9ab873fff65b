"""Export: a fitted model becomes a potential, a directory that LAMMPS and Python can use."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from decant.algorithms.base import WHOLE, Exported, Part
from decant.data.prediction import ask
from decant.foundation.directories import replaced
from decant.foundation.errors import InputError
from decant.foundation.files import sha256, write_yaml
from decant.foundation.version import __version__
from decant.potentials.additions import NONE, Addition, additions, overlaid
from decant.potentials.dispersion import Dispersion
from decant.potentials.examples import EXAMPLES, write_examples
from decant.potentials.lone_atoms import lone_atoms
from decant.potentials.potential import CARD, FORMAT, PAIR, Potential, require_precision
from decant.potentials.python_lmp import CONNECTED, lone_in_a_cell
from decant.potentials.source import Source, open_source, potential_of

# keys of fit.yaml that a card repeats
_FROM_FIT = ("preset", "seed", "limits", "pretrained", "epochs", "settings", "versions", "notes")
_DISPERSIVE = re.compile(r"xtb|openff|-d[34]")
"""Methods whose labels have dispersion: of a classical force field, GFN1 and GFN2, and functionals with D3 or D4."""


@dataclass(frozen=True)
class Use:
    """What its maker says about a potential, in sentences, for those who get it handed over.

    Attributes
    ----------
    good_for
        What it was tried for.
    not_for
        What it must not be trusted with.
    """

    good_for: tuple[str, ...] = ()
    not_for: tuple[str, ...] = ()


def export(
    source_path: Path,
    output: Path,
    precision: str | None = None,
    part: Part = WHOLE,
    forms: tuple[str, ...] = (),
    use: Use | None = None,
    beside: tuple[str, ...] | None = None,
) -> tuple[Potential, bool]:
    """Export a fitted model as a potential.

    Parameters
    ----------
    source_path
        Directory of ``decant fit``, a ``.model`` file of mace-torch, a ``.pt``/``.pth`` file of DeePMD-kit, or the name
        of a published model. The model is unpickled, which can run any code: it must come from someone you trust. What
        is a potential already, also a ready one by its name, is copied.
    output
        Directory of the potential. One that is there is replaced, unless it was made from the same model in the same
        way: then it is left as it is.
    precision
        ``"double"`` or ``"single"``: the arithmetic of the LAMMPS run; None for double, or where an algorithm leaves no
        choice for the one it was trained in.
    part
        Elements and head to take, where the model has more of them than are wanted; total charge and spin.
    forms
        Other forms to write beside it, for a LAMMPS that is built for them: each is ``model-FORM.pt`` with its LAMMPS
        lines in ``pair-FORM.lammps``.
    use
        What the card is to say about its use.
    beside
        What runs beside the model, each as `decant.potentials.additions.addition` takes it; None for what was taken off
        the labels that it was fitted to, if anything was, ``("none",)`` for nothing.

    Returns
    -------
    Potential
        The potential.
    bool
        Whether it was written now.

    Raises
    ------
    InputError
        If the source is no model, cannot be run in LAMMPS, `output` holds something else, or what runs beside the model
        does not go with its labels.
    """
    require_precision(precision)
    output = Path(output)
    made = potential_of(source_path)
    if made is not None:
        require_as_it_is(made, precision, part, forms, use, beside)
        return _copied(made, output)
    source = open_source(source_path)
    added = _added(source, source_path, beside)
    same = {
        "source_sha256": sha256(source.model),
        "chosen_precision": precision,
        "chosen_elements": list(part.elements) if part.elements else None,
        "chosen_head": part.head,
        "chosen_charge": part.charge,
        "chosen_spin": part.spin,
        "forms": sorted(forms),
        "use": _told(use),
        "with": [one.name for one in added] or None,
    }
    if output.exists():
        present = _replaceable(output)
        if present and all(present.card.get(key) == value for key, value in same.items()):
            return present, False
    with replaced(output) as directory:
        exported = source.algorithm.export(source.model, directory, precision, part)
        lines = [f"pair_style {exported.pair_style}", f"pair_coeff {exported.pair_coeff}"]
        if source.algorithm.in_python:
            lines += CONNECTED
        _write_pair(directory / PAIR, source.algorithm.name, exported, lines, added)
        for form in forms:
            lines = source.algorithm.export_form(form, source.model, directory, exported, part)
            _write_pair(directory / f"pair-{form}.lammps", f"{source.algorithm.name} ({form})", exported, lines, added)
        card = {**_card(source, exported, directory), "source": Path(source_path).name, **same}
        if source.algorithm.in_python:
            card |= {"in_python": True, "virial": knows_virial(source, exported.elements[0])}
        if source.licence:
            card["licence"] = source.licence
        write_yaml(directory / CARD, card)
        potential = Potential.open(directory)
        if not potential.in_python:  # a check against numbers of the same calculator would say nothing
            write_examples(potential, directory / EXAMPLES)
            card["files"][EXAMPLES] = sha256(directory / EXAMPLES)
        if labels := (card.get("data") or {}).get("isolated_atoms_eV"):
            card["isolated_atoms_eV"] = lone_atoms(potential.calculator(), potential.elements, labels)
        write_yaml(directory / CARD, card)
    return Potential.open(output), True


def require_as_it_is(
    potential: Potential,
    precision: str | None = None,
    part: Part = WHOLE,
    forms: tuple[str, ...] = (),
    use: Use | None = None,
    beside: tuple[str, ...] | None = None,
) -> None:
    """Raise `InputError` if more is asked of an export than that a potential be taken as it is; see `export`."""
    card = potential.card
    added = None if beside is None else [one.name for one in additions([one for one in beside if one != NONE])]
    asked = {
        "precision": (precision, potential.precision),
        "elements": (list(part.elements) if part.elements else None, potential.elements),
        "head": (part.head, card.get("chosen_head")),
        "charge": (part.charge, card.get("chosen_charge")),
        "spin": (part.spin, card.get("chosen_spin")),
        "format": (sorted(forms) or None, card.get("forms")),
        "beside": (added, card.get("with") or []),
        "good_for": (_told(use), card.get("use")),
    }
    for name, (wanted, there) in asked.items():
        if wanted is not None and wanted != there:
            raise InputError(
                f"{potential.path}: is a potential already, to be taken as it is: leave out `{name}`, or export the"
                " model that it was made from"
            )


def _told(use: Use | None) -> dict[str, list[str]] | None:
    """Return what the card says of the use."""
    return {"good_for": list(use.good_for), "not_for": list(use.not_for)} if use else None


def _copied(potential: Potential, output: Path) -> tuple[Potential, bool]:
    """Copy a potential, unless it stands there already; return the copy, and whether it was written now."""
    if output.exists():
        present = _replaceable(output)
        if present and all(present.card.get(key) == potential.card.get(key) for key in ("files", "use")):
            return present, False
    with replaced(output) as directory:
        for name in (*potential.card["files"], CARD):
            shutil.copyfile(potential.path / name, directory / name)
    return Potential.open(output), True


def knows_virial(source: Source, element: str) -> bool:
    """Return whether the calculator of a model gives the stress of a periodic box.

    Raises
    ------
    InputError
        If it fails for such a box.
    """
    try:
        return ask(source.reference_calculator(), lone_in_a_cell(element)).virial is not None
    except Exception as error:  # calculators of others fail in any way
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{source.model}: its calculator fails for a periodic box, as runs have: {reason}") from error


def _added(source: Source, path: Path, beside: tuple[str, ...] | None) -> list[Addition]:
    """Return what runs beside the model; `InputError` if that does not go with the labels that it was fitted to."""
    data = source.record.get("data") or {}
    minus = data.get("minus")
    if beside is None:
        return additions([minus] if minus else [])
    if source.algorithm.in_python and beside != (NONE,):
        raise InputError(f"{path}: forces are from Python; let the calculator itself have what `beside` would add")
    if beside == (NONE,):
        return []
    added = additions(beside)
    if minus and minus not in [one.name for one in added]:
        raise InputError(
            f"{path}: its labels are minus {minus}: `beside` {minus}, the default, adds that, `beside` {NONE} nothing"
        )
    methods = {label["method"] for label in data.get("labels") or () if _DISPERSIVE.search(label["method"])}
    if not minus and methods and any(isinstance(one, Dispersion) for one in added):
        raise InputError(
            f"{path}: its labels are of {' and '.join(sorted(methods))}, which has dispersion already; take it off the "
            "labels first: 'decant label' with `subtract`"
        )
    return added


def _replaceable(output: Path) -> Potential | None:
    """Return the potential that stands at `output`, None if a damaged one; refuse to replace anything else."""
    if not output.is_dir() or (not (output / CARD).is_file() and any(output.iterdir())):
        raise InputError(f"{output}: exists and is no potential; choose another `output`")
    try:
        return Potential.open(output)
    except InputError:
        return None


def _write_pair(path: Path, name: str, exported: Exported, lines: list[str], added: list[Addition]) -> None:
    """Write the LAMMPS lines of a model and what runs beside it."""
    told = f"# with {', '.join(one.name for one in added)}, to be computed beside the model\n" if added else ""
    lines = overlaid(lines, added, exported.elements)
    path.write_text(
        f"# {name} potential, written by decant export; needs: -var potential <path of this directory>, units metal\n"
        f"# atom types are, in this order: {' '.join(exported.elements)}\n{told}"
        + "".join(f"{line}\n" for line in lines),
        encoding="utf-8",
    )


def _card(source: Source, exported: Exported, directory: Path) -> dict[str, Any]:
    """Return the card of a potential."""
    names = sorted(path.name for path in directory.iterdir() if path.name != CARD)
    return {
        "format": FORMAT,
        "algorithm": source.algorithm.name,
        "elements": exported.elements,
        "cutoff_A": exported.cutoff,
        "precision": exported.precision,
        "architecture": exported.settings,
        "data": source.record.get("data"),
        "fit": {key: source.record[key] for key in _FROM_FIT if key in source.record} or None,
        "test_errors": source.errors or None,
        "check": None,
        "files": {name: sha256(directory / name) for name in names},
        "exported": {"decant": __version__, "when": datetime.now(UTC).isoformat(timespec="seconds")},
    }
