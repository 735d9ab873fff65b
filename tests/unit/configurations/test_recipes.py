from collections import Counter
from importlib import metadata

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.units import kB

from decant.configurations.base import BUILT_IN, build_entry, find_recipe, parameters_of, read_recipes, recipes
from decant.configurations.describe import describe
from decant.configurations.thermal import Disorder, normal_modes, rigid_motions, thermal_molecule
from decant.foundation.errors import InputError
from decant.molecules.charge import described_molecules
from decant.molecules.solvents import molecule
from decant.molecules.species import species_names
from decant.molecules.topology import bonds, molecule_ids

FAST = {"hessian": "mmff94", "conformers": 2}


def entry(recipe, count=4, **parameters):
    return {"recipe": recipe, "count": count, "parameters": parameters}


def test_a_molecule_has_3n_minus_6_modes_and_a_linear_one_3n_minus_5():
    water, carbon_dioxide = molecule("O"), molecule("O=C=O")
    assert len(normal_modes(water, 1, "gfn2-xtb").stiffness) == 3
    assert len(normal_modes(carbon_dioxide, 1, "gfn2-xtb").stiffness) == 4


def test_the_modes_of_water_are_those_of_gfn2_xtb():
    # Bannwarth et al. 2019 scale none; the method puts water's modes near experiment (1595, 3657, 3756 cm-1)
    bend, *stretches = normal_modes(molecule("O"), 1, "gfn2-xtb").wavenumbers
    assert bend == pytest.approx(1595, rel=0.06)
    assert stretches == pytest.approx([3657, 3756], rel=0.03)


def test_modes_do_not_translate_or_rotate_the_molecule():
    modes = normal_modes(molecule("EC"), 1, "mmff94")
    roots = np.sqrt(modes.atoms.get_masses())[:, None]
    weighted = (modes.vectors * roots).reshape(len(modes.stiffness), -1)
    assert abs(weighted @ rigid_motions(modes.atoms).T).max() < 1e-8


def test_each_stiff_mode_holds_half_kt_on_average():
    modes = normal_modes(molecule("EC"), 1, "mmff94")
    random = np.random.default_rng(0)
    roots = np.sqrt(modes.atoms.get_masses())[:, None]
    projector = (modes.vectors * roots**2).reshape(len(modes.stiffness), -1)
    moves = np.array([(modes.sample(400.0, random).positions - modes.atoms.positions).ravel() for _ in range(2000)])
    energies = 0.5 * modes.stiffness * ((moves @ projector.T) ** 2).mean(axis=0)
    stiff = modes.wavenumbers > 150
    assert stiff.sum() > 15
    assert np.allclose(energies[stiff], 0.5 * kB * 400.0, rtol=0.15)


def test_an_ion_that_mmff94_does_not_know_has_the_modes_of_gfn2_xtb():
    quick, own = (normal_modes(molecule("PF6-"), 1, hessian) for hessian in ("mmff94", "gfn2-xtb"))
    assert quick.wavenumbers == pytest.approx(own.wavenumbers)
    assert quick.wavenumbers.max() > 700  # cm-1: the stretches of the octahedron


def test_a_molecule_too_hot_to_stay_whole_is_refused():
    with pytest.raises(InputError, match="lower the temperature"):
        thermal_molecule(molecule("EC"), 50000.0, np.random.default_rng(0), Disorder(1, "mmff94"))


def test_clusters_hold_whole_molecules_in_contact_and_no_false_bonds():
    frames = build_entry(entry("cluster", 6, molecules="EC,EMC", size=[2, 3], temperature=[100, 500], **FAST), 0, 1)
    for atoms in frames:
        pairs, ids = bonds(atoms), atoms.arrays["mol_id"]
        assert np.array_equal(molecule_ids(len(atoms), pairs), ids)
        assert set(species_names(atoms, ids, pairs)) <= {"EC", "EMC"}
        apart = ids[:, None] != ids[None, :]
        assert 1.3 < atoms.get_all_distances()[apart].min() < 3.5
    assert {len(set(atoms.arrays["mol_id"])) for atoms in frames} == {2, 3}


