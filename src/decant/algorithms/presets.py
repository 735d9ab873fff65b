"""Training presets: named YAML files with settings, what they cost and what they are good for."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from decant.algorithms.base import WITHOUT_FIT
from decant.algorithms.registry import algorithm as named
from decant.foundation.errors import InputError, nearest
from decant.foundation.files import parse_yaml, read_yaml
from decant.foundation.settings import count, positive, read_named
from decant.foundation.units import duration

_PACKAGE = Path(__file__).resolve().parents[1]
# an installed wheel carries the presets inside the package, a checkout at its top level
FOLDERS = (_PACKAGE / "presets", _PACKAGE.parents[1] / "models" / "presets")
_KEYS = {"about", "cost", "speed", "max_time", "max_epochs", "settings"}

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Preset:
    """Settings of one fit.

    Attributes
    ----------
    name
        Name of the preset, or the path of the file it came from.
    max_time
        Wall time of the training, seconds; None for no limit.
    max_epochs
        Passes over the training set; None for no limit.
    settings
        In the algorithm's own words.
    cost
        What it says that it costs; empty where it says nothing.
    """

    name: str
    max_time: float | None
    max_epochs: int | None
    settings: dict[str, Any]
    cost: str = ""

    def require_limit(self, max_time: object, max_epochs: object) -> None:
        """Raise `InputError` if neither a caller nor the preset limits the time or the epochs of a fit."""
        if not (max_time or max_epochs or self.max_time or self.max_epochs):
            raise InputError(f"preset {self.name} sets no limit; give `max_time` (for example 30min) or `max_epochs`")


def preset_names(algorithm: str) -> list[str]:
    """Return the names of the presets that come with an algorithm."""
    return sorted({path.stem for folder in _folders(algorithm) for path in folder.glob("*.yaml")})


def _folders(algorithm: str) -> list[Path]:
    """Return where presets of an algorithm may lie."""
    own = named(algorithm).presets
    return [own] if own else [folder / algorithm for folder in FOLDERS]


def preset_path(algorithm: str, name: str) -> Path:
    """Return the file of a preset: a named one, or `name` itself where it is the path of a YAML file.

    Raises
    ------
    InputError
        If there is neither.
    """
    if _is_file(name):
        return Path(name)
    for folder in _folders(algorithm):
        path = folder / f"{name}.yaml"
        if path.is_file():
            return path
    known = preset_names(algorithm)
    told = ", ".join(known) or "none; give a file, NAME.yaml"
    raise InputError(f"no preset '{name}' for {algorithm}{nearest(name, known)}; known are: {told}")


def located_preset(name: str, base: Path) -> str:
    """Return a preset that is a file by its path from a folder, a named one as it is."""
    return str(base / name) if _is_file(name) else name


def _is_file(name: str) -> bool:
    return Path(name).suffix in (".yaml", ".yml")


def load_preset(algorithm: str, name: str, overrides: list[str], known: set[str] | None) -> Preset:
    """Read a preset and apply ``key=value`` overrides to its ``settings``; dots reach into nested mappings.

    Parameters
    ----------
    algorithm, name
        Which preset; `name` may be a path of a YAML file.
    overrides
        For example ``["r_max=5", "descriptor.rcut=7"]``; values are YAML.
    known
        Allowed first words of the keys; None for any.

    Raises
    ------
    InputError
        If the algorithm has no fit, or the file or an override is not understood.
    """
    if not named(algorithm).fits:
        raise InputError(f"`algorithm` {algorithm}: {WITHOUT_FIT}")
    path = preset_path(algorithm, name)
    content = read_yaml(path)
    for key in content:
        if key not in _KEYS:
            raise InputError(f"{path}: unknown key '{key}'{nearest(key, _KEYS)}; settings go below 'settings:'")
    _value(path, content, "speed", positive)
    settings = copy.deepcopy(content.get("settings") or {})
    if not isinstance(settings, dict):
        raise InputError(f"{path}: 'settings' must be a mapping of keys to values")
    for override in overrides:
        apply_override(settings, override)
    for key in settings:
        if known is not None and key not in known:
            raise InputError(f"{path} or `set`: {algorithm} has no setting '{key}'{nearest(key, known)}")
    return Preset(
        name=name,
        max_time=_value(path, content, "max_time", duration),
        max_epochs=_value(path, content, "max_epochs", count(1)),
        settings=settings,
        cost=str(content.get("cost", "")),
    )


@functools.cache
def preset_speed(algorithm: str, name: str) -> float | None:
    """Return the molecular dynamics of a potential of a preset, thousand atom-steps a second on one core.

    It is a default for planning, measured on one core of a 2-core machine; None where there is no such preset or it
    does not tell.
    """
    try:
        path = preset_path(algorithm, name)
        content = read_yaml(path)
    except InputError:
        return None
    return _value(path, content, "speed", positive)


def _value(path: Path, content: dict[str, Any], key: str, read: Callable[[Any], Kind]) -> Kind | None:
    """Return a value of a preset as `read` takes it; None where the preset says nothing."""
    return None if content.get(key) is None else read_named(f"{path}: {key}", read, content[key])


def apply_override(settings: dict[str, Any], override: str) -> None:
    """Set one ``a.b.c=value`` in nested settings.

    Raises
    ------
    InputError
        If it is not of this form.
    """
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise InputError(f"`set` {override}: expected key=value, for example r_max=5")
    *parents, last = key.strip().split(".")
    target = settings
    for parent in parents:
        target = target.setdefault(parent, {})
        if not isinstance(target, dict):
            raise InputError(f"`set` {override}: '{parent}' is a value, not a group of settings")
    try:
        target[last] = parse_yaml(text)
    except InputError as error:
        raise InputError(f"`set` {override}: the value is not valid YAML") from error
