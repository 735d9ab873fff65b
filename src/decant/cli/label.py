"""`decant label`: energies, forces and virials from a reference method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from decant.cli.options import Config
from decant.foundation.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

    from decant.potentials.additions import Addition


def command(
    source: Annotated[Path, typer.Argument(help="Configurations in decant's form.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Labelled file to write.")],
    method: Annotated[
        str | None,
        typer.Option(
            help="Reference method: gfn2-xtb, gfn1-xtb, openff, cp2k:pbe-d3, cp2k:TEMPLATE, ase:IMPORT.PATH, "
            "potential:DIRECTORY, or one that a package adds.",
            show_default="gfn2-xtb; with --subtract, the labels of the file",
        ),
    ] = None,
    subtract: Annotated[
        str | None,
        typer.Option(help="Take dispersion off the labels, d3:FUNCTIONAL, for 'decant export --with' to add again."),
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="YAML file with settings of the method.")] = None,
    override: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, KEY=VALUE; may be repeated.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Worker processes; 0 takes every core.", min=0)] = 0,
    molecules: Annotated[
        bool, typer.Option("--molecules", help="Label each molecule alone, too: the intramolecular part is stored.")
    ] = False,
    atoms: Annotated[bool, typer.Option(help="Add an isolated atom of each element that has none.")] = True,
    max_force: Annotated[float, typer.Option(help="Leave out frames with a larger force, eV/angstrom.")] = 50.0,
    keep_broken: Annotated[
        bool, typer.Option("--keep-broken", help="Label frames whose molecules fell apart or fused, too.")
    ] = False,
    keep_charges: Annotated[
        bool,
        typer.Option("--keep-charges", help="Label frames whose charge differs from that of their molecules, too."),
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Compute anew what the method failed on in an earlier run.")
    ] = False,
    config: Config = None,
) -> None:
    """Label configurations, or take dispersion off their labels; run again after an interruption, it continues.

    Finished labels are kept in OUTPUT.journal. Frames that are left out, and why, are listed in OUTPUT.rejects.csv.
    Under mpirun every rank labels; the first one alone reads and writes.

    \b
    For example:
      decant label configurations.extxyz -o labelled.extxyz
      decant label configurations.extxyz -o labelled.extxyz --method gfn1-xtb --set accuracy=0.01 --jobs 4
      decant label configurations.extxyz -o labelled.extxyz --molecules
      decant label configurations.extxyz -o dft.extxyz --method cp2k:pbe-d3 --set CUTOFF=600
      decant label configurations.extxyz -o short.extxyz --method cp2k:pbe-d3 --subtract d3:pbe:zero
      decant label imported.extxyz -o short.extxyz --subtract d3:pbe
      decant label configurations.extxyz -o emt.extxyz --method ase:ase.calculators.emt.EMT
      mpirun -np 8 decant label configurations.extxyz -o labelled.extxyz
    """
    from decant.configurations.monomer import missing_atoms
    from decant.data.frames import read_frames
    from decant.foundation.ranks import other_ranks
    from decant.foundation.threads import worker_count
    from decant.labels.label import label_frames
    from decant.labels.registry import labeler
    from decant.labels.subtract import subtracted

    if subtract and method is None:
        _subtract_alone(source, output, subtract)
        return
    method = method or "gfn2-xtb"
    with other_ranks() as ranks:
        if not ranks.leads:
            return
        if ranks.others and jobs > 1:
            raise InputError(f"--jobs {jobs}: under mpirun each rank is one worker; leave --jobs out")
        reference = labeler(method, _settings(settings, override or []))
        frames = read_frames(source, labelled=False)
        taken = _can_be_taken(subtract, frames) if subtract else None
        added = missing_atoms(frames) if atoms else []
        result = label_frames(
            [*frames, *added], reference, Path(f"{output}.journal"), 1 if ranks.others else jobs or worker_count(),
            molecules=molecules, max_force=max_force, keep_broken=keep_broken, keep_charges=keep_charges, retry=retry,
            ranks=ranks,
        )  # fmt: skip
        if taken:
            result, method = replace(result, frames=subtracted(result.frames, taken)), f"{method} minus {taken.name}"
        _write(source, output, method, result, {len(frames) + k: str(atom.symbols) for k, atom in enumerate(added)})


def _can_be_taken(name: str, frames: Sequence[Atoms]) -> Addition:
    """Return what a name says to take off the labels of frames; what is missing for it is told before they are made."""
    from decant.potentials.additions import addition

    taken = addition(name)
    taken.calculator(sorted({symbol for frame in frames for symbol in frame.get_chemical_symbols()}))
    return taken


def _subtract_alone(source: Path, output: Path, name: str) -> None:
    """Take something off the labels that a file has."""
    from decant.data.frames import read_frames, write_frames
    from decant.labels.subtract import subtracted

    frames = read_frames(source)
    taken = _can_be_taken(name, frames)
    try:
        write_frames(output, subtracted(frames, taken))
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    typer.echo(f"labels of {len(frames)} frames minus {taken.name}")
    typer.echo(f"written: {output}")


def _settings(path: Path | None, overrides: list[str]) -> dict[str, Any]:
    from decant.algorithms.presets import apply_override
    from decant.foundation.files import read_yaml

    settings = read_yaml(path) if path else {}
    for override in overrides:
        apply_override(settings, override)
    return settings


def _write(source: Path, output: Path, method: str, result: Any, added: dict[int, str]) -> None:
    """Write what was labelled and what was left out, and say so; `added` are the elements of atoms of ours by index."""
    from decant.data.frames import is_isolated, write_frames
    from decant.data.import_ import Reject, write_rejects

    failures = [
        (index, f"isolated atom {added[index]}: {reason}" if index in added else reason)
        for index, reason in result.failures
    ]
    rejects = Path(f"{output}.rejects.csv")
    write_rejects(rejects, [Reject(index, None, reason) for index, reason in failures])
    if all(is_isolated(frame) for frame in result.frames) and failures:
        raise InputError(f"{source}: {method} gave no label to keep; frame {failures[0][0]}: {failures[0][1]}")
    write_frames(output, result.frames)
    atoms = f", {len(added)} of them isolated atoms that were added ({', '.join(added.values())})" if added else ""
    typer.echo(f"labelled: {len(result.frames)} frames with {method}{atoms}; {len(failures)} left out ({rejects})")
    for index, reason in failures[:10]:
        typer.echo(f"  frame {index}: {reason}")
    typer.echo(f"written: {output}")
