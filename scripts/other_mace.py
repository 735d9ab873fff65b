"""Save models with other versions of mace-torch, and hold what decant reads of them to what those versions say.

python scripts/other_mace.py

Each version comes from PyPI, as its own files alone: torch and e3nn are those of this environment. What is fetched
stays in build/mace_versions, where the tests find it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
VERSIONS = REPOSITORY / "build" / "mace_versions"
NAMES = ("0.3.3", "0.3.6", "0.3.8", "0.3.10", "0.3.12", "0.3.14", "0.3.15")
"""Those between which models or their files changed."""
NEAR = {"energy": 1e-6, "forces": 1e-6, "stress": 1e-9}
"""In eV, eV/angstrom and eV/angstrom^3; what compiled code may be off by."""
SAVE = """
import sys, warnings
warnings.simplefilter("ignore")
import numpy, torch
torch.serialization.add_safe_globals([slice])  # which files inside e3nn hold
from decant.algorithms.mace.random import DENSITY, random_mace
from mace import modules
from mace.calculators import MACECalculator
from tests.mace_agreement import liquid

kinds = {
    "vectors": {"hidden": "8x0e+8x1o", "l_max": 2, "correlation": 2},
    "MACE, scalars": {"hidden": "8x0e", "kind": "MACE", "l_max": 2},
    "tensors, three layers": {"hidden": "8x0e+8x1o+8x2e", "layers": 3},
}
if DENSITY["later"] in modules.interaction_classes:
    kinds["density, Agnesi, repulsion"] = {"hidden": "8x0e", **DENSITY}
for name, kind in kinds.items():
    path, atoms = f"{sys.argv[1]}/{name}", liquid()
    torch.save(random_mace(**kind), f"{path}.model")
    atoms.calc = MACECalculator(model_paths=[f"{path}.model"], device="cpu", default_dtype="float64")
    stress = atoms.get_stress(voigt=False)
    numpy.savez(f"{path}.npz", energy=atoms.get_potential_energy(), forces=atoms.get_forces(), stress=stress)
"""


def fetch(version: str) -> None:
    """Keep the files of a version."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["download", "--quiet", "--no-deps", "--dest", folder, f"mace-torch=={version}"]
        subprocess.run([sys.executable, "-m", "pip", *words], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(VERSIONS / version, [name for name in archive.namelist() if name.startswith("mace")])


def saved(version: Path, folder: Path) -> list[Path]:
    """Return the model files that a version saves in a folder, each with what it says of a liquid beside it (.npz)."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(version), str(REPOSITORY)])}
    environment["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"  # older ones load their own files as torch did then
    command = [sys.executable, "-c", SAVE, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return sorted(folder.glob("*.model"))


def differences(model: Path, folder: Path) -> dict[str, float]:
    """Return the largest difference of energy, forces and stress between decant and the version that saved a model."""
    from decant.algorithms.mace.calculator import CompiledMACE
    from decant.algorithms.mace.export.weights import write_model
    from decant.algorithms.mace.model_file import load_trusted
    from tests.mace_agreement import liquid

    atoms = liquid()
    write_model(load_trusted(model), folder / "model.safetensors")
    atoms.calc = CompiledMACE(folder / "model.safetensors")
    found = {
        "energy": atoms.get_potential_energy(),
        "forces": atoms.get_forces(),
        "stress": atoms.get_stress(voigt=False),
    }
    said = np.load(model.with_suffix(".npz"))
    return {name: float(np.abs(values - said[name]).max()) for name, values in found.items()}


def tried(version: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield each kind of model that a version makes, with how far decant is off."""
    with tempfile.TemporaryDirectory() as folder:
        for model in saved(version, Path(folder)):
            yield model.stem, differences(model, Path(folder))


def main() -> None:
    """Fetch what is not here yet, try each and tell; exit code 1 if one is off."""
    failed = False
    for name in NAMES:
        if not (VERSIONS / name).is_dir():
            fetch(name)
        for kind, off in tried(VERSIONS / name):
            wrong = any(off[part] > NEAR[part] for part in NEAR)
            failed |= wrong
            told = ", ".join(f"{part} {value:.0e}" for part, value in off.items())
            print(f"{'FAILED' if wrong else 'ok':6}  {name}, {kind}: {told}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    sys.path.insert(0, str(REPOSITORY))
    main()
