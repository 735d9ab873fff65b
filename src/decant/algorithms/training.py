"""Running a training program as a child process: its environment, log, end, and progress."""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import os
import re
import signal
import subprocess
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.data.isolated import is_isolated
from decant.foundation.errors import InputError, ProgramFailed
from decant.foundation.threads import Pace, computing, torch_pace

if TYPE_CHECKING:
    from ase import Atoms

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_EXCEPTION = re.compile(r"(\w+\.)*[A-Z]\w*(Error|Exception|Interrupt|Exit)\b(: |$)")
HELD = "decant: lone atoms are held to their labels"
"""What the log of a training says where they are."""
HOLD = "hold_lone_atoms"
"""The setting that asks for it."""
_LONGEST = 400  # characters of an exception's words


class TrainingFailed(ProgramFailed):
    """The training program ended with an error; the message ends with the last lines of its log."""


def training_environment() -> dict[str, str]:
    """Return the environment of a training program, which finds its number of threads itself."""
    result = computing(os.environ)
    result.setdefault("DP_INTER_OP_PARALLELISM_THREADS", "1")
    # e3nn 0.4.4, which mace-torch demands, loads its constants with a pickle that torch would refuse
    result["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
    result["PYTHONUNBUFFERED"] = "1"
    return result


def training_pace() -> Pace:
    """Return the pace of a training by torch in this process; its log tells how many threads were found best."""
    return torch_pace(lambda threads: print(f"decant: threads of the steps: {threads}", flush=True))


def _end_with_parent() -> None:
    """Make the kernel end this process when its parent dies, so that no orphan trains into a continued directory."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def run_training(
    command: Sequence[str],
    directory: Path,
    log: Path,
    on_line: Callable[[str], bool | None],
    accept: tuple[int, ...] = (),
) -> bool:
    """Run a training program, append its output to a log, and hand each line to `on_line`.

    Parameters
    ----------
    command
        Program and arguments.
    directory
        Its working directory.
    log
        File that its output is appended to.
    on_line
        Called with each line; the program is ended when it returns True.
    accept
        Exit codes that are no failure besides 0.

    Returns
    -------
    bool
        True if the program came to its own end, False if `on_line` ended it.

    Raises
    ------
    TrainingFailed
        If the program failed by itself.
    """
    last: list[str] = []
    stopped = False
    with (
        log.open("a", encoding="utf-8") as record,
        subprocess.Popen(
            list(command), cwd=directory, env=training_environment(), text=True, errors="replace", bufsize=1,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=_end_with_parent,
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        try:
            for line in process.stdout:
                record.write(line)
                record.flush()
                last = [*last[-15:], line.rstrip()]
                if not stopped and on_line(line):
                    stopped = True
                    process.terminate()
        except BaseException:
            process.terminate()
            raise
    if stopped or process.returncode == 0 or process.returncode in accept:
        return not stopped
    if said := exception_line(last):
        raise TrainingFailed(f"{Path(command[0]).name} ended with {said}; log: {log}")
    tail = "\n  ".join(last)
    raise TrainingFailed(f"{Path(command[0]).name} ended with code {process.returncode}; log: {log}\n  {tail}")


def exception_line(lines: Sequence[str]) -> str:
    """Return the exception that ends the output of a Python program, in one line; empty if none does."""
    begins = [number for number, line in enumerate(lines) if _EXCEPTION.match(line)]
    return " ".join(" ".join(lines[begins[-1] :]).split())[:_LONGEST] if begins else ""


def save_whole() -> None:
    """Let torch, in this process, write files beside their places and rename them: a kill leaves whole ones."""
    import torch

    save = torch.save

    def whole(obj: Any, f: Any, *rest: Any, **options: Any) -> None:
        if not isinstance(f, str | os.PathLike):
            return save(obj, f, *rest, **options)
        path = Path(f)
        beside = path.with_name(f".{path.name}.part")
        try:
            save(obj, beside, *rest, **options)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    torch.save = whole


def require_checkpoint(path: Path) -> None:
    """Refuse a checkpoint of torch that is missing or was cut off, before a program fails on it with many words.

    Raises
    ------
    InputError
        If it is no whole file of torch.
    """
    if not path.is_file() or not zipfile.is_zipfile(path):
        what = "cut off or damaged" if path.is_file() else "missing"
        raise InputError(
            f"{path}: the checkpoint from which this fit would go on is {what}; to begin anew, remove the directory of "
            "the fit"
        )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let mace, e3nn and deepmd be imported in any order, and keep what they print on import from the user.

    e3nn 0.4.4, which mace-torch demands, keeps its constants in a file with a `slice`, which torch's safe loading does
    not know; mace-torch switches safe loading off for the whole process instead, and torch then warns of it.
    """
    import torch

    torch.serialization.add_safe_globals([slice])
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        disabled = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(disabled)


def diverged(program: str, when: str, log: Path) -> TrainingFailed:
    """Return the failure of a training whose errors are no numbers any more: weights that are none never recover."""
    return TrainingFailed(
        f"{program}: the errors of {when} are not numbers, the training has diverged; try a smaller learning rate, or "
        f"look for wrong labels (decant inspect); log: {log}"
    )


def require_labels(count: int, what: str) -> None:
    """Raise `InputError` if a fit would have nothing to learn from."""
    if count == 0:
        raise InputError(f"{what}: no frame left to fit; add labelled frames that are not isolated atoms")


def labels_of_lone_atoms(train: Sequence[Atoms], frames: Sequence[Atoms]) -> tuple[dict[str, float], list[str]]:
    """Return the labels of lone atoms, eV, if there is one of each element, else none and a note.

    Parameters
    ----------
    train
        A training set with its isolated atoms.
    frames
        The frames of it that are fitted.
    """
    isolated = {
        atoms.get_chemical_symbols()[0]: float(atoms.info["REF_energy"]) for atoms in train if is_isolated(atoms)
    }
    missing = sorted({symbol for frame in frames for symbol in frame.get_chemical_symbols()} - set(isolated))
    if not missing:
        return isolated, []
    return {}, [
        f"no isolated atom of {', '.join(missing)}: atomic energies are a least-squares fit to the training set"
    ]
