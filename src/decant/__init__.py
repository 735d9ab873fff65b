"""decant: from training data to measured liquids with machine-learned potentials in LAMMPS."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from decant.foundation.version import __version__

if TYPE_CHECKING:
    from decant.foundation.errors import InputError as InputError
    from decant.foundation.errors import ProgramFailed as ProgramFailed
    from decant.molecules.solvents import molecule as molecule
    from decant.potentials.potential import Potential as Potential
    from decant.simulation.run import Run as Run
    from decant.verbs.analyze import analyze as analyze
    from decant.verbs.bench import bench as bench
    from decant.verbs.build import build as build
    from decant.verbs.check import check as check
    from decant.verbs.compare import compare as compare
    from decant.verbs.evaluate import evaluate as evaluate
    from decant.verbs.export import export as export
    from decant.verbs.fit import fit as fit
    from decant.verbs.import_ import import_ as import_
    from decant.verbs.inspect import inspect as inspect
    from decant.verbs.label import label as label
    from decant.verbs.learn import learn as learn
    from decant.verbs.plan import plan as plan
    from decant.verbs.ready import ready as ready
    from decant.verbs.report import report as report
    from decant.verbs.run import run as run
    from decant.verbs.score import score as score
    from decant.verbs.select import select as select
    from decant.verbs.simulate import simulate as simulate
    from decant.verbs.split import split as split
    from decant.verbs.status import status as status
    from decant.verbs.trust import trust as trust

_VERBS = (
    "analyze", "bench", "build", "check", "compare", "evaluate", "export", "fit", "import_", "inspect", "label",
    "learn", "plan", "ready", "report", "run", "score", "select", "simulate", "split", "status", "trust",
)  # fmt: skip
# public names and the modules that they are loaded from when first asked for: `import decant` is instant
_PUBLIC = {
    "InputError": "decant.foundation.errors",
    "Potential": "decant.potentials.potential",
    "ProgramFailed": "decant.foundation.errors",
    "Run": "decant.simulation.run",
    "molecule": "decant.molecules.solvents",
    **{verb: f"decant.verbs.{verb}" for verb in _VERBS},
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'decant' has no attribute '{name}'")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
