"""Parameters that recipes share stand flat in a recipe file."""

from dataclasses import dataclass

import pytest

from decant.configurations.base import build_entry, check_entries, find_recipe, parameters_of, recipes
from decant.configurations.describe import describe
from decant.configurations.groups import flat
from decant.configurations.liquid import LiquidRecipe
from decant.foundation.errors import InputError


@dataclass(frozen=True)
class Salt:
    """What dissolves.

    Attributes
    ----------
    ions
        Names of the ions.
    molarity
        mol/l.
    """

    ions: str = "Li,PF6"
    molarity: float = 1.0


@dataclass(frozen=True)
class Bath:
    """What it dissolves in.

    Attributes
    ----------
    heat
        K.
    salt
        What dissolves.
    """

    heat: float = 300.0
    salt: Salt = Salt()


class BrineRecipe:
    """Makes nothing, and keeps what it was given."""

    name = "brine"

    @flat
    def build(self, count, seed, water, molarity=0.5, bath=Bath(heat=350.0), stir=False):
        """Return nothing.

        Parameters
        ----------
        water
            How much.
        heat
            K, of the water.
        """
        self.given = (count, seed, water, molarity, bath, stir)
        return []


def defaults(recipe):
    return {name: parameter.default for name, parameter in parameters_of(recipe).items() if name != "water"}


def test_the_fields_of_a_group_stand_in_its_place_with_the_defaults_of_the_recipe():
    assert list(parameters_of(BrineRecipe())) == ["water", "molarity", "heat", "ions", "stir"]
    assert defaults(BrineRecipe()) == {"molarity": 0.5, "heat": 350.0, "ions": "Li,PF6", "stir": False}


def test_a_recipe_gets_its_groups_filled_and_a_parameter_of_its_own_goes_before_a_field_of_that_name():
    recipe = BrineRecipe()
    recipe.build(2, 7, water=1, ions="Na,Cl", molarity=3.0)
    assert recipe.given == (2, 7, 1, 3.0, Bath(350.0, Salt("Na,Cl", 1.0)), False)
    recipe.build(2, 7, water=1, heat=280.0, stir=True)
    assert recipe.given == (2, 7, 1, 0.5, Bath(280.0, Salt()), True)


def test_the_words_of_a_group_are_those_of_its_class_unless_the_recipe_has_its_own():
    texts = {parameter.name: parameter.text for parameter in describe(BrineRecipe()).parameters}
    assert texts["ions"] == "Names of the ions." and texts["heat"] == "K, of the water."


def test_a_group_cannot_be_named_in_a_recipe_file_nor_an_unknown_parameter_be_given():
    entry = {"recipe": "liquid", "parameters": {"liquid": "EC:1", "density": 1.0, "dynamics": {"driver": "gfn2-xtb"}}}
    with pytest.raises(InputError, match="recipe 'liquid' has no parameter 'dynamics'"):
        check_entries([entry], "here")
    with pytest.raises(TypeError, match="dynamic"):
        LiquidRecipe().build(1, 1, liquid="EC:1", density=1.0, dynamic="gfn2-xtb")


def test_recipes_that_share_a_parameter_take_the_same_value_of_it_by_default():
    shared = {"conformers": 4, "hessian": "gfn2-xtb"}
    having = [name for name in recipes() if "conformers" in (parameters_of(find_recipe(name)) or {})]
    assert {"monomer", "torsion", "dimer", "cluster", "liquid", "mixture-grid", "hot", "volume-scan"} <= set(having)
    for name in having:
        assert {key: value for key, value in defaults(find_recipe(name)).items() if key in shared} == shared


def test_names_that_are_neither_a_list_nor_text_are_refused():
    with pytest.raises(InputError, match="expected names, as a list or as text with commas, not 12"):
        build_entry({"recipe": "cluster", "parameters": {"molecules": 12}}, 0, 1)
