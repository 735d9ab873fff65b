"""An algorithm that defines no more than it must has the rest done for it, or refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ase.calculators.emt import EMT

from decant.algorithms.base import WHOLE, Algorithm, Exported, FitResult, FitTask, Part
from decant.foundation.errors import InputError


class Least(Algorithm):
    """Copies a text file, whose words are elements."""

    name = "least"
    suffixes = (".least",)

    def fit(self, task: FitTask) -> FitResult:
        raise InputError("nothing to learn")

    def export(self, source: Path, directory: Path, precision: str | None, part: Part = WHOLE) -> Exported:
        self.require_whole(source, part)
        (directory / "model.least").write_text(source.read_text())
        return Exported("model.least", "zero 5", "* *", source.read_text().split(), 5.0, {}, "double")

    def calculator(self, directory: Path) -> EMT:
        return EMT(label=(directory / "model.least").read_text())


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "some.least"
    path.write_text("H O")
    return path


def exported(model: Path) -> Exported:
    return Least().export(model, model.parent, None)


def test_the_elements_of_a_model_are_those_of_an_export(model: Path) -> None:
    assert Least().elements(model) == ["H", "O"]
    assert [path.name for path in model.parent.iterdir()] == [model.name]


def test_the_calculator_of_a_model_is_that_of_an_export_and_the_reference_is_the_fast_one(model: Path) -> None:
    exported(model)
    assert Least().model_calculator(model).label == "H O"
    assert Least().reference_calculator(model.parent).label == "H O"


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (lambda method, model: method.start(model), "no training of least starts from a fitted model"),
        (lambda method, model: method.fetch("small"), "small: least knows no published model"),
        (
            lambda method, model: method.export_form("mliap", model, model.parent, exported(model), WHOLE),
            "`format` mliap: least has one form",
        ),
        (
            lambda method, model: method.export(model, model.parent, None, Part(head="a")),
            "least exports a model as a whole: leave out `elements`, `head`, `charge` and `spin`",
        ),
    ],
)
def test_what_it_does_not_define_is_refused(ask: Any, answer: str, model: Path) -> None:
    with pytest.raises(InputError, match=answer):
        ask(Least(), model)


def test_it_knows_no_strategy_no_published_model_no_committee_and_checks_its_settings_itself() -> None:
    assert (Least.strategies, Least.published, Least.committees, Least().known_settings()) == ((), (), False, None)


@pytest.mark.parametrize("missing", ["export", "calculator"])
def test_what_it_must_define_is_named(missing: str) -> None:
    given = {name: getattr(Least, name) for name in ("fit", "export", "calculator") if name != missing}
    with pytest.raises(TypeError, match=missing):
        type("Lacking", (Algorithm,), given)()


def test_one_that_defines_no_fit_has_none(tmp_path: Path) -> None:
    given = {name: getattr(Least, name) for name in ("name", "suffixes", "export", "calculator")}
    method = type("AsItIs", (Algorithm,), given)()
    assert Least().fits and not method.fits
    with pytest.raises(InputError, match="`algorithm` least: has no fit"):
        method.fit(FitTask([], [], tmp_path, {}, 1, None, 1))
