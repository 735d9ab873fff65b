"""The cells of a study: its potentials and runs by name, and where the files of each lie in the study's folder."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

ZERO = "none"
"""In place of a data set: a pretrained model as it is, or the reference method."""
TEST = "test"
"""In place of a data set: the frames that no fit sees."""
HERE = Path()
"""The study's folder, in which every command runs."""
INPUTS = HERE / "inputs"
"""Where the files lie that are written from the study file before anything runs."""


@dataclass(frozen=True)
class FitCell:
    """One potential: a data set, an algorithm and a seed.

    Attributes
    ----------
    data, algorithm, seed
        Names in the study, and the seed; `data` is `ZERO` for a pretrained model as it is and for the reference method.
    """

    data: str
    algorithm: str
    seed: int

    @property
    def name(self) -> str:
        """Its folder below ``models``, ``potentials`` and ``errors``."""
        return f"{self.data}/{self.algorithm}/{self.seed}"

    def model(self, folder: Path) -> Path:
        """Return the model directory."""
        return folder / "models" / self.name

    def potential(self, folder: Path) -> Path:
        """Return the directory of the exported potential."""
        return folder / "potentials" / self.name

    def errors(self, folder: Path) -> Path:
        """Return the file of its errors on the test set, in the form of `decant.potentials.evaluate.evaluate`."""
        return folder / "errors" / f"{self.name}.yaml"


def fit_cell(text: str, data: Collection[str], algorithms: Collection[str]) -> FitCell | None:
    """Return the potential that ``DATA/ALGORITHM/SEED`` names, or None if the text names none of these."""
    parts = text.split("/")
    if len(parts) != 3 or parts[0] not in data or parts[1] not in algorithms or not parts[2].isdigit():
        return None
    return FitCell(parts[0], parts[1], int(parts[2]))


@dataclass(frozen=True)
class RunCell:
    """One simulation: a potential, a liquid, a temperature and a replica.

    Attributes
    ----------
    fit
        The potential.
    simulation
        Name of the simulation in the study.
    temperature
        K.
    replica
        From 1 on.
    """

    fit: FitCell
    simulation: str
    temperature: float
    replica: int

    @property
    def name(self) -> str:
        """Its folder below ``runs``."""
        return f"{self.fit.name}/{self.simulation}/{self.temperature:g}K/{self.replica}"

    def run(self, folder: Path) -> Path:
        """Return the run directory; ``observables.yaml`` and the score lie in it."""
        return folder / "runs" / self.name

    def score(self, folder: Path) -> Path:
        """Return the file of its score."""
        return self.run(folder) / "score.yaml"


def data_folder(folder: Path, name: str) -> Path:
    """Return the folder of a data set: configurations, labelled and, below ``split``, train and valid (.extxyz)."""
    return folder / "data" / name


def test_frames(folder: Path) -> Path:
    """Return the labelled test set."""
    return folder / TEST / "labelled.extxyz"


def configurations(name: str) -> Path:
    """Return the file of the unlabelled frames of a data set or of `TEST`, from the study's folder."""
    return labelled(name).with_name("configurations.extxyz")


def labelled(name: str) -> Path:
    """Return the labelled file of a data set or of `TEST`, from the study's folder."""
    return test_frames(HERE) if name == TEST else data_folder(HERE, name) / "labelled.extxyz"


def set_input(name: str) -> Path:
    """Return the file of the recipes of a data set or of `TEST`, or of its active learning, from the study's folder."""
    return INPUTS / "data" / f"{name}.yaml"


def reference_input(simulation: str) -> Path:
    """Return the file of the values that a simulation is compared with, from the study's folder."""
    return INPUTS / "references" / f"{simulation}.yaml"