def test_liquid_boxes_spread_over_the_densities_asked_for():
    frames = build_entry(entry("liquid", 5, liquid="EC:1,EMC:2", density=[0.6, 1.0], temperature=300, **FAST), 0, 1)
    values = [atoms.info["density_g_cm3"] for atoms in frames]
    assert all(0.6 <= value <= 1.0 for value in values) and np.ptp(values) > 0.05
    assert all(atoms.pbc.all() and len(atoms) == 40 for atoms in frames)
    assert all(len(bonds(atoms)) == 10 + 2 * 14 for atoms in frames)


def test_frames_say_where_they_come_from_and_groups_of_entries_stay_apart():
    recipe = entry("monomer", 3, molecule="EC", temperature=300, **FAST)
    frames = build_entry(recipe, 0, 5) + build_entry(recipe, 1, 5)
    assert len({atoms.info["group"] for atoms in frames}) == 6
    assert {atoms.info["recipe"] for atoms in frames} == {"monomer"}
    assert "'molecule': 'EC'" in frames[0].info["parameters"]


def test_a_seed_repeats_its_configurations():
    recipe = entry("monomer", 3, molecule="EMC", temperature=[200, 600], **FAST)
    first, again, other = (build_entry(recipe, 0, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a.positions, b.positions) for a, b in zip(first, again, strict=True))
    assert not np.allclose(first[0].positions, other[0].positions)


def test_molecules_without_disorder_are_not_repeated():
    with pytest.raises(
        InputError, match=r"`count` 2: monomer finds only 1 different configurations of EC .* give fewer"
    ):
        build_entry(entry("monomer", 2, molecule="EC", temperature=0, **FAST), 0, 1)
    frames = build_entry(entry("monomer", 1, molecule="EC", temperature=0, **FAST), 0, 1)
    assert len(frames) == 1


def test_diatomics_differ_by_their_length_only_and_atoms_not_at_all():
    frames = build_entry(entry("monomer", 20, molecule="N#N", temperature=300, **FAST), 0, 1)
    assert len({round(atoms.get_distance(0, 1), 9) for atoms in frames}) == 20
    with pytest.raises(InputError, match="monomer finds only 1 different configurations"):
        build_entry(entry("monomer", 2, molecule="Li+", temperature=300, **FAST), 0, 1)


def test_a_monomer_in_a_box_is_periodic_and_a_small_box_is_refused():
    (atoms,) = build_entry(entry("monomer", 1, molecule="EC", box=20.0, **FAST), 0, 1)
    assert atoms.pbc.all() and atoms.cell.volume == pytest.approx(8000)
    with pytest.raises(InputError, match="box 6: EC needs at least"):
        build_entry(entry("monomer", 1, molecule="EC", box=6.0, **FAST), 0, 1)


