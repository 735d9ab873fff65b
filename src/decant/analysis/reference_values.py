"""Values of a liquid from elsewhere, such as experiment, in a file that `decant score` and `compare` take alike."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

from decant.foundation.errors import InputError, nearest
from decant.foundation.files import read_yaml, require_file
from decant.foundation.settings import number, positive

KEYS = (
    "name", "density_g_cm3", "density_uncertainty_g_cm3", "diffusion_1e-5_cm2_s", "diffusion_uncertainty_1e-5_cm2_s",
    "conductivity_mS_cm", "conductivity_uncertainty_mS_cm", "cation_transference", "cation_transference_uncertainty",
    "temperature_K", "source",
)  # fmt: skip
ERRORS = {
    "conductivity_mS_cm": "conductivity_uncertainty_mS_cm",
    "cation_transference": "cation_transference_uncertainty",
}
"""Which key has the standard error of another, for values of electrolytes."""
ANY_SIGN = ("cation_transference",)
WORDS = ("name", "source")
DENSEST_g_cm3 = 25.0
"""Nothing that people make is denser: osmium has 22.6."""
UNIT = "_1e-5_cm2_s"
MAPPINGS = ("diffusion_1e-5_cm2_s", "diffusion_uncertainty_1e-5_cm2_s")
BY_SPECIES = re.compile(r"(diffusion(?:_uncertainty)?)_(.+)_(1e-5_cm2_s)")


def read_values(path: Path) -> list[dict[str, Any]]:
    """Return the values of each liquid in a file.

    Parameters
    ----------
    path
        YAML: a mapping with keys of `KEYS`, of one liquid; ``diffusion_1e-5_cm2_s`` and its uncertainty are mappings by
        species. CSV: a row each, with columns of the same names, those of diffusion with the species inside, as in
        ``diffusion_EC_1e-5_cm2_s``; fields may be empty, other columns are passed over.

    Returns
    -------
    list of dict
        Mappings as those of YAML; ``name`` is there always.

    Raises
    ------
    InputError
        If the file is missing, has a key that is none of these, no name in a row, or no number where one belongs.
    """
    path = Path(path)
    require_file(path, "a YAML or CSV file with reference values")
    return _rows(path) if path.suffix.lower() == ".csv" else [_mapping(path)]


def _mapping(path: Path) -> dict[str, Any]:
    content = read_yaml(path)
    for key in content:
        if key not in KEYS:
            raise InputError(f"{path}: unknown key '{key}'{nearest(str(key), KEYS)}; expected {', '.join(KEYS)}")
    for key, value in content.items():
        if key in MAPPINGS:
            if not isinstance(value, dict):
                raise InputError(f"{path}: {key}: expected a mapping of species to values, for example EC: 1.2")
            for name, number in value.items():
                _require_number(str(path), f"{key}: {name}", number)
        elif key not in WORDS:
            _require_number(str(path), key, value)
    return {"name": path.stem, **content}


def _require_number(where: str, key: str, value: Any) -> None:
    try:
        (number if "uncertainty" in key or key in ANY_SIGN else positive)(value)
    except InputError as error:
        raise InputError(f"{where}: {key}: {error}") from error
    if key == "density_g_cm3" and value > DENSEST_g_cm3:
        raise InputError(f"{where}: {key}: {value} is no density in g/cm3; in kg/m3? Give a thousandth of it")


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:  # spreadsheets begin with a mark of the encoding
        rows = list(csv.DictReader(stream))
    found = []
    for line, row in enumerate(rows, start=2):
        if not row.get("name"):
            raise InputError(f"{path}: line {line}: no 'name'; expected columns name, density_g_cm3, ...")
        values: dict[str, Any] = {}
        for column, text in row.items():
            if not text or not isinstance(column, str):
                continue
            match = BY_SPECIES.fullmatch(column)
            if column in MAPPINGS:
                raise InputError(
                    f"{path}: column '{column}': of which species? Write {column.removesuffix(UNIT)}_EC{UNIT}"
                )
            if match:
                values.setdefault(f"{match[1]}_{match[3]}", {})[match[2]] = _number(path, line, column, text)
            elif column in KEYS:
                values[column] = text if column in WORDS else _number(path, line, column, text)
        found.append(values)
    return found


def _number(path: Path, line: int, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise InputError(f"{path}: line {line}: {column}: expected a number, not {text!r}") from error
    _require_number(f"{path}: line {line}", column, value)
    return value
