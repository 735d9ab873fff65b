"""Write models with random weights for benchmarks, named A, B or C by their file: models.py FOLDER/A.safetensors."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mace_table import MODELS

from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import random_mace


def main() -> None:
    for name in sys.argv[1:]:
        path = Path(name)
        hidden, r_max = MODELS[path.stem]
        write_model(random_mace(hidden=hidden, r_max=r_max, l_max=3, correlation=3, layers=2), path)


if __name__ == "__main__":
    main()
