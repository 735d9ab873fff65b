"""Energies, forces and virials of configurations from a reference method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ase import Atoms

from decant.data.frames import read_frames, write_frames
from decant.data.import_ import Reject, write_rejects
from decant.data.isolated import is_isolated
from decant.foundation.errors import InputError
from decant.foundation.files import output_file
from decant.foundation.ranks import ALONE, Ranks
from decant.foundation.shown import Shown
from decant.labels.subtract import subtracted
from decant.potentials.additions import Addition, addition
from decant.verbs.arguments import Location, checked


@dataclass(frozen=True, repr=False)
class Labelled(Shown):
    """Configurations that were labelled.

    Attributes
    ----------
    path
        The file.
    frames
        The labelled frames.
    failures
        Number in the source, and reason, of each frame that is left out.
    method
        The reference method.
    added
        Elements of the isolated atoms that were added.
    minus
        What was taken off the labels; empty for nothing.
    """

    path: Path
    frames: list[Atoms]
    failures: list[tuple[int, str]]
    method: str
    added: list[str]
    minus: str = ""

    @property
    def rejects(self) -> Path:
        """CSV file with what was left out, and why."""
        return Path(f"{self.path}.rejects.csv")

    def text(self) -> str:
        """Return what `decant label` prints."""
        if not self.method:
            return f"labels of {len(self.frames)} frames minus {self.minus}\nwritten: {self.path}"
        how = f"{self.method} minus {self.minus}" if self.minus else self.method
        names = ", ".join(self.added)
        atoms = f", {len(self.added)} of them isolated atoms that were added ({names})" if self.added else ""
        counts = f"labelled: {len(self.frames)} frames with {how}{atoms}; "
        lines = [f"{counts}{len(self.failures)} left out ({self.rejects})"]
        lines += [f"  frame {index}: {reason}" for index, reason in self.failures[:10]]
        return "\n".join([*lines, f"written: {self.path}"])


@checked()
def label(
    source: Location,
    output: Location,
    *,
    method: str | None = None,
    subtract: str | None = None,
    settings: Mapping[str, Any] | None = None,
    jobs: int = 0,
    molecules: bool = False,
    atoms: bool = True,
    max_force: float = 50.0,
    keep_broken: bool = False,
    keep_charges: bool = False,
    retry: bool = False,
    ranks: Ranks = ALONE,
) -> Labelled:
    """Give configurations energies, forces and virials, or take dispersion off those that they have.

    The same call continues an interrupted one.

    Parameters
    ----------
    source, output
        Configurations, and the labelled file to write.
    method, settings
        Reference method, and its settings: ``gfn2-xtb`` by default; with `subtract`, the labels that the frames have.
    subtract
        Dispersion to take off the labels, ``d3:FUNCTIONAL``, which `export` adds again.
    jobs
        Worker processes; 0 takes every core.
    molecules
        Whether each molecule is labelled alone, too: the intramolecular part is stored.
    atoms
        Whether an isolated atom of each element that has none is added.
    max_force
        Frames with a larger force are left out, eV/angstrom.
    keep_broken, keep_charges
        Whether frames are labelled whose molecules fell apart, and whose charge is not that of their molecules.
    retry
        Whether what failed in an earlier call is computed anew.
    ranks
        Other MPI ranks that take part.

    Raises
    ------
    InputError
        If the source, the method or a setting is wrong, or no frame could be labelled.
    """
    from decant.configurations.monomer import missing_atoms
    from decant.foundation.threads import worker_count
    from decant.labels.label import label_frames
    from decant.labels.potential import ExportedPotential
    from decant.labels.registry import labeler

    if ranks.others and jobs > 1:
        raise InputError(f"`jobs` {jobs}: under mpirun each rank is one worker; leave it out")
    output_file(output, [source])
    if subtract and method is None:
        return _subtracted(Path(source), Path(output), subtract)
    method = method or "gfn2-xtb"
    reference = labeler(method, dict(settings or {}))
    frames = read_frames(Path(source), labelled=False)
    if isinstance(reference, ExportedPotential):
        reference.warn_of_charges(frames)
    taken = _can_be_taken(subtract, frames) if subtract else None
    added = missing_atoms(frames) if atoms else []
    result = label_frames(
        [*frames, *added], reference, Path(f"{output}.journal"), 1 if ranks.others else jobs or worker_count(),
        molecules=molecules, max_force=max_force, keep_broken=keep_broken, keep_charges=keep_charges, retry=retry,
        ranks=ranks,
    )  # fmt: skip
    names = {len(frames) + number: str(atom.symbols) for number, atom in enumerate(added)}
    failures = [
        (index, f"isolated atom {names[index]}: {reason}" if index in names else reason)
        for index, reason in result.failures
    ]
    kept = subtracted(result.frames, taken) if taken else result.frames
    done = Labelled(Path(output), kept, failures, method, list(names.values()), taken.name if taken else "")
    write_rejects(done.rejects, [Reject(index, None, reason) for index, reason in failures])
    if all(map(is_isolated, kept)) and failures:
        raise InputError(f"{source}: {method} gave no label to keep; frame {failures[0][0]}: {failures[0][1]}")
    write_frames(done.path, kept)
    return done


def _can_be_taken(name: str, frames: Sequence[Atoms]) -> Addition:
    """Return what a name says to take off the labels of frames; what is missing for it is told before they are made."""
    taken = addition(name)
    taken.calculator(sorted({symbol for frame in frames for symbol in frame.get_chemical_symbols()}))
    return taken


def _subtracted(source: Path, output: Path, name: str) -> Labelled:
    """Take something off the labels that a file has."""
    frames = read_frames(source)
    taken = _can_be_taken(name, frames)
    try:
        kept = subtracted(frames, taken)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    write_frames(output, kept)
    return Labelled(output, kept, [], "", [], taken.name)
