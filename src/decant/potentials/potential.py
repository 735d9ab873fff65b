"""An exported potential: a directory with the model file, the LAMMPS lines that load it, and a card.

``model.safetensors`` or ``model.pth`` is what LAMMPS reads; ``pair.lammps`` names it by the LAMMPS variable
``potential``, the path of the directory; ``card.yaml`` says what the potential is, what it was fitted to and how good
it is, and carries the hash of every file, so that a damaged one is noticed before it is used. MACE adds
``reference.safetensors``, from which its own Python calculator is rebuilt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.algorithms.base import WHOLE, Algorithm, Exported, Part, algorithm, known_algorithms
from decant.foundation.directories import replaced
from decant.foundation.errors import InputError, nearest
from decant.foundation.files import read_yaml, sha256, write_yaml

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

CARD, PAIR = "card.yaml", "pair.lammps"
FORMAT = "decant-potential-1"
PRECISIONS = ("double", "single")
# keys of fit.yaml that a card repeats
_FROM_FIT = ("preset", "seed", "limits", "pretrained", "epochs", "settings", "versions", "notes")


@dataclass(frozen=True)
class Potential:
    """An exported potential.

    Attributes
    ----------
    path
        Its directory.
    card
        Content of its ``card.yaml``.
    """

    path: Path
    card: dict[str, Any]

    @classmethod
    def open(cls, path: Path) -> Potential:
        """Open a potential after checking that its files are those that were exported.

        Raises
        ------
        InputError
            If the directory is no potential, or a file is missing or damaged.
        """
        path = Path(path)
        if not path.is_dir():
            raise InputError(f"{path}: no such directory; expected a potential written by 'decant export'")
        if not (path / CARD).is_file():
            raise InputError(f"{path}: no {CARD} in it; expected a potential written by 'decant export'")
        card = read_yaml(path / CARD)
        if card.get("format") != FORMAT:
            raise InputError(f"{path / CARD}: format is '{card.get('format')}', expected '{FORMAT}'; export it again")
        for name, digest in card["files"].items():
            if not (path / name).is_file():
                raise InputError(f"{path / name}: missing; export the potential again")
            if sha256(path / name) != digest:
                raise InputError(f"{path / name}: corrupted (its hash differs from {CARD}); export the potential again")
        return cls(path, card)

    @property
    def elements(self) -> list[str]:
        """Chemical symbols in the order of the LAMMPS atom types."""
        return list(self.card["elements"])

    @property
    def algorithm(self) -> str:
        """Name of the algorithm."""
        return str(self.card["algorithm"])

    @property
    def cutoff(self) -> float:
        """Distance up to which an atom sees another one directly, angstrom."""
        return float(self.card["cutoff_A"])

    @property
    def precision(self) -> str:
        """Arithmetic of the LAMMPS run: ``"double"`` or ``"single"``."""
        return str(self.card["precision"])

    @property
    def pair_lines(self) -> Path:
        """The file that LAMMPS includes."""
        return self.path / PAIR

    def calculator(self) -> Calculator:
        """Return an ASE calculator: the fastest on a CPU, in the arithmetic chosen at export.

        For a MACE it is the evaluator of ``pair_style mace`` itself, without torch.
        """
        return algorithm(self.algorithm).calculator(self.path)

    def reference_calculator(self) -> Calculator:
        """Return the algorithm's own ASE calculator, in double precision: slow, and independent of our evaluator."""
        return algorithm(self.algorithm).reference_calculator(self.path)

    def record(self, key: str, value: Any) -> None:
        """Write one more entry into the card."""
        self.card[key] = value
        write_yaml(self.path / CARD, self.card)


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


@dataclass(frozen=True)
class Source:
    """A fitted model that can be exported or evaluated.

    Attributes
    ----------
    algorithm
        What it was fitted with.
    model
        The model file.
    record
        Content of ``fit.yaml``; empty for a bare model file.
    errors
        Content of ``errors.yaml``; empty where there is none.
    """

    algorithm: Algorithm
    model: Path
    record: dict[str, Any]
    errors: dict[str, Any]


