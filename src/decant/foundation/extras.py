"""The parts of decant that need packages of their own, which ``pip install decant-mlip`` alone does not bring."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement

DISTRIBUTION = "decant-mlip"
EXTRAS = {
    "mace": "fitting, converting and comparing MACE models",
    "deepmd": "Deep Potential: fits, models and pair_style deepmd",
    "labels": "labels by GFN2-xTB, files of other programs, choice and inspection of frames",
    "dispersion": "D3 dispersion beside a potential from Python, and labels without it",
    "forcefield": "method openff: a classical force field as reference and driver",
    "gpu": "pair_style mace on NVIDIA's cards, without a CUDA toolkit",
    "study": "decant run: studies, here or on Slurm",
}
"""Extras of the package, and what each is for. ``all`` is all of them."""
_DISTRIBUTIONS = {"deepmd": "deepmd-kit", "mace": "mace-torch", "sklearn": "scikit-learn"}


def installation(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def asked_for(distribution: str, extras: frozenset[str] = frozenset()) -> Iterator[Requirement]:
    """Yield what an installed distribution asks for on this machine, or what some of its extras ask for alone."""
    for text in metadata.requires(distribution) or []:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in extras or {""}):
            continue
        if not extras or (marker is not None and "extra" in str(marker)):
            yield requirement


def bringing(module: str) -> str | None:
    """Return the first extra that brings a module, None if no extra does.

    Parameters
    ----------
    module
        As it is imported, perhaps with parts after a dot.
    """
    root = module.partition(".")[0]
    wanted = _DISTRIBUTIONS.get(root, root).replace("_", "-").lower()
    for extra in EXTRAS:
        if any(requirement.name.lower() == wanted for requirement in asked_for(DISTRIBUTION, frozenset({extra}))):
            return extra
    return None


def absence(error: ModuleNotFoundError) -> str | None:
    """Return one line for a module that an extra would bring, None for any other."""
    extra = bringing(error.name) if error.name else None
    if extra is None or error.name is None:
        return None
    return f"this needs {error.name.partition('.')[0]}, which is not installed; run: {installation(extra)}"
