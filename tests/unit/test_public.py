"""Names that users write are found on the package, which loads them when they are asked for."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import decant
from decant.foundation.errors import InputError, ProgramFailed
from decant.molecules.solvents import molecule
from decant.potentials.potential import Potential
from decant.simulation.run import Run
from tests.conftest import REPOSITORY


def test_public_names_are_what_they_are_in_their_modules() -> None:
    found = {name: getattr(decant, name) for name in decant.__all__ if name != "__version__"}
    things = {name: one for name, one in found.items() if not one.__module__.startswith("decant.verbs.")}
    assert things == {
        "InputError": InputError, "Potential": Potential, "ProgramFailed": ProgramFailed, "Run": Run,
        "molecule": molecule,
    }  # fmt: skip
    assert all(one.__name__ == name for name, one in found.items())
    assert set(decant.__all__) <= set(dir(decant))
    with pytest.raises(AttributeError, match="no attribute 'Potentials'"):
        _ = decant.Potentials  # type: ignore[attr-defined]


def test_every_public_name_stands_on_its_page() -> None:
    page = (REPOSITORY / "docs" / "python.md").read_text()
    missing = [name for name in decant.__all__ if not re.search(rf"\.{name}\b", page)]
    assert missing == ["__version__"]


def test_a_potential_tells_what_it_is() -> None:
    potential = Potential.open(REPOSITORY / "models" / "ec-emc-mace")
    assert repr(potential).endswith("ec-emc-mace: mace, H C O, cutoff 4.5 A, single precision>")


def test_the_package_alone_loads_none_of_them() -> None:
    code = "import sys, decant; print([name for name in sys.modules if name.startswith(('ase', 'numpy', 'decant.m'))])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
