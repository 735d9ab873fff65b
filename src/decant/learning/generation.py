"""One generation of active learning: its folder, its record, and its steps, each from files to files.

The folder ``gen-K`` holds ``data/`` (train, valid and test), ``models/``, ``potentials/``, ``committee/`` (the one that
explores), ``explore/`` (a run directory a state), ``candidates.extxyz``, ``chosen.extxyz``, ``labelled.extxyz`` and
``record.yaml`` (which steps are done, what each found and how many seconds it took). A step that was interrupted is
taken again, and continues as far as what it calls does.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from ase import Atoms

from decant.data.frames import read_frames, taken_off, write_frames
from decant.data.isolated import is_isolated
from decant.data.split import PARTS, split_frames, write_split
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, write_yaml
from decant.labels.label import label_frames
from decant.labels.registry import labeler
from decant.labels.subtract import subtracted
from decant.learning.candidates import CLASSES, find_candidates
from decant.learning.explore import explore, stable_ps
from decant.learning.settings import LearnSettings
from decant.molecules.liquid import parse_liquid
from decant.potentials.additions import addition
from decant.potentials.committee import write_committee
from decant.potentials.evaluate import evaluate
from decant.potentials.fit import FitRequest, fit
from decant.selection.select import farthest
from decant.simulation.protocol import potential_hash
from decant.simulation.run import Run


def initial_parts(settings: LearnSettings) -> dict[str, list[Atoms]]:
    """Return the initial frames as the parts of a split.

    Raises
    ------
    InputError
        If they are too few, or no potential can learn from them of an element that a state has.
    """
    frames = [atoms for path in settings.initial for atoms in read_frames(Path(path))]
    parts = split_frames(frames, seed=settings.seed)
    learned = {symbol for atoms in parts["train"] if not is_isolated(atoms) for symbol in atoms.get_chemical_symbols()}
    for number, state in enumerate(settings.states, start=1):
        for kind, _ in parse_liquid(state.liquid):
            if unknown := sorted(set(kind.symbols) - learned):
                raise InputError(
                    f"states: state {number}: {kind.name} has the element {', '.join(unknown)}; the part of `initial`"
                    f" that is trained on has only {', '.join(sorted(learned))}: add frames with it, or leave the"
                    " state out"
                )
    return parts


class Generation:
    """One generation in its folder.

    Attributes
    ----------
    settings
        Those of the whole.
    folder
        Folder of the whole.
    number
        Which generation, from 0.
    record
        Content of ``record.yaml``: names of the steps ``done``, what each found, and ``seconds`` of each.
    """

    def __init__(self, settings: LearnSettings, folder: Path, number: int):
        self.settings, self.folder, self.number = settings, Path(folder), number
        self.record: dict[str, Any] = {"generation": number, "done": [], "seconds": {}}
        if (self.path / "record.yaml").is_file():
            self.record = read_yaml(self.path / "record.yaml")

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.folder / f"gen-{self.number}"

    def members(self, kind: str) -> list[Path]:
        """Return the directories of the members below ``models`` or ``potentials``."""
        return [self.path / kind / str(number) for number in range(1, self.settings.committee + 1)]

    def write_record(self) -> None:
        """Write ``record.yaml``."""
        write_yaml(self.path / "record.yaml", self.record)

    # the steps, in their order; each returns what the record keeps of it

    def data(self) -> dict[str, Any]:
        """Split the initial frames, or add what the generation before collected to its training set.

        Validation and test sets stay those of the initial frames, so that errors of generations can be compared.
        """
        if self.number == 0:
            parts = initial_parts(self.settings)
        else:
            before = Generation(self.settings, self.folder, self.number - 1).path
            parts = {part: read_frames(before / "data" / f"{part}.extxyz") for part in PARTS}
            parts["train"] += read_frames(before / "labelled.extxyz")
        write_split(self.path / "data", parts)
        return {part: sum(not is_isolated(atoms) for atoms in frames) for part, frames in parts.items()}

    def fit(self) -> dict[str, Any]:
        """Fit every member of the committee, each with a seed of its own."""
        settings = self.settings
        epochs = []
        for number, output in enumerate(self.members("models")):
            request = FitRequest(
                settings.algorithm, self.path / "data", output, settings.preset, settings.seed + number,
                list(settings.set), settings.max_time, settings.max_epochs,
            )  # fmt: skip
            epochs.append(float(fit(request)["epochs"]))
        return {"epochs": epochs}

    def export(self) -> dict[str, Any]:
        """Export every member, measure its errors on the test set, and join them into a committee."""
        from decant.potentials.export import export

        energy, force = [], []
        for model, potential in zip(self.members("models"), self.members("potentials"), strict=True):
            export(model, potential, self.settings.precision)
            errors = evaluate(potential, self.path / "data" / "test.extxyz")
            energy.append(round(errors["energy_meV_per_atom"]["rmse"], 3))
            force.append(round(errors["force_meV_per_A"]["total"]["rmse"], 3))
        write_committee(self.members("potentials"), self.path / "committee")
        return {"test_energy_meV_per_atom": energy, "test_force_meV_per_A": force}

    def explore(self) -> dict[str, Any]:
        """Run molecular dynamics of every state with the committee."""
        lasted, ends = [], []
        for number, state in enumerate(self.settings.states, start=1):
            seed = self.settings.seed + 1000 * self.number + number  # another packing each time
            directory = self.path / "explore" / str(number)
            run = explore(self.path / "committee", state, directory, seed, self.settings.ranks, self.settings.threads)
            lasted.append(round(stable_ps(run), 6))
            ends.append(run.status.get("guard", "completed"))
        return {"stable_ps": lasted, "end": ends}

    def sort(self) -> dict[str, Any]:
        """Write the plausible candidates among the explored frames, and count the others."""
        directories = [self.path / "explore" / str(number) for number in range(1, len(self.settings.states) + 1)]
        runs = [(state, Run.open(path)) for state, path in zip(self.settings.states, directories, strict=True)]
        # the hash keeps the groups of other committees apart, should the data of several be joined
        group = f"active-{potential_hash(self.path / 'committee')[:8]}"
        found = find_candidates(runs, self.settings.deviation, self.settings.plausible, group)
        for atoms in found.frames:
            atoms.info |= {"generation": self.number, "driver": self.settings.algorithm}
        write_frames(self.path / "candidates.extxyz", found.frames)
        counts = {kind: found.counts[kind] for kind in CLASSES}
        return {"explored": found.explored, **counts, "rejected": dict(sorted(found.rejected.items()))}

    def choose(self, most: int) -> dict[str, Any]:
        """Write at most `most` candidates, farthest from the training set and from each other first."""
        frames = read_frames(self.path / "candidates.extxyz", labelled=False)
        known = [atoms for atoms in read_frames(self.path / "data" / "train.extxyz") if not is_isolated(atoms)]
        count = min(most, len(frames))
        chosen = farthest(frames, count, known, self.settings.descriptor)
        write_frames(self.path / "chosen.extxyz", [frames[index] for index in chosen])
        return {"chosen": len(chosen)}

    def label(self) -> dict[str, Any]:
        """Label the chosen frames."""

        from decant.data.frames import read_frames, write_frames
        from decant.foundation.threads import worker_count

        frames = read_frames(self.path / "chosen.extxyz", labelled=False)
        method = labeler(self.settings.method, self.settings.method_settings)
        output = self.path / "labelled.extxyz"
        result = label_frames(frames, method, Path(f"{output}.journal"), self.settings.jobs or worker_count())
        if not result.frames:
            raise InputError(f"{output}: {method.name} failed on every frame: {result.failures[0][1]}")
        minus = taken_off(read_frames(self.path / "data" / "train.extxyz"))
        write_frames(output, subtracted(result.frames, addition(minus)) if minus else result.frames)
        reasons = Counter(reason for _, reason in result.failures)
        return {"labelled": len(result.frames), "not_labelled": dict(sorted(reasons.items()))}
