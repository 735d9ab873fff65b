"""Options that more than one verb takes, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.foundation.errors import InputError, nearest
from decant.foundation.files import read_yaml


def load_config(context: typer.Context, path: Path | None) -> Path | None:
    """Take the defaults of this command's options from a YAML file; the command line still wins."""
    if path is None:
        return None
    named = {
        option.removeprefix("--").replace("-", "_"): parameter.name
        for parameter in context.command.params
        for option in (*parameter.opts, parameter.name or "")
    }  # an option may have another name than its parameter: --from
    values = {key.replace("-", "_"): value for key, value in read_yaml(path).items()}
    values = {named.get(key) or key: value for key, value in values.items()}
    known = {parameter.name for parameter in context.command.params if parameter.name}
    for key in values:
        if key not in known:
            raise InputError(f"{path}: unknown key '{key}' for 'decant {context.info_name}'{nearest(key, known)}")
    several = {
        parameter.name
        for parameter in context.command.params
        if parameter.nargs == -1 or getattr(parameter, "multiple", False)
    }
    values = {
        key: [value] if key in several and not isinstance(value, list) else value for key, value in values.items()
    }
    context.default_map = {**(context.default_map or {}), **values}
    return path


def whole_numbers(option: str, text: str) -> list[int]:
    """Return the numbers of an option such as ``--ranks 1,2,4``, each once.

    Raises
    ------
    InputError
        If one is not a positive whole number.
    """
    words = str(text).strip("[]").split(",")  # a configuration file may give a list
    if not all(word.strip().isdigit() and int(word) > 0 for word in words):
        raise InputError(f"{option} {text}: expected positive whole numbers with commas, for example 1,2,4")
    return list(dict.fromkeys(int(word) for word in words))


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="YAML file with values for any of this command's arguments and options.",
        callback=load_config,
        is_eager=True,
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option(help="Random seed; the same seed gives the same result.", min=0)]
Ranks = Annotated[int, typer.Option(help="Number of MPI ranks.")]
Launcher = Annotated[
    str | None,
    typer.Option(
        help="MPI launcher: mpirun, mpiexec, srun, or a command line such as 'srun --mpi=pmi2 -n {ranks}'. By default"
        " DECANT_LAUNCHER, or srun in a Slurm job, or the mpirun of LAMMPS's own MPICH.",
        show_default=False,
    ),
]
