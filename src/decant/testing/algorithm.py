"""What must be true of an algorithm that decant is to use."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from ase import Atoms

from decant.algorithms.base import Algorithm, FitTask, Part
from decant.algorithms.presets import load_preset, preset_names
from decant.algorithms.registry import algorithm, known_algorithms
from decant.data.frames import read_frames
from decant.data.isolated import is_isolated
from decant.data.prediction import Prediction, ask, predict
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, sha256
from decant.potentials.check import TOLERANCES, check, difference
from decant.potentials.export import export
from decant.potentials.fit import FitRequest, fit
from decant.potentials.potential import Potential
from decant.potentials.pretrained import open_pretrained
from decant.potentials.single_point import single_point
from decant.potentials.source import Source, open_source
from decant.testing.derivatives import require_forces, require_virial
from decant.testing.frames import write_data

FOREIGN = ("Xe", "Ar", "H", "Og")
"""Elements that a model may not know: one for every element of a database of crystals knows the first three."""
_STEP = {"double": 1e-4, "single": 1e-2}  # of finite differences, angstrom; rounding would drown a smaller one


class AlgorithmConformance:
    """An algorithm fits, exports, agrees with itself in LAMMPS, refuses what it cannot, and survives being killed.

    A subclass whose name begins with ``Test`` says which algorithm, and how a fit of it is done in seconds. It may
    override the fixtures `data`, `model` and `potential` where it has them already; one without a fit must override
    `model`, as a model file or a published name, and is asked nothing about fits.

    Attributes
    ----------
    name
        The algorithm's.
    preset, settings, epochs
        How to fit: a preset, ``KEY=VALUE`` on top of it, and passes over the training set.
    long_epochs
        Passes of a fit that is long enough to be killed within.
    ranks
        Numbers of MPI ranks on which LAMMPS must agree with Python.
    """

    name: ClassVar[str]
    preset: ClassVar[str] = "small"
    settings: ClassVar[Sequence[str]] = ()
    epochs: ClassVar[int] = 4
    long_epochs: ClassVar[int] = 40
    ranks: ClassVar[Sequence[int]] = (1, 2)

    @pytest.fixture(scope="class")
    @classmethod
    def data(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Directory with train, valid and test.extxyz: by default methanol, molecules and boxes, by GFN1-xTB."""
        directory = tmp_path_factory.mktemp("data")
        write_data(directory)
        return directory

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Directory of a fit to the data."""
        output = tmp_path_factory.mktemp(cls.name) / "model"
        fit(cls.request(data, output))
        return output

    @pytest.fixture(scope="class")
    @classmethod
    def potential(cls, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Directory of the potential of the fit."""
        output = tmp_path_factory.mktemp(cls.name) / "potential"
        export(model, output)
        return output

    @classmethod
    def request(cls, data: Path, output: Path) -> FitRequest:
        """Return what is asked of a fit."""
        return FitRequest(cls.name, data, output, cls.preset, 1, list(cls.settings), max_epochs=cls.epochs)

    def is_under_way(self, work: Path) -> bool:
        """Say whether a fit has left something in its directory that it can be continued from."""
        return work.is_dir() and any(work.iterdir())

    def was_continued(self, work: Path) -> bool:
        """Say whether a fit was continued and did not begin anew, if that can be seen."""
        return True

    def _require_fit(self) -> None:
        if not algorithm(self.name).fits:
            pytest.skip("the algorithm has no fit")

    # what it says of itself

    def test_it_is_found_by_its_name(self) -> None:
        method = algorithm(self.name)
        assert isinstance(method, Algorithm)
        assert self.name in known_algorithms()
        assert method.suffixes, "`suffixes`: a bare model file must be known as its own"
        assert all(suffix.startswith(".") for suffix in method.suffixes)

    def test_its_presets_are_understood_and_have_a_limit(self) -> None:
        self._require_fit()
        names = preset_names(self.name)
        assert "small" in names, "`decant fit` takes `small` where the user names no preset"
        for name in names:
            preset = load_preset(self.name, name, [], algorithm(self.name).known_settings())
            assert preset.max_time or preset.max_epochs, f"preset {name} sets no limit"

    # fits

    def test_a_fit_records_what_came_out(self, model: Path) -> None:
        self._require_fit()
        record = read_yaml(model / "fit.yaml")
        assert record["state"] == "finished" and record["epochs"] > 0
        assert sha256(model / record["model"]) == record["model_sha256"]
        assert Path(record["model"]).suffix in algorithm(self.name).suffixes
        assert all(isinstance(note, str) for note in record["notes"])

    def test_the_model_knows_the_elements_of_its_data(self, model: Path, data: Path) -> None:
        source = open_source(model)
        found = source.elements
        assert len(found) == len(set(found))
        assert set(found) >= {symbol for atoms in _frames(data) for symbol in atoms.get_chemical_symbols()}

    def test_a_bare_model_file_is_known_as_its_own(self, model: Path) -> None:
        source = open_source(_source(model).model)
        assert (source.algorithm.name, source.elements) == (self.name, _source(model).elements)

    def test_a_fit_without_a_frame_to_learn_from_is_refused(self, data: Path, tmp_path: Path) -> None:
        self._require_fit()
        atoms = [frame for frame in read_frames(data / "train.extxyz") if is_isolated(frame)]
        settings = load_preset(self.name, self.preset, list(self.settings), None).settings
        with pytest.raises(InputError):
            algorithm(self.name).fit(FitTask(atoms, [], tmp_path, settings, 1, None, self.epochs))

    def test_a_setting_that_there_is_not_is_refused(self) -> None:
        self._require_fit()
        known = algorithm(self.name).known_settings()
        if known is None:
            pytest.skip("the algorithm checks its settings itself")
        with pytest.raises(InputError, match="has no setting 'no_such_setting'"):
            load_preset(self.name, self.preset, ["no_such_setting=1"], known)

    def test_a_killed_fit_leaves_no_process_and_is_continued(self, data: Path, tmp_path: Path) -> None:
        self._require_fit()
        output = tmp_path / "model"
        work = (output / "work").resolve()
        words = [self.name, data, "-o", output, "--preset", self.preset, "--max-epochs", self.long_epochs]
        words += [word for setting in self.settings for word in ("--set", setting)]
        program = [sys.executable, "-c", "from decant.cli.main import main; main()", "fit", *map(str, words)]
        with subprocess.Popen(
            [*program, "--no-evaluate"], start_new_session=True, stderr=subprocess.DEVNULL
        ) as fitting:
            _wait(lambda: fitting.poll() is not None or self.is_under_way(work), 300)
            ended = fitting.poll()
            assert ended in (None, 0), f"the fit ended by itself with exit status {ended}"
            os.kill(fitting.pid, signal.SIGKILL)
        _wait(lambda: not _working_in(work), 20)
        assert not _working_in(work), "a training went on without the command that began it"
        killed = read_yaml(output / "fit.yaml")["state"] == "running"
        request = self.request(data, output)
        fit(FitRequest(**{**vars(request), "max_epochs": self.long_epochs}))
        assert read_yaml(output / "fit.yaml")["state"] == "finished"
        assert not killed or self.was_continued(work), "the fit began anew"

    # potentials

    def test_a_potential_says_what_it_is(self, potential: Path, model: Path) -> None:
        opened = Potential.open(potential)
        assert opened.algorithm == self.name and opened.precision in TOLERANCES and opened.cutoff > 0
        assert sorted(opened.elements) == sorted(_source(model).elements)

    def test_exporting_again_changes_nothing(self, potential: Path, model: Path) -> None:
        before = (potential / "card.yaml").read_bytes()
        _, new = export(model, potential)
        assert not new and (potential / "card.yaml").read_bytes() == before

    def test_the_potential_is_the_model(self, potential: Path, model: Path, data: Path) -> None:
        opened, frames = Potential.open(potential), _frames(data)
        expected = predict(_source(model).reference_calculator(), frames)
        for calculator in (opened.reference_calculator(), opened.calculator()):
            found = difference(frames, predict(calculator, frames), expected)
            assert found.within(TOLERANCES[opened.precision]), found

    def test_lammps_and_python_agree_on_every_number_of_ranks(
        self, potential: Path, data: Path, tmp_path: Path
    ) -> None:
        copied = tmp_path / "potential"
        shutil.copytree(potential, copied)
        report = check(copied, data / "test.extxyz", self.ranks)
        assert set(report.python) == set(self.ranks)
        assert report.passed, report
        noted = Potential.open(copied).card["check"]
        assert noted["passed"] is True and noted["frames"] == len(_frames(data))
        assert set(noted["lammps_against_python"]) == {f"{count} ranks" for count in self.ranks}

    def test_forces_and_virial_are_the_derivatives_of_the_energy(self, potential: Path, data: Path) -> None:
        opened = Potential.open(potential)
        step, calculator = _STEP[opened.precision], opened.reference_calculator()
        frames = _frames(data)
        require_forces(lambda atoms: ask(calculator, atoms), min(frames, key=len), step, 100 * step)
        for atoms in [atoms for atoms in frames if atoms.pbc.all()][:1]:
            require_virial(lambda atoms: ask(calculator, atoms), atoms, step, 100 * step)

    def test_order_place_and_orientation_of_atoms_do_not_matter(self, potential: Path, data: Path) -> None:
        opened = Potential.open(potential)
        atoms = max(_frames(data), key=len)
        order = np.random.default_rng(1).permutation(len(atoms))
        turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
        turn *= np.sign(np.linalg.det(turn))
        moved = atoms[order]
        moved.positions = (moved.positions + np.array([0.3, -1.2, 5.0])) @ turn.T
        moved.cell = atoms.cell.array @ turn.T
        one, other = predict(opened.reference_calculator(), [atoms, moved])
        back = Prediction(other.energy, other.forces[np.argsort(order)] @ turn, None)
        found = difference([atoms], [back], [one])
        assert found.within(TOLERANCES[opened.precision]), found

    def test_an_element_that_it_does_not_know_is_refused(self, potential: Path, data: Path) -> None:
        opened, atoms = Potential.open(potential), min(_frames(data), key=len).copy()
        foreign = next(symbol for symbol in FOREIGN if symbol not in opened.elements)
        atoms.symbols[0] = foreign
        with pytest.raises(InputError, match=foreign):
            single_point(opened, [atoms], 1)
        for calculator in (opened.calculator(), opened.reference_calculator()):
            with pytest.raises(Exception):  # noqa: B017  (somebody else's calculator has its own words for it)
                ask(calculator, atoms)

    def test_what_is_no_model_is_not_exported(self, model: Path, tmp_path: Path) -> None:
        suffix = _source(model).model.suffix
        broken = tmp_path / f"broken{suffix}"
        broken.write_bytes(b"this is no model")
        with pytest.raises(InputError, match=rf"broken\{suffix}"):
            export(broken, tmp_path / "potential")
        assert sorted(tmp_path.iterdir()) == [broken]

    # what it need not know is refused in one line

    def test_a_start_that_it_does_not_know_is_refused(self, model: Path, data: Path) -> None:
        frames: dict[str, Any] = {"train": _frames(data)}
        with pytest.raises(InputError, match="no_such_strategy"):
            open_pretrained(algorithm(self.name), str(model), "no_such_strategy", None, frames)

    def test_a_start_from_a_head_that_the_model_has_not_is_refused(self, model: Path, data: Path) -> None:
        frames: dict[str, Any] = {"train": _frames(data)}
        for strategy in algorithm(self.name).strategies[:1]:
            with pytest.raises(InputError, match="no_such_head"):
                open_pretrained(algorithm(self.name), str(model), strategy, None, frames, "no_such_head")

    def test_a_published_model_that_it_does_not_know_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no-such-model"):
            open_source(Path("no-such-model"))

    def test_a_form_that_it_does_not_know_is_refused(self, model: Path, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no-such-form"):
            export(model, tmp_path / "potential", forms=("no-such-form",))
        assert not list(tmp_path.iterdir())

    def test_a_part_that_the_model_has_not_is_refused(self, model: Path, tmp_path: Path) -> None:
        foreign = next(symbol for symbol in FOREIGN if symbol not in _source(model).elements)
        for part in (Part(elements=(foreign,)), Part(head="no_such_head")):
            with pytest.raises(InputError):
                export(model, tmp_path / "potential", part=part)
        assert not list(tmp_path.iterdir())


def _source(model: Path) -> Source:
    return open_source(model)


def _frames(data: Path) -> list[Atoms]:
    return [atoms for atoms in read_frames(data / "test.extxyz") if not is_isolated(atoms)]


def _wait(until: Callable[[], bool], seconds: float) -> None:
    """Wait until something is so, or the time is over."""
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        time.sleep(0.1)


def _working_in(folder: Path) -> list[str]:
    """Return the processes whose working directory is the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder and "\nState:\tZ" not in (process / "status").read_text():
                found.append(process.name)
        except OSError:  # it has ended, or is not ours
            continue
    return found
