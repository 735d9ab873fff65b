"""Published MACE models by name, downloaded to where mace-torch's own loaders look for them."""

from __future__ import annotations

import shutil
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from decant.algorithms.licences import tell_licence
from decant.algorithms.training import quiet
from decant.foundation.errors import InputError
from decant.foundation.files import write_beside

MIT = "MIT license"
ASL = "Academic Software License (https://github.com/gabor1/ASL), which permits no commercial use"
_ANSWER_WITHIN = 10.0  # seconds in which the server must answer; the loaders themselves would wait for minutes
_OFF24 = "https://raw.githubusercontent.com/ACEsuit/mace-off/main/mace_off24/MACE-OFF24_medium.model"
_OMOL = "https://github.com/ACEsuit/mace-foundations/releases/download/mace_omol_0/MACE-omol-0-extra-large-1024.model"
_ANICC = (
    "https://raw.githubusercontent.com/ACEsuit/mace/main/mace/calculators/foundations_models/ani500k_large_CC.model"
)


@dataclass(frozen=True)
class Model:
    """A published model.

    Attributes
    ----------
    family
        Table of mace-torch's loaders that has its address: ``off``, ``mp`` or ``polar``; empty if none has.
    key
        Its name in that table, or else its address.
    licence
        Its terms.
    """

    family: str
    key: str
    licence: str


PUBLISHED = {
    **{f"mace-off23-{size}": Model("off", size, ASL) for size in ("small", "medium", "large")},
    "mace-off24-medium": Model("", _OFF24, ASL),
    **{f"mace-mp-0-{size}": Model("mp", size, MIT) for size in ("small", "medium", "large")},
    **{f"mace-mp-0b-{size}": Model("mp", f"{size}-0b", MIT) for size in ("small", "medium")},
    **{f"mace-mp-0b2-{size}": Model("mp", f"{size}-0b2", MIT) for size in ("small", "medium", "large")},
    "mace-mp-0b3-medium": Model("mp", "medium-0b3", MIT),
    "mace-mpa-0-medium": Model("mp", "medium-mpa-0", MIT),
    **{f"mace-omat-0-{size}": Model("mp", f"{size}-omat-0", ASL) for size in ("small", "medium")},
    **{f"mace-matpes-{level}-0": Model("mp", f"mace-matpes-{level}-0", ASL) for level in ("pbe", "r2scan")},
    **{f"mace-mh-{number}": Model("mp", f"mh-{number}", ASL) for number in (0, 1)},
    "mace-omol-0": Model("", _OMOL, ASL),
    "mace-anicc": Model("", _ANICC, MIT),
    **{f"mace-polar-1-{size}": Model("polar", f"polar-1-{size}", ASL) for size in ("s", "m", "l")},
}
LICENCES = {name: model.licence for name, model in PUBLISHED.items()}


def location(name: str) -> tuple[str, Path]:
    """Return where a published model is downloaded from, and its file in the cache that the loaders share."""
    loaders = _loaders()
    model = PUBLISHED[name]
    tables = {"off": loaders.mace_off_urls, "mp": loaders.mace_mp_urls, "polar": loaders.polar_model_urls}
    url = str(tables[model.family][model.key]) if model.family else model.key
    file = url.rpartition("/")[2]
    if model.family in ("mp", "polar"):  # these loaders keep letters, digits and underscores of the name only
        file = "".join(character for character in file if character.isalnum() or character == "_")
    own = Path(loaders.module_dir) / "foundations_models" / url.rpartition("/")[2]  # some come with mace-torch
    return url, own if own.is_file() else Path(loaders.get_cache_dir()) / file


def fetch(name: str) -> Path:
    """Return the file of a published model, downloaded unless the cache has it; its licence is told on stderr before.

    Raises
    ------
    InputError
        If it cannot be downloaded, or is of a kind that cannot be used.
    """
    if PUBLISHED[name].family == "polar":
        raise InputError(
            f"{name}: is a PolarMACE, whose charges and spins settle in each other's long-range fields; that is "
            "computed neither by pair_style mace nor from Python here"
        )
    url, path = location(name)
    if path.is_file():
        tell_licence(name, PUBLISHED[name].licence)
        return path
    try:
        request = urllib.request.Request(url, method="HEAD")
        urllib.request.urlopen(request, timeout=_ANSWER_WITHIN).close()
        tell_licence(name, PUBLISHED[name].licence)
        _download(url, path)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "reason", None) or error.__cause__ or error
        raise InputError(f"{name}: cannot be downloaded ({reason}); download {url} and put it at {path}") from error
    return path


def _download(url: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with urllib.request.urlopen(url, timeout=120) as answer, write_beside(path) as temporary:
        if answer.headers.get_content_type() == "text/html":
            raise OSError("the server answers with a page")
        with temporary.open("wb") as file:
            shutil.copyfileobj(answer, file)


def _loaders() -> Any:
    """Return mace-torch's module of loaders."""
    with quiet():
        from mace.calculators import foundations_models
    return foundations_models
