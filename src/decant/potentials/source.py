"""A fitted model: the directory of a fit, a bare model file, or a published model by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.algorithms.base import Algorithm
from decant.algorithms.registry import algorithm, known_algorithms
from decant.foundation.errors import InputError, nearest
from decant.foundation.files import read_yaml, sha256
from decant.potentials.potential import CARD, Potential
from decant.potentials.ready import ready

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator


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
    licence
        Terms of a published model.
    """

    algorithm: Algorithm
    model: Path
    record: dict[str, Any]
    errors: dict[str, Any]
    licence: str | None = None

    @property
    def elements(self) -> list[str]:
        """Chemical symbols that the model knows."""
        return self.algorithm.elements(self.model)

    def reference_calculator(self) -> Calculator:
        """Return the algorithm's own ASE calculator of the model, in double precision."""
        return self.algorithm.model_calculator(self.model)


def potential_of(path: Path) -> Potential | None:
    """Return the potential behind a path, or the ready one of this name; None if it is neither.

    Raises
    ------
    InputError
        If a file of it is missing or damaged.
    """
    path = Path(path)
    if not path.exists():
        path = ready().get(str(path), path)
    return Potential.open(path) if (path / CARD).is_file() else None


def open_model(path: Path) -> Source:
    """Return the fitted model behind a path, or of a potential, which has its directory for a file.

    Raises
    ------
    InputError
        As of `open_source`, or if a file of the potential is missing or damaged.
    """
    potential = potential_of(path)
    if potential is None:
        return open_source(path)
    record = {**(potential.card.get("fit") or {}), "data": potential.card.get("data")}
    return Source(algorithm(potential.algorithm), potential.path, record, {})


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
        return Source(method, method.fetch(str(path)), {}, {}, method.licences.get(str(path)))
    if path.is_file():
        for name in known_algorithms():
            if path.suffix in algorithm(name).suffixes:
                return Source(algorithm(name), path, {}, {})
        for name in known_algorithms():
            if advice := algorithm(name).foreign_suffixes.get(path.suffix):
                raise InputError(f"{path}: {advice}")
        if (path.parent / CARD).is_file():
            raise InputError(f"{path}: is a part of a potential; give the whole, {path.parent}")
        suffixes = ", ".join(suffix for name in known_algorithms() for suffix in algorithm(name).suffixes)
        raise InputError(f"{path}: unknown kind of model file; expected one that ends in {suffixes}")
    if not (path / "fit.yaml").is_file():
        hint = nearest(str(path), [*published, *ready()])
        what = f"no fit.yaml or {CARD} in it" if path.is_dir() else f"no such file or directory{hint}"
        raise InputError(
            f"{path}: {what}; expected a directory written by 'decant fit' or 'decant export', or a model file"
        )
    record = read_yaml(path / "fit.yaml")
    if record.get("state") != "finished":
        raise InputError(f"{path}: its fit is not finished; run the same 'decant fit' command again to continue it")
    model = path / record["model"]
    if not model.is_file() or sha256(model) != record["model_sha256"]:
        raise InputError(f"{model}: missing or corrupted (its hash differs from fit.yaml); fit it again")
    errors = read_yaml(path / "errors.yaml") if (path / "errors.yaml").is_file() else {}
    return Source(algorithm(record["algorithm"]), model, record, errors)
