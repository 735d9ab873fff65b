import pytest
from hypothesis import given
from hypothesis import strategies as st

from decant.data.label_names import LabelName, parse_label


@pytest.mark.parametrize(
    ("name", "quantity", "level"),
    [
        ("energy", "energy", ""), ("Energy", "energy", ""),
        ("total_energy", "energy", ""), ("TotalEnergy", "energy", ""),
        ("potential_energy", "energy", ""), ("REF_energy", "energy", "ref"), ("dft_energy", "energy", "dft"),
        ("energy_xtb", "energy", "xtb"), ("E_dft", "energy", "dft"), ("DFT_forces", "forces", "dft"),
        ("forces_xtb", "forces", "xtb"), ("force", "forces", ""), ("F", "forces", ""), ("virials_xtb", "virial", "xtb"),
        ("REF_stress", "stress", "ref"), ("stress_tensor", "stress", ""), ("energy_wb97x_d3", "energy", "d3_wb97x"),
    ],
)  # fmt: skip
def test_a_name_says_quantity_and_level(name, quantity, level):
    assert parse_label(name) == LabelName(quantity, level)


@pytest.mark.parametrize(
    "name",
    [
        "energy_weight", "config_energy_weight", "energy_std", "energy_shift", "energy_unit", "kinetic_energy",
        "fermi_energy", "formation_energy", "atomization_energy", "forces_weight", "forces_std", "force_mask",
        "stress_weight", "config_stress_weight", "virials_weight", "config_weight", "REF_intra_energy",
        "energy_per_volume", "energetic", "reinforcement", "E_field", "energies", "stressed", "enforce", "temperature",
        "energy_force", "dispersion_energy",
    ],
)  # fmt: skip
def test_a_name_that_only_begins_like_a_label_or_is_about_one_is_none(name):
    assert parse_label(name) is None


def test_a_free_energy_one_per_atom_and_a_unit_are_known():
    assert parse_label("free_energy") == LabelName("energy", "", free=True)
    assert parse_label("energy_per_atom") == LabelName("energy", "", per_atom=True)
    assert parse_label("dftEnergyPerAtom") == LabelName("energy", "dft", per_atom=True)
    assert parse_label("energy_kcal_per_mol") == LabelName("energy", "", unit="kcal/mol")
    assert parse_label("dft_energy_eV") == LabelName("energy", "dft", unit="ev")
    assert parse_label("forces_Ha_bohr") == LabelName("forces", "", unit="ha/bohr")
    assert parse_label("stress_GPa") == LabelName("stress", "", unit="gpa")


@given(
    level=st.sampled_from(["dft", "xtb", "PBE", "revPBE_d3", "gfn2", "ccsd"]),
    quantity=st.sampled_from(["energy", "forces", "virial"]),
)
def test_prefix_and_suffix_say_one_level(level, quantity):
    before, after = parse_label(f"{level}_{quantity}"), parse_label(f"{quantity}_{level}")
    assert before == after and before is not None and before.quantity == quantity and before.level
