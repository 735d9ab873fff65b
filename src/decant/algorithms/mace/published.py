"""Published MACE models by name, downloaded by mace-torch's own loaders to where those look for them."""

from __future__ import annotations

import contextlib
import sys
import urllib.request
from pathlib import Path
from typing import Any

from decant.algorithms.training import quiet
from decant.foundation.errors import InputError

# our name: family of mace-torch's loaders, and the model's name in it
PUBLISHED = {
    "mace-off23-small": ("off", "small"),
    "mace-off23-medium": ("off", "medium"),
    "mace-off23-large": ("off", "large"),
    "mace-mp-0-small": ("mp", "small"),
    "mace-mp-0-medium": ("mp", "medium"),
    "mace-mp-0-large": ("mp", "large"),
    "mace-mpa-0-medium": ("mp", "medium-mpa-0"),
}
_ANSWER_WITHIN = 10.0  # seconds in which the server must answer; the loaders themselves would wait for minutes


def location(name: str) -> tuple[str, Path]:
    """Return where a published model is downloaded from, and the file of the cache that the loader puts it into."""
    loaders = _loaders()
    family, key = PUBLISHED[name]
    url = str((loaders.mace_off_urls if family == "off" else loaders.mace_mp_urls)[key])
    file = url.rpartition("/")[2]
    if family == "mp":  # this loader keeps letters, digits and underscores of the name only
        file = "".join(character for character in file if character.isalnum() or character == "_")
    return url, Path(loaders.get_cache_dir()) / file


def fetch(name: str) -> Path:
    """Return the file of a published model, downloaded unless the cache has it.

    What the loader says of the licence as it downloads reaches the user by way of stderr.

    Raises
    ------
    InputError
        If it cannot be downloaded.
    """
    url, path = location(name)
    if path.is_file():
        return path
    family, key = PUBLISHED[name]
    try:
        request = urllib.request.Request(url, method="HEAD")
        urllib.request.urlopen(request, timeout=_ANSWER_WITHIN).close()
        with contextlib.redirect_stdout(sys.stderr):
            if family == "off":
                _loaders().mace_off(model=key, device="cpu", return_raw_model=True)
            else:
                _loaders().download_mace_mp_checkpoint(key)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "reason", None) or error.__cause__ or error
        raise InputError(f"{name}: cannot be downloaded ({reason}); download {url} and put it at {path}") from error
    return path


def _loaders() -> Any:
    """Return mace-torch's module of loaders."""
    with quiet():
        from mace.calculators import foundations_models
    return foundations_models
