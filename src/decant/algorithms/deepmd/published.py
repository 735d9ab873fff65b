"""Published Deep Potentials by name, downloaded by DeePMD-kit to where its ``dp pretrained`` keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from decant.algorithms.deepmd.checkpoint import DPA4_REFUSED
from decant.algorithms.licences import tell_licence
from decant.algorithms.training import quiet
from decant.foundation.errors import InputError
from decant.foundation.files import sha256

CC_BY = "Creative Commons Attribution 4.0 licence (CC BY 4.0)"
_PAGE = "terms on its page, https://huggingface.co/deepmodelingcommunity/{}"


@dataclass(frozen=True)
class Model:
    """A published model.

    Attributes
    ----------
    licence
        Its terms. DeePMD-kit does not tell them; they are those of its page.
    refused
        Why it cannot be used; empty where it can.
    """

    licence: str
    refused: str = ""


_DPA4 = tuple(f"DPA4-{size}-OMat24-v20260805" for size in ("Nano", "Mini", "Neo", "Air", "Plus"))
PUBLISHED = {
    "DPA-3.1-3M": Model(CC_BY),
    "DPA-3.2-5M": Model(_PAGE.format("DPA-3.2-5M")),
    "DPA-3.3-1M": Model(_PAGE.format("DPA-3.3-1M")),
    "DPA-2.4-7M": Model(_PAGE.format("DPA-2.4-7M")),
    "DPA3-Omol-Large": Model(CC_BY),
    **{name: Model(_PAGE.format("DPA4-OMat24"), DPA4_REFUSED) for name in _DPA4},
}
LICENCES = {name: model.licence for name, model in PUBLISHED.items()}


def fetch(name: str) -> Path:
    """Return the file of a published model, downloaded unless the cache has it; its licence is told on stderr before.

    Raises
    ------
    InputError
        If it cannot be downloaded, is not what was published, or of a kind that cannot be used.
    """
    if PUBLISHED[name].refused:
        raise InputError(f"{name}: {PUBLISHED[name].refused}")
    with quiet():
        from deepmd.pretrained import download
    known = download.MODEL_REGISTRY[name]
    path = Path(download.DEFAULT_CACHE_DIR) / known["filename"]
    if path.is_file() and sha256(path) != known["sha256"]:  # dp would remove it, which may be somebody's only copy
        raise InputError(f"{path}: is not {name} as it was published (its SHA256 differs); remove it")
    tell_licence(name, PUBLISHED[name].licence)
    if not path.is_file():
        with quiet():
            try:
                download.download_model(name)
            except (OSError, RuntimeError) as error:
                url = known["urls"][0]
                raise InputError(f"{name}: cannot be downloaded; download {url} and put it at {path}") from error
    return path
