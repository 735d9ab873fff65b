"""Our own algorithms, recipes and methods pass what we ask of those of others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ase import Atoms

from decant.foundation.files import read_yaml
from decant.labels.base import Labeler
from decant.labels.registry import labeler
from decant.molecules.liquid import parse_liquid
from decant.molecules.packing import pack
from decant.testing import AlgorithmConformance, LabelerConformance, RecipeConformance
from tests.integration.conftest import TINY


class OurAlgorithm(AlgorithmConformance):
    """With the fits of the session; their files tell whether a killed fit had something to go on from, and did."""

    preset = "quick"
    noted_in = "train.log"
    checkpoint: str
    continued: str

    @pytest.fixture(scope="class")
    @classmethod
    def data(cls, tiny_dataset: Path) -> Path:
        return tiny_dataset

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, request: pytest.FixtureRequest) -> Path:
        return request.getfixturevalue(f"{cls.name}_model")

    @pytest.fixture(scope="class")
    @classmethod
    def potential(cls, request: pytest.FixtureRequest) -> Path:
        return request.getfixturevalue(f"{cls.name}_potential")

    def is_under_way(self, work: Path) -> bool:
        file = work / self.noted_in
        return file.is_file() and re.search(self.checkpoint, file.read_text()) is not None

    def test_lammps_and_python_agree_on_every_number_of_ranks(
        self, potential: Path, data: Path, tmp_path: Path
    ) -> None:
        super().test_lammps_and_python_agree_on_every_number_of_ranks(potential, data, tmp_path)
        noted = read_yaml(tmp_path / "potential" / "card.yaml")["check"]["lammps_against_python"]
        assert 0.0 < noted["2 ranks"]["force"] < 1e-5, "two programs never agree to the last digit"

    def was_continued(self, work: Path) -> bool:
        return re.search(self.continued, (work / "train.log").read_text()) is not None


@pytest.mark.usefixtures("parameter_cache")
class TestOpenFF(LabelerConformance):
    name = "openff"
    # Lennard-Jones ends at its cutoff with a step in the energy; what lies beyond is corrected for on the mean only
    step = 2e-4
    tolerance = 2e-2

    @pytest.fixture
    def box(self) -> Atoms:
        """Two methanol molecules would reach their own images."""
        return pack(parse_liquid("CO:12"), 0.7, 1)


class TestCalculator(AlgorithmConformance):
    name = "ase"
    ranks = (1,)

    @pytest.fixture(scope="class")
    @classmethod
    def data(cls, tiny_dataset: Path) -> Path:
        return tiny_dataset

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A description; there is no fit."""
        description = tmp_path_factory.mktemp("ase") / "xtb.yaml"
        description.write_text("method: gfn1-xtb\nelements: [H, C, O]\n")
        return description


class TestMace(OurAlgorithm):
    name = "mace"
    settings = tuple(word.removeprefix("--set=") for word in TINY["mace"] if word.startswith("--set="))
    long_epochs = 14
    checkpoint, continued = r"Epoch 3: ", r"decant: continuing after epoch [1-9]"


class TestDeepPotential(OurAlgorithm):
    name = "deepmd"
    settings = tuple(word.removeprefix("--set=") for word in TINY["deepmd"] if word.startswith("--set="))
    long_epochs = 60
    noted_in = "progress.json"  # which is written after the log says that a checkpoint was
    checkpoint, continued = r'"step": [1-9]', r"Resuming from model\.ckpt-[1-9]"


FAST = {"hessian": "mmff94", "conformers": 1}


class TestAtom(RecipeConformance):
    name, random = "atom", False
    parameters = {"elements": "H,C,O"}
    senseless = {"elements": "H,Q"}


class TestMonomer(RecipeConformance):
    name = "monomer"
    parameters = {"molecule": "MEOH", "temperature": [200, 400], **FAST}
    senseless = {"molecule": "no such solvent", "temperature": [400, 200]}


class TestTorsion(RecipeConformance):
    name = "torsion"
    parameters = {"molecule": "MEOH", "steps": 3, "temperature": 300, **FAST}
    senseless = {"molecule": "C"}


class TestDimer(RecipeConformance):
    name = "dimer"
    parameters = {"molecules": "MEOH", **FAST}
    senseless = {"molecules": "no such solvent"}


class TestCluster(RecipeConformance):
    name = "cluster"
    parameters = {"molecules": "MEOH", "size": 2, "temperature": 300, **FAST}
    senseless = {"size": 0}


class TestLiquid(RecipeConformance):
    name = "liquid"
    parameters = {"liquid": "MEOH:2", "density": [0.5, 0.6], "temperature": 300, **FAST}
    senseless = {"density": [0.6, 0.5], "liquid": "MEOH:0"}


class TestClusterCut(RecipeConformance):
    name = "cluster-cut"
    parameters = {"liquid": "MEOH:4", "density": 0.6, "size": 2, **FAST}
    senseless = {"size": 0}


class TestVolumeScan(RecipeConformance):
    name = "volume-scan"
    parameters = {"liquid": "MEOH:2", "density": 0.6, "steps": 3, **FAST}
    senseless = {"span": [1.2, 0.1], "density": -1}


class TestRigidMoves(RecipeConformance):
    name = "rigid-moves"
    parameters = {"liquid": "MEOH:2", "density": 0.5, **FAST}
    senseless = {"rotation": [30, 10]}


class TestHot(RecipeConformance):
    name = "hot"
    parameters = {"liquid": "MEOH:2", "density": 0.5, "driver": "gfn1-xtb", "length": "10fs", **FAST}
    senseless = {"driver": "no-such-method", "length": "soon"}


class TestMixtureGrid(RecipeConformance):
    name = "mixture-grid"
    parameters = {"solvents": "MEOH,EC", "molecules": 3, "points": 3, **FAST}
    senseless = {"solvents": "MEOH"}


class TestImport(RecipeConformance):
    name, random, count = "import", False, 4
    senseless = {"file": "nowhere.xyz"}

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def file(cls, tiny_dataset: Path) -> None:
        cls.parameters = {"file": str(tiny_dataset / "test.extxyz")}


class TestGfn1(LabelerConformance):
    name = "gfn1-xtb"
    settings = {"accuracy": 0.01}


class TestGfn2(LabelerConformance):
    name = "gfn2-xtb"
    settings = {"accuracy": 0.01}


class TestAseCalculator(LabelerConformance):
    name = "ase:ase.calculators.emt.EMT"


class TestPotentialAsMethod(LabelerConformance):
    @pytest.fixture
    def method(self, mace_potential: Path) -> Labeler:
        return labeler(f"potential:{mace_potential}")
