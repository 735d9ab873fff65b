"""A recipe tells the size of its frames before it makes them."""

import numpy as np
import pytest
from ase import Atoms

from decant.configurations.base import build_entry, find_recipe
from decant.configurations.sizes import Sizes, sizes_of

FAST = {"hessian": "mmff94", "conformers": 1}
BOX = {"liquid": "EC:1,EMC:2", "molecules": 3, "density": 0.6, **FAST}


@pytest.mark.parametrize(
    ("recipe", "parameters"),
    [
        ("monomer", {"molecule": "EC", **FAST}),
        ("monomer", {"molecule": "EC", "box": 20.0, **FAST}),
        ("torsion", {"molecule": "EMC", "steps": 2, **FAST}),
        ("dimer", {"molecules": "EC", "steps": 2, **FAST}),
        ("cluster", {"molecules": ["EC"], "size": 3, **FAST}),
        ("ion-pair", {"salt": "LiCl", "solvents": "EC", "shell": 2, "between": 1, "steps": 2, **FAST}),
        ("ion-pair", {"salt": "LiCl", **FAST}),
        ("cluster-cut", {**BOX, "liquid": "EC:4", "molecules": 4, "size": 2}),
        ("liquid", BOX),
        ("liquid", {**BOX, "molecules": None, "atoms": 40}),
        ("volume-scan", {**BOX, "steps": 2}),
        ("rigid-moves", BOX),
        ("hot", {**BOX, "liquid": "MEOH:2", "molecules": 2, "driver": "gfn1-xtb", "length": "10fs"}),
        ("atom", {"elements": "H,C"}),
    ],
)
def test_frames_have_the_size_and_the_cell_that_their_recipe_told(recipe, parameters):
    told = sizes_of(find_recipe(recipe), parameters)
    for atoms in build_entry({"recipe": recipe, "count": 2, "parameters": parameters}, 0, 1):
        assert sum(told.molecules) == len(atoms)
        assert len(told.molecules) == atoms.arrays["mol_id"].max() + 1
        assert told.periodic == atoms.pbc.all() and told.isolated == ("config_type" in atoms.info)


def test_where_frames_differ_the_size_is_a_mean():
    ec, emc = 10, 15
    for recipe, parameters, count in [
        ("dimer", {"molecules": "EC,EMC"}, 2),
        ("cluster", {"molecules": "EC,EMC"}, 2),
        ("cluster", {"molecules": "EC,EMC", "size": [2, 4]}, 3),
        ("mixture-grid", {"solvents": "EC,EMC", "molecules": 6}, 6),
        ("mixture-grid", {"solvents": "EC,EMC", "atoms": 75}, 6),
        ("cluster-cut", {"liquid": "EC:3,EMC:3", "density": 1.0}, 3),
    ]:
        assert sizes_of(find_recipe(recipe), parameters).molecules == ((ec + emc) / 2,) * count, recipe


def test_what_a_recipe_needs_or_others_add_may_tell_nothing():
    class Chain:
        name = "chain"

        def build(self, count, seed, **parameters):
            atoms = Atoms("H2", positions=np.eye(3)[:2])
            return [atoms] * count

    class Cut(Chain):
        base = type(find_recipe("liquid"))

    assert sizes_of(find_recipe("import"), {"file": "others.extxyz"}) == Sizes()
    assert sizes_of(Chain(), {"molecule": "EC"}) == Sizes()
    assert sum(sizes_of(Cut(), BOX).molecules) == 40, "those of its base"
