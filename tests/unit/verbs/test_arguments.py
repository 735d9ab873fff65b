"""Arguments are of the types that a verb declares, or refused in one line that names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import decant
from decant.foundation.errors import InputError
from decant.foundation.settings import count, positive
from decant.verbs.arguments import Location, Locations, checked, each, path, paths
from tests.conftest import REPOSITORY
from tests.unit.verbs.test_verbs import FUNCTIONS

READY = REPOSITORY / "models" / "ec-emc-mace"


class Somewhere:
    """What has a path, as runs and potentials have."""

    path = Path("there")


@checked(limit=positive, sizes=each(count(1)))
def verb(
    where: Location,
    *,
    others: Locations = (),
    name: str | None = None,
    share: float = 0.5,
    limit: float | None = None,
    sizes: int | Sequence[int] = 1,
    settings: Mapping[str, Any] | None = None,
    wanted: bool = False,
    thing: Location | Somewhere | None = None,
) -> dict[str, Any]:
    """Return what arrives."""
    return {"where": where, "others": others, "name": name, "share": share, "limit": limit, "sizes": sizes}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"where": 3}, "`where`: expected a path, not 3"),
        ({"where": None}, "`where`: expected a path, not None"),
        ({"where": b"x"}, "`where`: expected a path, not b'x'"),
        ({"others": 3}, "`others`: expected a path or a list of paths, not 3"),
        ({"others": ["a", 3]}, "`others`: expected a path, not 3"),
        ({"name": ["EC"]}, r"`name`: expected a text, not \['EC'\]"),
        ({"share": "0.5"}, "`share`: expected a number, not '0.5'"),
        ({"share": True}, "`share`: expected a number, not True"),
        ({"share": None}, "`share`: expected a number, not None"),
        ({"limit": -1}, "`limit`: expected a positive number, not -1"),
        ({"limit": float("nan")}, "`limit`: expected a positive number, not nan"),
        ({"sizes": 1.5}, "`sizes`: expected a whole number or a list of whole numbers, not 1.5"),
        ({"sizes": "12"}, "`sizes`: expected a whole number or a list of whole numbers, not '12'"),
        ({"sizes": [1, 2.5]}, r"`sizes`: expected a whole number, not 2\.5"),
        ({"sizes": [1, 0]}, "`sizes`: expected a whole number from 1 on, not 0"),
        ({"sizes": []}, "`sizes`: expected one at least, and the list is empty"),
        ({"settings": "a=1"}, "`settings`: expected a mapping, not 'a=1'"),
        ({"wanted": 1}, "`wanted`: expected True or False, not 1"),
        ({"thing": 1}, "`thing`: expected a path or a Somewhere, not 1"),
        ({"share": np.zeros(99)}, "`share`: expected a number, not an object of type ndarray"),
    ],
)
def test_another_type_is_refused_in_one_line_that_names_the_argument(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        verb(**{"where": "here", **given})


def test_what_has_a_path_stands_for_it() -> None:
    arrived = verb(Somewhere(), others=(Somewhere(), "here"))  # type: ignore[arg-type]
    assert arrived["where"] == Path("there") and arrived["others"] == [Path("there"), "here"]
    assert path(Somewhere()) == Path("there")  # type: ignore[arg-type]
    assert paths(Somewhere()) == [Path("there")]  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected a path, not 3"):
        paths(3)  # type: ignore[arg-type]


def test_numbers_of_numpy_become_those_of_python_and_a_number_may_be_a_text() -> None:
    arrived = verb("here", name=20, share=np.float64(0.25), limit=np.int64(2), sizes=np.array([1, 2]))  # type: ignore[arg-type]
    assert arrived["name"] == "20"
    assert [type(arrived[name]) for name in ("share", "limit")] == [float, int]
    assert arrived["sizes"] == [1, 2] and all(type(size) is int for size in arrived["sizes"])


def test_whatever_can_be_gone_through_is_a_list() -> None:
    def several() -> Iterator[Path]:
        yield from (Path("a"), Path("b"))

    assert verb("here", others=several())["others"] == [Path("a"), Path("b")]  # type: ignore[arg-type]
    assert verb("here", sizes=range(1, 3))["sizes"] == [1, 2]


def test_unknown_and_missing_arguments_are_those_of_python() -> None:
    with pytest.raises(TypeError, match="'nothing'"):
        verb("here", nothing=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'where'"):
        verb()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"temperature": "300"}, "`temperature`: expected a number, not '300'"),
        ({"copies": 1.5}, r"`copies`: expected a whole number, not 1\.5"),
        ({"replicate": (2, 1)}, r"`replicate`: expected three positive whole numbers, .* not \(2, 1\)"),
        ({"replicate": (2, 1, 0)}, r"`replicate`: expected three positive whole numbers, .* not \(2, 1, 0\)"),
        ({"seed": 1.5}, r"`seed`: expected a whole number, not 1\.5"),
        ({"seed": -1}, "`seed`: expected a whole number from 0 on, not -1"),
        ({"threads": 0}, "`threads`: expected a whole number from 1 on, not 0"),
        ({"gpus": -1}, "`gpus`: expected a whole number from 0 on, not -1"),
        ({"potential": 3}, "`potential`: expected a path, not 3"),
    ],
)
def test_a_run_of_other_types_is_refused_before_anything_is_written(
    tmp_path: Path, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        decant.simulate(tmp_path / "run", **{"potential": READY, "liquid": "EC:2", **wrong})
    assert not list(tmp_path.iterdir())


def test_a_potential_itself_runs_and_is_no_run(tmp_path: Path) -> None:
    potential = decant.Potential.open(READY)
    with pytest.raises(InputError, match="ACN has the element N"):
        decant.simulate(tmp_path / "run", potential, liquid="ACN:2")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="ec-emc-mace: is not a run directory"):
        decant.analyze(potential)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"jobs": -3}, {"jobs": 1.5}, {"viscosity": -1.0}, {"ranks": 2}])
def test_an_analysis_of_other_types_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"`{next(iter(wrong))}`: expected a"):
        decant.analyze(tmp_path, **wrong)


@pytest.mark.parametrize("elements", ["", ",", []])
def test_an_export_of_no_elements_is_refused(tmp_path: Path, elements: str | list[str]) -> None:
    with pytest.raises(InputError, match="`elements`: expected chemical symbols"):
        decant.export("gfn2-xtb", tmp_path / "potential", elements=elements)


def test_a_bench_whose_results_have_no_place_is_refused_before_it_measures(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file: is a file where a folder is needed"):
        decant.bench(READY, output=tmp_path / "file" / "bench")
    with pytest.raises(InputError, match="`potentials`: expected one at least"):
        decant.bench([], output=tmp_path / "bench")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_verb_refuses_a_first_argument_of_another_type_by_its_name(name: str) -> None:
    function = getattr(decant, name)
    first, *others = [one.name for one in signature(function).parameters.values() if one.default is one.empty]
    with pytest.raises(InputError, match=rf"^`{first}`: expected (a|one|chemical) .*, not <object"):
        function(**{first: object()}, **dict.fromkeys(others, "x"))
