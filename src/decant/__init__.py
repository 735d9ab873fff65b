"""decant: from training data to measured liquids with machine-learned potentials in LAMMPS."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from decant.foundation.version import __version__

if TYPE_CHECKING:
    from decant.molecules.solvents import molecule as molecule
    from decant.potentials.potential import Potential as Potential
    from decant.simulation.run import Run as Run

# public names and the modules that they are loaded from when first asked for: `import decant` is instant
_PUBLIC = {
    "Potential": "decant.potentials.potential",
    "Run": "decant.simulation.run",
    "molecule": "decant.molecules.solvents",
}
__all__ = ["Potential", "Run", "__version__", "molecule"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'decant' has no attribute '{name}'")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
