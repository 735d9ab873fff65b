import pytest

from decant.foundation.errors import InputError
from decant.molecules.liquid import liquid_text, mixture, parse_liquid


@pytest.mark.parametrize("text", ["EC", "EC:", "EC:0", "EC:-1", "EC:1.5", "EC:4;EMC:8", "", "EC:4,,EMC:8"])
def test_a_malformed_composition_is_refused(text):
    with pytest.raises(InputError, match=r"liquid|unknown solvent"):
        parse_liquid(text)


@pytest.mark.parametrize("text", ["EC:1,EC:3", "EC:1,EMC:2,O=C1OCCO1:3"])
def test_a_molecule_stands_in_the_composition_of_a_run_once(text):
    with pytest.raises(InputError, match="EC stands in it twice; give all of it in one place"):
        liquid_text(text)
    assert len(parse_liquid(text)) > 1, "frames may have their molecules in any order"


def test_a_composition_keeps_its_order():
    assert [(solvent.name, count) for solvent, count in parse_liquid("EMC:8, EC:4")] == [("EMC", 8), ("EC", 4)]


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("EC:3,EMC:7", {"molecules": 10}, [3, 7]),
        ("EC:3,EMC:7", {"molecules": 12}, [4, 8]),
        ("EC:0.3,EMC:0.7", {"molecules": 20}, [6, 14]),
        ("EC:1,EMC:2", {"atoms": 160}, [4, 8]),
        ("EC:2,EMC:4", {}, [2, 4]),
    ],
)
def test_a_mole_ratio_is_scaled_to_the_size_of_a_box(text, size, expected):
    assert [count for _, count in mixture(text, **size)] == expected


@pytest.mark.parametrize(
    ("text", "size", "message"),
    [
        ("EC:1,EMC:99", {"molecules": 5}, "has none of some kind"),
        ("EC:1,EMC", {"molecules": 5}, "expected NAME:SHARE"),
        ("EC:1", {"molecules": 5, "atoms": 50}, "not both"),
        ("EC:0.5", {}, "expected NAME:COUNT"),
    ],
)
def test_a_mixture_that_makes_no_sense_is_refused(text, size, message):
    with pytest.raises(InputError, match=message):
        mixture(text, **size)
