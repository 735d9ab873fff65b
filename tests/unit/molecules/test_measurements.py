"""Values of experiment: each has a source that one can cite; mixtures are known where they were measured."""

from __future__ import annotations

import re

import pytest

from decant.molecules.electrolyte_measurements import electrolyte_measurements
from decant.molecules.measurements import Measurement, citation, measured, measurements, sources
from decant.molecules.solvents import solvent_table


def test_every_measurement_has_a_value_a_temperature_and_a_source() -> None:
    assert len(measurements()) > 50
    for one in measurements():
        assert one.has("density") or one.has("diffusion") or one.has("viscosity"), one
        assert one.source in sources(), one
        assert 273 < one.temperature_K < 350, one
        assert one.density is None or 0.5 < one.density < 2, one
        assert one.viscosity is None or 0.1 < one.viscosity < 10, one
        assert all(0.1 < value < 10 for value in one.diffusion.values()), one
        assert one.diffusion.keys() <= one.composition.keys(), one


def test_the_composition_of_a_measurement_is_one_of_named_solvents() -> None:
    for one in measurements():
        assert one.composition.keys() <= solvent_table().keys(), one
        assert sum(one.composition.values()) == pytest.approx(1.0), one


@pytest.mark.parametrize("key", sources())
def test_a_source_has_authors_journal_or_book_year_and_doi_or_edition(key: str) -> None:
    source = sources()[key]
    assert re.search(r"[A-Z]\w", source["authors"]), key
    assert source["in"], key
    assert 1950 < source["year"] < 2027, key
    assert str(source["year"]) in key, "a key is the first author and the year"
    assert re.fullmatch(r"10\.\d{4,9}/\S+", source.get("doi", "")) or (source["edition"] and source["publisher"]), key
    assert isinstance(source.get("pages", ""), str), "041234 without quotes is an octal number"
    assert str(source["year"]) in citation(key)
    assert "github" not in citation(key)


def test_every_source_is_used() -> None:
    assert {one.source for one in (*measurements(), *electrolyte_measurements())} == set(sources())


def test_a_citation_reads_like_one() -> None:
    assert citation("Zhou2011") == (
        "Y. Zhou, J. Wu, E. W. Lemmon, J. Phys. Chem. Ref. Data 2011, 40, 043106, doi:10.1063/1.3664084 "
        "(equation of state)"
    )
    assert citation("CRC2014").endswith("CRC Handbook of Chemistry and Physics, 95th edition, CRC Press 2014")


def test_density_falls_with_temperature_in_a_liquid_and_source() -> None:
    series: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for one in measurements():
        if one.density is not None:
            series.setdefault((str(one.composition), one.source), []).append((one.temperature_K, one.density))
    several = [sorted(values) for values in series.values() if len(values) > 1]
    assert len(several) >= 4
    for values in several:
        densities = [density for _, density in values]
        assert densities == sorted(densities, reverse=True)


def test_the_nearest_temperature_is_taken() -> None:
    warm, cool = (measured({"EMC": 1.0}, "density", kelvin) for kelvin in (310.0, 299.0))
    assert isinstance(warm, Measurement)
    assert isinstance(cool, Measurement)
    assert (warm.temperature_K, warm.density) == (313.15, 0.9878)
    assert (cool.temperature_K, cool.density) == (298.15, 1.0061)


def test_a_mixture_is_known_within_a_hundredth_of_its_mole_fraction_in_any_order() -> None:
    for composition in ({"EC": 1 / 3, "EMC": 2 / 3}, {"EMC": 2 / 3, "EC": 1 / 3}):
        found = measured(composition, "density", 298.15)
        assert isinstance(found, Measurement)
        assert (found.density, found.between, found.source) == (1.0948, None, "Wang2022")


@pytest.mark.parametrize("first", ["EC", "EMC"])
def test_a_mixture_between_two_compositions_is_interpolated_in_its_mole_fraction(first: str) -> None:
    composition = {"EC": 0.4, "EMC": 0.6} if first == "EC" else {"EMC": 0.6, "EC": 0.4}
    found = measured(composition, "density", 298.15)
    assert isinstance(found, Measurement)
    ends = (0.3363, 0.5417) if first == "EC" else (0.4583, 0.6637)
    assert found.between == pytest.approx(ends)
    assert found.density == pytest.approx(1.0948 + (0.4 - 0.3363) / (0.5417 - 0.3363) * (1.1573 - 1.0948))
    assert found.source == "Wang2022"


def test_a_neat_liquid_of_the_same_source_and_temperature_is_an_end() -> None:
    found = measured({"EC": 0.16815, "EMC": 0.83185}, "density", 313.15)
    assert isinstance(found, Measurement)
    assert found.between == (0.0, 0.3363)
    assert found.density == pytest.approx((0.9878 + 1.0775) / 2)


@pytest.mark.parametrize(
    ("composition", "what", "reason"),
    [
        ({"EC": 0.8, "EMC": 0.2}, "density", "for mole fractions of EC from 0 to 0.734, not for 0.8"),
        ({"EMC": 0.2, "EC": 0.8}, "density", "for mole fractions of EMC from 0.266 to 1, not for 0.2"),
        ({"EC": 0.5, "EMC": 0.5}, "diffusion", "knows no experimental diffusion of EC + EMC"),
        ({"EC": 0.5, "DMC": 0.5}, "density", "knows no experimental density of EC + DMC"),
        ({"EC": 0.3, "EMC": 0.6, "DMC": 0.1}, "density", "knows no experimental density of EC + EMC + DMC"),
        ({"FEC": 1.0}, "density", "knows no experimental density of FEC"),
        ({"CCCCCC": 1.0}, "density", "knows no experimental density of CCCCCC"),
    ],
)
def test_what_was_not_measured_is_not_known(composition: dict[str, float], what: str, reason: str) -> None:
    found = measured(composition, what, 298.15)
    assert isinstance(found, str)
    assert reason in found