def open_source(path: Path) -> Source:
    """Return the fitted model behind a path: a directory of ``decant fit``, a bare model file, or a published name.

    Raises
    ------
    InputError
        If it is none of them, the fit is not finished, or the published model cannot be downloaded.
    """
    path = Path(path)
    published = {word: name for name in known_algorithms() for word in algorithm(name).published}
    if not path.exists() and str(path) in published:
        method = algorithm(published[str(path)])
        return Source(method, method.fetch(str(path)), {}, {})
    if path.is_file():
        for name in known_algorithms():
            if path.suffix in algorithm(name).suffixes:
                return Source(algorithm(name), path, {}, {})
        suffixes = ", ".join(suffix for name in known_algorithms() for suffix in algorithm(name).suffixes)
        raise InputError(f"{path}: unknown kind of model file; expected one that ends in {suffixes}")
    if not (path / "fit.yaml").is_file():
        what = "no fit.yaml in it" if path.is_dir() else f"no such file or directory{nearest(str(path), published)}"
        raise InputError(f"{path}: {what}; expected a directory written by 'decant fit', or a model file")
    record = read_yaml(path / "fit.yaml")
    if record.get("state") != "finished":
        raise InputError(f"{path}: its fit is not finished; run the same 'decant fit' command again to continue it")
    model = path / record["model"]
    if not model.is_file() or sha256(model) != record["model_sha256"]:
        raise InputError(f"{model}: missing or corrupted (its hash differs from fit.yaml); fit it again")
    errors = read_yaml(path / "errors.yaml") if (path / "errors.yaml").is_file() else {}
    return Source(algorithm(record["algorithm"]), model, record, errors)


def export(
    source_path: Path,
    output: Path,
    precision: str | None = None,
    part: Part = WHOLE,
    forms: tuple[str, ...] = (),
    use: Use | None = None,
) -> tuple[Potential, bool]:
    """Export a fitted model as a potential.

    Parameters
    ----------
    source_path
        Directory of ``decant fit``, a ``.model`` file of mace-torch, a ``.pt``/``.pth`` file of DeePMD-kit, or the name
        of a published model. The model is unpickled, which can run any code: it must come from someone you trust.
    output
        Directory of the potential. One that is there is replaced, unless it was made from the same model in the same
        way: then it is left as it is.
    precision
        ``"double"`` or ``"single"``: the arithmetic of the LAMMPS run; None for double, or where an algorithm leaves no
        choice for the one it was trained in.
    part
        Elements and head to take, where the model has more of them than are wanted.
    forms
        Other forms to write beside it, for a LAMMPS that is built for them: each is ``model-FORM.pt`` with its LAMMPS
        lines in ``pair-FORM.lammps``.
    use
        What the card is to say about its use.

    Returns
    -------
    Potential
        The potential.
    bool
        Whether it was written now.

    Raises
    ------
    InputError
        If the source is no model, cannot be run in LAMMPS, or `output` holds something else.
    """
    if precision not in (None, *PRECISIONS):
        raise InputError(f"--precision {precision}: expected double or single")
    source = open_source(source_path)
    output = Path(output)
    same = {
        "source_sha256": sha256(source.model),
        "chosen_precision": precision,
        "chosen_elements": list(part.elements) if part.elements else None,
        "chosen_head": part.head,
        "forms": sorted(forms),
        "use": {"good_for": list(use.good_for), "not_for": list(use.not_for)} if use else None,
    }
    if output.exists():
        present = _replaceable(output)
        if present and all(present.card.get(key) == value for key, value in same.items()):
            return present, False
    with replaced(output) as directory:
        exported = source.algorithm.export(source.model, directory, precision, part)
        lines = [f"pair_style {exported.pair_style}", f"pair_coeff {exported.pair_coeff}"]
        _write_pair(directory / PAIR, source.algorithm.name, exported, lines)
        for form in forms:
            lines = source.algorithm.export_form(form, source.model, directory, exported, part)
            _write_pair(directory / f"pair-{form}.lammps", f"{source.algorithm.name} ({form})", exported, lines)
        card = {**_card(source, exported, directory), "source": Path(source_path).name, **same}
        write_yaml(directory / CARD, card)
    return Potential.open(output), True


def _replaceable(output: Path) -> Potential | None:
    """Return the potential that stands at `output`, None if a damaged one; refuse to replace anything else."""
    if not output.is_dir() or (not (output / CARD).is_file() and any(output.iterdir())):
        raise InputError(f"{output}: exists and is no potential; choose another -o")
    try:
        return Potential.open(output)
    except InputError:
        return None


def _write_pair(path: Path, name: str, exported: Exported, lines: list[str]) -> None:
    """Write the LAMMPS lines."""
    path.write_text(
        f"# {name} potential, written by decant export; needs: -var potential <path of this directory>, units metal\n"
        f"# atom types are, in this order: {' '.join(exported.elements)}\n" + "".join(f"{line}\n" for line in lines),
        encoding="utf-8",
    )


def _card(source: Source, exported: Exported, directory: Path) -> dict[str, Any]:
    """Return the card of a potential."""
    from decant import __version__

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
