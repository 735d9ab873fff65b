"""The other two forms of an exported MACE: each says the same as MACE's own calculator."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import molecule
from matscipy.neighbours import neighbour_list

from decant.algorithms.mace.random import random_mace
from decant.foundation.errors import InputError
from decant.potentials.export import export
from decant.potentials.potential import Potential
from tests.integration.conftest import run_decant

PRECISIONS = pytest.mark.parametrize(("precision", "tolerance"), [("double", 1e-9), ("single", 2e-4)])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file of mace-torch for H, C and O."""
    path = tmp_path_factory.mktemp("model") / "some.model"
    torch.save(random_mace(hidden="8x0e+8x1o", l_max=2, correlation=2), path)
    return path


def cluster() -> Atoms:
    """Two molecules in no cell: nothing is periodic, so LAMMPS would have no ghosts."""
    atoms = molecule("CH3CHO") + molecule("CH3OH")
    atoms.positions[7:] += [0.3, 0.4, 3.5]
    atoms.rattle(0.05, seed=3)
    atoms.center(vacuum=6.0)
    return atoms


def edges(atoms: Atoms, potential: Potential) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the receivers and the senders of all edges, and the vectors from receiver to sender."""
    i, j, d = neighbour_list("ijD", atoms, cutoff=potential.cutoff)
    return torch.tensor(i, dtype=torch.int64), torch.tensor(j, dtype=torch.int64), torch.tensor(d)


def species(atoms: Atoms) -> torch.Tensor:
    """Return the index of each atom's element; the model knows H, C and O in this order."""
    return torch.tensor([("H", "C", "O").index(symbol) for symbol in atoms.get_chemical_symbols()])


def expected(atoms: Atoms, potential: Potential) -> tuple[float, np.ndarray]:
    copied = atoms.copy()
    copied.calc = potential.reference_calculator()
    return copied.get_potential_energy(), copied.get_forces()


@PRECISIONS
def test_the_form_of_ml_iap_agrees(tmp_path: Path, source: Path, precision: str, tolerance: float) -> None:
    potential, _ = export(source, tmp_path / "pot", precision, forms=("mliap",))
    assert (potential.path / "pair-mliap.lammps").read_text().splitlines()[2:] == [
        "pair_style mliap unified ${potential}/model-mliap.pt 0",
        "pair_coeff * * H C O",
    ]
    atoms = cluster()
    receiver, sender, vector = edges(atoms, potential)
    found = {}
    # what LAMMPS hands over; without ghosts nothing is exchanged
    data = SimpleNamespace(
        nlocal=len(atoms), ntotal=len(atoms), npairs=len(receiver), elems=species(atoms), rij=vector,
        pair_i=receiver, pair_j=sender, eatoms=torch.zeros(len(atoms), dtype=torch.float64),
        update_pair_forces_gpu=lambda forces: found.update(pairs=forces),
        forward_exchange=lambda features, filled, _: filled.copy_(features),
        reverse_exchange=lambda adjoint, summed, _: summed.copy_(adjoint),
    )  # fmt: skip
    torch.load(potential.path / "model-mliap.pt", weights_only=False).compute_forces(data)
    energy, forces = expected(atoms, potential)
    assert data.energy == pytest.approx(energy, abs=tolerance * len(atoms))
    summed = np.zeros((len(atoms), 3))
    np.add.at(summed, receiver.numpy(), found["pairs"].numpy())
    np.add.at(summed, sender.numpy(), -found["pairs"].numpy())
    assert summed == pytest.approx(forces, abs=tolerance)


@PRECISIONS
def test_the_form_of_libtorch_agrees(tmp_path: Path, source: Path, precision: str, tolerance: float) -> None:
    potential, _ = export(source, tmp_path / "pot", precision, forms=("libtorch",))
    assert "pair_style mace no_domain_decomposition" in (potential.path / "pair-libtorch.lammps").read_text()
    atoms = cluster()
    receiver, sender, _ = edges(atoms, potential)
    script = torch.jit.load(str(potential.path / "model-libtorch.pt"))
    dtype = script.r_max.dtype
    data = {
        "positions": torch.tensor(atoms.positions, dtype=dtype),
        "node_attrs": torch.nn.functional.one_hot(species(atoms), 3).to(dtype),
        "edge_index": torch.stack([sender, receiver]),
        "shifts": torch.zeros(len(receiver), 3, dtype=dtype),
        "unit_shifts": torch.zeros(len(receiver), 3, dtype=dtype),
        "batch": torch.zeros(len(atoms), dtype=torch.int64),
        "ptr": torch.tensor([0, len(atoms)]),
        "cell": torch.zeros(3, 3, dtype=dtype),
    }
    found = script(data, torch.ones(len(atoms), dtype=torch.bool), False)
    energy, forces = expected(atoms, potential)
    assert float(found["total_energy_local"]) == pytest.approx(energy, abs=tolerance * len(atoms))
    assert found["forces"].numpy() == pytest.approx(forces, abs=tolerance)


def test_a_form_stands_beside_ours_and_is_under_the_card(tmp_path: Path, source: Path) -> None:
    said = run_decant("export", source, "-o", tmp_path / "pot", "--format", "mliap,libtorch").stdout
    assert "written" in said
    files = set(Potential.open(tmp_path / "pot").card["files"])
    assert files >= {"model.safetensors", "pair.lammps", "model-mliap.pt", "model-libtorch.pt", "pair-mliap.lammps"}
    assert "is up to date" in run_decant("export", source, "-o", tmp_path / "pot", "--format", "libtorch,mliap").stdout
    assert "written" in run_decant("export", source, "-o", tmp_path / "pot").stdout
    assert not (tmp_path / "pot" / "model-mliap.pt").exists()


def test_an_unknown_form_is_refused(tmp_path: Path, source: Path) -> None:
    with pytest.raises(InputError, match=r"`format` mliapp: no such form .did you mean 'mliap'"):
        export(source, tmp_path / "pot", forms=("mliapp",))
    assert not (tmp_path / "pot").exists()
