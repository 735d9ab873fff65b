"""A mixture by mole, mass or volume and a salt of some concentration become neutral whole numbers of molecules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decant.foundation.errors import InputError
from decant.molecules.electrolyte import Electrolyte, Solution, dissolved, electrolyte
from decant.molecules.ions import ions
from decant.molecules.salts import salt, salts
from decant.molecules.solvents import molecule


def numbers(found: Electrolyte) -> dict[str, int]:
    return {kind.name: count for kind, count in found.composition}


def molality(found: Electrolyte, name: str) -> float:
    """Return mol of a salt in a kg of what is no ion."""
    units = numbers(found)[salt(name).cation.name] / salt(name).cations
    return 1000 * units / sum(kind.molar_mass * count for kind, count in found.composition if kind.charge == 0)


@pytest.mark.parametrize(
    ("name", "cations", "anions"),
    [("LiPF6", 1, 1), ("NaTFSI", 1, 1), ("MgCl2", 1, 2), ("Ca(TFSI)2", 1, 2), ("Li2SO4", 2, 1), ("Mg3(PO4)2", 3, 2),
     ("(NH4)2SO4", 2, 1), ("MgSO4", 1, 1), ("LiNO3", 1, 1), ("ZnBr2", 1, 2)],
)  # fmt: skip
def test_salts_have_the_names_that_chemists_give_them(name: str, cations: int, anions: int) -> None:
    found = salt(name)
    assert (found.cations, found.anions) == (cations, anions)
    assert found.cations * found.cation.charge + found.anions * found.anion.charge == 0


def test_every_cation_makes_a_salt_with_every_anion_and_no_two_share_a_name() -> None:
    cations = [ion for ion in ions() if ion.charge > 0]
    assert len(salts()) == len(cations) * (len(ions()) - len(cations))


@given(
    name=st.sampled_from(["LiPF6", "Mg(TFSI)2", "Li2SO4", "NaCl"]),
    asked=st.floats(0.2, 3),
    size=st.integers(200, 2000),
    by=st.sampled_from(["mole", "mass", "volume"]),
)
def test_the_box_is_neutral_of_the_size_asked_for_and_as_near_to_the_molality_as_one_unit_allows(
    name: str, asked: float, size: int, by: str
) -> None:
    found = electrolyte("EC:3,EMC:7", Solution(by, name, molality=asked), size)
    assert sum(count for _, count in found.composition) == size
    assert sum(kind.charge * count for kind, count in found.composition) == 0
    step = 1000 / (88.06 * (size - 9 * size // 10))  # of one unit among few solvent molecules, generously
    assert abs(molality(found, name) - asked) < step
    assert found.told.endswith(f"mol/kg {name}")


@given(
    names=st.lists(st.sampled_from(["LiPF6", "LiFSI", "Mg(TFSI)2", "Li2SO4"]), min_size=2, max_size=3, unique=True),
    shares=st.lists(st.integers(1, 4), min_size=3, max_size=3),
    asked=st.floats(0.5, 3),
)
def test_several_salts_come_in_their_ratio_and_share_their_ions(
    names: list[str], shares: list[int], asked: float
) -> None:
    text = ",".join(f"{name}:{share}" for name, share in zip(names, shares, strict=False))
    found = electrolyte("EC:3,EMC:7", Solution("mole", text, molality=asked), 1000)
    assert sum(count for _, count in found.composition) == 1000
    assert sum(kind.charge * count for kind, count in found.composition) == 0
    assert len(numbers(found)) == len(found.composition), "every ion is there once"
    told = [float(part.split(" mol/kg ")[0]) for part in found.told.rpartition(": ")[2].split(", ")]
    assert sum(told) == pytest.approx(asked, rel=0.08)
    for one, share in zip(told, shares, strict=False):
        assert one / sum(told) == pytest.approx(share / sum(shares[: len(told)]), abs=0.08)


def test_a_mixture_of_two_salts_of_lithium_has_the_numbers_of_its_definition() -> None:
    found = electrolyte("EC:3,EMC:7", Solution("mass", "LiPF6:3,LiFSI:1", molality=1.0), 1213)
    assert numbers(found) == {"EC": 341, "EMC": 672, "Li+": 100, "PF6-": 75, "FSI-": 25}
    assert found.told.endswith(": 0.75 mol/kg LiPF6, 0.25 mol/kg LiFSI")


def test_the_commonest_electrolyte_has_the_numbers_of_its_definition() -> None:
    # 1 mol of LiPF6 and a kg of EC and EMC 3:7 by mass: 3.407 mol of EC and 6.724 mol of EMC
    found = numbers(electrolyte("EC:3,EMC:7", Solution("mass", "LiPF6", molality=1.0), 1213))
    assert found == {"EC": 341, "EMC": 672, "Li+": 100, "PF6-": 100}


def test_a_molarity_is_that_molality_which_its_density_makes_of_it() -> None:
    by_volume = electrolyte("EC:3,EMC:7", Solution("mass", "LiPF6", molarity=1.0), 2000, density=1.2)
    # a litre has 1200 g, of which 151.9 g are salt
    assert molality(by_volume, "LiPF6") == pytest.approx(1 / 1.0481, rel=0.005)


def test_shares_by_volume_are_those_of_the_neat_liquids() -> None:
    found = numbers(electrolyte("EC:1,EMC:1", Solution("volume"), 1000))
    each = {name: molecule(name).molar_mass / density for name, density in (("EC", 1.3214), ("EMC", 1.0061))}
    assert found["EC"] / found["EMC"] == pytest.approx(each["EMC"] / each["EC"], rel=0.005)


def test_a_box_by_atoms_has_about_as_many() -> None:
    found = electrolyte("EC:3,EMC:7", Solution("mole", "LiPF6", molality=1.0), atoms=1500)
    assert sum(len(kind.symbols) * count for kind, count in found.composition) == pytest.approx(1500, rel=0.02)


def test_a_liquid_without_salt_is_counted_or_shared_out_as_before() -> None:
    assert [count for _, count in dissolved("EC:4,EMC:8", Solution())] == [4, 8]
    assert [count for _, count in dissolved("EC:1,EMC:2", Solution(), 30)] == [10, 20]


@pytest.mark.parametrize(
    ("solution", "size", "density", "message"),
    [
        ({"salt": "LiPF7", "molality": 1.0}, 100, None, r"unknown salt 'LiPF7' \(did you mean 'LiPF6'\?\)"),
        ({"salt": "LiPF6", "molality": 0.1}, 30, None, "has one formula unit among 10[0-9] molecules, the box has 30"),
        ({"salt": "LiPF6", "molality": 1.0}, None, None, "give the size of the box, molecules or atoms"),
        ({"salt": "LiPF6", "molarity": 1.0}, 100, None, "`molarity`: needs the `density`"),
        ({"salt": "LiPF6", "molarity": 9.0}, 100, 1.2, "heavier than a litre of 1.2 g/cm3"),
        ({"salt": "LiPF6", "molality": 60.0}, 11, None, "has none of some kind"),
        ({"by": "volume"}, 100, None, "no density is known of VC"),
        ({"salt": "LiPF6:3,LiFSI", "molality": 1.0}, 100, None, "salt 'LiPF6:3,LiFSI': expected NAME:SHARE"),
        ({"salt": "LiPF6:3,LiFSJ:1", "molality": 1.0}, 100, None, "unknown salt 'LiFSJ'"),
        ({"salt": "LiPF6:3,LiPF6:1", "molality": 1.0}, 100, None, "LiPF6 is named twice"),
        ({"salt": "LiPF6:9,LiFSI:1", "molality": 1.0}, 36, None, "the box has 3 formula units, of some salt none"),
    ],
)
def test_what_cannot_be_mixed_is_told(
    solution: dict[str, float], size: int | None, density: float | None, message: str
) -> None:
    liquid = "VC:1,EMC:1" if solution.get("by") else "EC:3,EMC:7"
    with pytest.raises(InputError, match=message):
        electrolyte(liquid, Solution(**solution), size, density=density)  # type: ignore[arg-type]


def test_a_box_that_could_not_be_neutral_is_refused() -> None:
    with pytest.raises(InputError, match=r"liquid 'EC:3,Li\+:1': Li\+: ions are given by their `salt`"):
        electrolyte("EC:3,Li+:1", Solution("mole", "LiPF6", molality=1.0), 100)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"by": "weight"}, "`by` weight: expected mole, mass, volume"),
        ({"molality": 1.0}, "of which `salt`"),
        ({"salt": "LiPF6"}, "give its `molality`"),
        ({"salt": "LiPF6", "molality": 1.0, "molarity": 1.0}, "give its `molality`"),
        ({"salt": "LiPF6", "molality": -1.0}, "expected a positive number"),
        ({"salt": "LiPF6", "molality": float("nan")}, "expected a positive number"),
    ],
)
def test_a_solution_that_says_too_little_or_too_much_is_refused(fields: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Solution(**fields)  # type: ignore[arg-type]


def test_a_concentration_far_from_what_was_asked_for_is_refused() -> None:
    with pytest.raises(InputError, match="LiPF6: a box of 50 molecules and ions comes no nearer"):
        electrolyte("EC:3,EMC:7", Solution(salt="LiPF6", molality=1000.0), molecules=50)