def test_isolated_atoms_are_one_an_element():
    frames = build_entry(entry("atom", 1, elements="H, C,O"), 0, 1)
    assert [str(atoms.symbols) for atoms in frames] == ["H", "C", "O"]
    assert {atoms.info["config_type"] for atoms in frames} == {"IsolatedAtom"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("just text", "expected a YAML list of recipes"),
        ("[", "not valid YAML"),
        ("- {count: 3}", "entry 0: expected a mapping with the key 'recipe'"),
        ("- {recipe: liquids}", r"unknown recipe 'liquids' \(did you mean 'liquid'\?\)"),
        ("- {recipe: atom, count: 0, parameters: {elements: H}}", "count must be a positive whole number, not 0"),
        ("- {recipe: atom, parameters: {element: H}}", r"no parameter 'element' \(did you mean 'elements'\?\)"),
        ("- {recipe: liquid, parameters: {liquid: 'EC:2'}}", "recipe 'liquid' needs the parameter 'density'"),
        ("- {recipe: atom, number: 3}", "unknown key 'number'"),
        ("- {recipe: atom, parametres: {elements: H}}", r"unknown key 'parametres' \(did you mean 'parameters'\?\)"),
        (
            "- {recipe: volume-scan, parameters: {liquid: 'EC:2', density: 1, hesian: x}}",
            r"no parameter 'hesian' \(did you mean 'hessian'\?\)",
        ),
        ("- {recipe: volume-scan, parameters: {liquid: 'EC:2'}}", "'volume-scan' needs the parameter 'density'"),
    ],
)
def test_a_recipe_file_with_a_mistake_names_the_entry_and_the_mistake(tmp_path, text, message):
    path = tmp_path / "recipes.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_recipes(path)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"molecule": "EMCC"}, "unknown solvent 'EMCC'"),
        ({"molecules": "WATER", "contact": 0.3}, "contact 0.3: molecules so close look bonded"),
        ({"molecule": "EC", "temperature": "hot"}, "temperature: expected a number"),
        ({"molecule": "EC", "temperature": [600, 300]}, "temperature: expected a number"),
        ({"molecule": "EC", "hessian": "mmff"}, r"hessian 'mmff' \(did you mean 'mmff94'\?\)"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(parameters, message):
    with pytest.raises(InputError, match=message):
        build_entry(entry("cluster" if "molecules" in parameters else "monomer", 1, **parameters), 0, 1)


BOX = {"liquid": "EC:1,EMC:2", "molecules": 4, "density": 0.7, **FAST}
SMALL = {
    "torsion": {"molecule": "EMC", "steps": 3, **FAST},
    "dimer": {"molecules": "EC,EMC", "steps": 3, **FAST},
    "cluster": {"molecules": "EC,EMC", **FAST},
    "cluster-cut": {**BOX, "cuts": 2},
    "liquid": BOX,
    "volume-scan": {**BOX, "steps": 3},
    "rigid-moves": {**BOX, "moves": 2},
    "mixture-grid": {"solvents": "EC,EMC", "molecules": 2, "points": 3, "compression": [0.5, 0.6], **FAST},
}


@pytest.mark.parametrize("name", SMALL)
def test_every_recipe_repeats_with_its_seed_and_says_where_its_frames_come_from(name):
    first, again, other = (build_entry(entry(name, 4, **SMALL[name]), 0, seed) for seed in (1, 1, 2))
    assert len(first) == 4
    assert all(np.array_equal(a.positions, b.positions) for a, b in zip(first, again, strict=True))
    assert not all(
        len(a) == len(b) and np.allclose(a.positions, b.positions) for a, b in zip(first, other, strict=True)
    )
    for atoms in first:
        assert atoms.info["recipe"] == name and atoms.info["seed"] == 1 and "group" in atoms.info
        assert "'hessian': 'mmff94'" in atoms.info["parameters"]
        assert atoms.arrays["mol_id"].shape == (len(atoms),)


def test_a_liquid_takes_a_salt_by_its_molality_and_its_frames_know_their_ions():
    parameters = {"liquid": "EC:3,EMC:7", "by": "mass", "salt": "NaCl", "molality": 1.0, "molecules": 12}
    (atoms,) = build_entry(entry("liquid", 1, **parameters, density=0.6, **FAST), 0, 1)
    assert atoms.info["molecules"] == "EC:3,EMC:7,Na+:1,Cl-:1" and atoms.info["charge"] == 0
    assert {"salt": "NaCl", "molality": 1.0}.items() <= yaml.safe_load(atoms.info["parameters"]).items()


def test_a_grid_of_mixtures_goes_from_one_pure_solvent_to_the_other():
    frames = build_entry(entry("mixture-grid", 3, **{**SMALL["mixture-grid"], "compression": 1.0}), 0, 1)
    assert [atoms.info["liquid"] for atoms in frames] == ["EMC:2", "EC:1,EMC:1", "EC:2"]
    values = [atoms.info["density_g_cm3"] for atoms in frames]
    assert values[0] == pytest.approx(1.0061) and values[0] < values[1] < values[2] == pytest.approx(1.3214)


@pytest.mark.parametrize("path", BUILT_IN)
def test_every_recipe_tells_what_it_makes_what_for_and_what_each_parameter_means(path):
    recipe = next(made() for name, made in recipes().items() if made.__name__ == path.split(":")[1])
    found = describe(recipe)
    assert found.makes and found.good_for.startswith("Good for")
    assert all(parameter.text for parameter in found.parameters), found.parameters
    own = {parameter.name for parameter in found.parameters}
    inherited = {p.name for p in describe(find_recipe(found.base)).parameters} if found.base else set()
    assert own | inherited == set(parameters_of(recipe) or {})


class ChainRecipe:
    """Makes chains of atoms."""

    name = "chain"

    def build(self, count, seed, spacing=1.0):
        atoms = Atoms("H2", positions=[[0, 0, 0], [0, 0, spacing]])
        atoms.set_array("mol_id", np.zeros(2, dtype=int))
        return [atoms.copy() for _ in range(count)]


def test_an_installed_package_adds_a_recipe_by_entry_point(monkeypatch, tmp_path):
    class Entry:
        name = "chain"

        def load(self):
            return ChainRecipe

    monkeypatch.setattr(metadata, "entry_points", lambda group: [Entry()] if group == "decant.recipes" else [])
    path = tmp_path / "recipes.yaml"
    path.write_text("- {recipe: chain, count: 2, parameters: {spacing: 0.8}}")
    (found,) = read_recipes(path)
    assert [atoms.info["recipe"] for atoms in build_entry(found, 0, 1)] == ["chain", "chain"]
    assert describe(find_recipe("chain")).parameters[0].default == "1.0"


SALT = {"liquid": "Li+:2,Cl-:1,WATER:3", "density": 0.7, **FAST}
IONIC = {
    "monomer": {"molecule": "[NH4+]"},
    "torsion": {"molecule": "CC[NH3+]", "steps": 3},
    "dimer": {"molecules": "Li+,WATER,[CH3]", "steps": 2, "contact": [1.0, 2.0]},
    "cluster": {"molecules": "Mg2+,WATER", "size": [2, 3], "contact": 1.0},
    "cluster-cut": {**SALT, "size": [1, 3], "cuts": 2},
    "liquid": SALT,
    "volume-scan": {**SALT, "steps": 2, "span": [0.1, 1.0]},
    "rigid-moves": {**SALT, "moves": 2},
}


@pytest.mark.parametrize("recipe", IONIC)
def test_the_charge_and_spin_of_every_frame_are_those_of_its_molecules(recipe):
    frames = build_entry(entry(recipe, 4, **(FAST | IONIC[recipe])), 0, 1)
    for atoms in frames:
        kinds = described_molecules(atoms)
        assert [len(kind.symbols) for kind in kinds] == np.bincount(atoms.arrays["mol_id"]).tolist()
        held = Counter(atoms.symbols)
        metals = held["Li"] + 2 * held["Mg"] - held["Cl"] + held["N"]
        assert atoms.info["charge"] == metals == sum(kind.charge for kind in kinds)
        assert atoms.info["spin"] == 1 + sum(kind.unpaired for kind in kinds)
    assert any(atoms.info["charge"] for atoms in frames)


def test_frames_of_a_recipe_that_says_nothing_get_the_charge_of_what_they_hold(monkeypatch):
    class Foreign:
        name = "foreign"

        def build(self, count, seed):
            atoms = molecule("WATER").embed(1) + Atoms("Na", positions=[[0, 0, 3]])
            atoms.set_array("mol_id", np.array([0, 0, 0, 1]))
            return [atoms]

    monkeypatch.setattr("decant.configurations.base.recipes", lambda: {"foreign": Foreign})
    (atoms,) = build_entry({"recipe": "foreign", "parameters": {}}, 0, 0)
    assert (atoms.info["charge"], atoms.info["spin"]) == (1, 1)


def test_isolated_atoms_are_neutral_in_their_ground_state():
    frames = build_entry(entry("atom", elements="Li,O,Mg"), 0, 0)
    assert [(atoms.info["charge"], atoms.info["spin"]) for atoms in frames] == [(0, 2), (0, 3), (0, 1)]
