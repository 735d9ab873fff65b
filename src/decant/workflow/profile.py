"""Where the jobs of a study run: on this machine, or as a Snakemake profile says, for example in Slurm's queue."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from decant.foundation.errors import InputError, nearest
from decant.foundation.files import read_yaml

SLURM = "slurm"
BUILT_IN = {SLURM: Path(__file__).with_name(SLURM)}
"""Profiles that come with decant."""
LOGS = "slurm"
"""Folder below a study's, in which Slurm's own output of jobs lies that failed."""
PATIENCE = 120.0
"""Seconds that cancelled jobs may take to end."""
CANCELLED = re.compile(r"\*\*\* (?:JOB|STEP) \S+ ON \S+ CANCELLED AT \S+(.*?) \*\*\*")
"""What Slurm writes into the output of a job that it ends."""


@dataclass(frozen=True)
class Profile:
    """How Snakemake runs jobs.

    Attributes
    ----------
    folder
        Snakemake's profile; None runs everything on this machine.
    cores
        Cores that all jobs together may keep busy; None leaves that to the profile.
    retries
        Further attempts of a job that failed; None leaves that to the profile.
    account, partition
        Of Slurm; None leaves them to the profile and the cluster.
    """

    folder: Path | None = None
    cores: int | None = None
    retries: int | None = None
    account: str | None = None
    partition: str | None = None

    @property
    def is_slurm(self) -> bool:
        """Whether the jobs are Slurm's."""
        return self._values().get("executor") == SLURM

    def words(self) -> list[str]:
        """Return the words of Snakemake's command line.

        Raises
        ------
        InputError
            If there is no Slurm here.
        """
        words = [] if self.cores is None else ["--cores", str(self.cores)]
        words += [] if self.retries is None else ["--retries", str(self.retries)]
        if self.folder is None:
            return words
        words += ["--profile", str(self.folder)]
        if not self.is_slurm:
            return words
        if not shutil.which("sbatch"):
            raise InputError(
                f"`profile` {self.folder.name}: no sbatch on this machine; run it where jobs are submitted"
            )
        words += ["--slurm-logdir", LOGS]
        if "slurm-status-command" not in self._values():
            words += ["--slurm-status-command", status_command()]
        return words + self._default_resources()

    def _default_resources(self) -> list[str]:
        """Return the account and the partition behind the default resources of the profile, which they replace."""
        own = [("slurm_account", self.account), ("slurm_partition", self.partition)]
        given = self._values().get("default-resources") or []
        others = [f"{name}={value}" for name, value in given.items()] if isinstance(given, dict) else list(given)
        mine = [f"{name}={value}" for name, value in own if value]
        return ["--default-resources", *others, *mine] if mine else []

    def _values(self) -> dict[str, Any]:
        return {} if self.folder is None else read_yaml(_file(self.folder))


def named_profile(name: str) -> Path:
    """Return the folder of a built-in profile or of one's own.

    Raises
    ------
    InputError
        If there is none.
    """
    folder = BUILT_IN.get(name, Path(name).resolve())
    if not folder.is_dir():
        raise InputError(
            f"`profile` {name}: neither {', '.join(BUILT_IN)} nor a folder with Snakemake's config.yaml"
            f"{nearest(name, BUILT_IN)}"
        )
    _file(folder)
    return folder


def _file(folder: Path) -> Path:
    """Return the file of a profile; Snakemake takes one for its own versions before the general one."""
    for file in (*sorted(folder.glob("config.v*+.yaml"), reverse=True), folder / "config.yaml"):
        if file.is_file():
            return file
    raise InputError(f"`profile` {folder}: holds no config.yaml of Snakemake")


def status_command() -> str:
    """Return ``sacct`` where Slurm keeps accounts, else ``squeue``, which tells what has ended for some minutes."""
    asked = ["sacct", "--noheader", "--jobs", "1"]
    keeps = shutil.which("sacct") and subprocess.run(asked, capture_output=True, check=False).returncode == 0
    return "sacct" if keeps else "squeue"


def cancel_jobs(folder: Path) -> int:
    """Cancel what Slurm still has of a study, as a killed call leaves it, and wait until it has ended.

    Returns
    -------
    int
        How many jobs there were.
    """
    found = _queued(folder)
    if found:
        subprocess.run(["scancel", *found], capture_output=True, check=False)
        limit = time.monotonic() + PATIENCE
        while _queued(folder) and time.monotonic() < limit:
            time.sleep(1.0)
    return len(found)


def _queued(folder: Path) -> list[str]:
    """Return the numbers of the jobs that run in a folder or wait to."""
    listed = subprocess.run(
        ["squeue", "--noheader", "--user", str(os.getuid()), "--format", "%i|%Z"],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    jobs = [line.split("|", 1) for line in listed.splitlines() if "|" in line]
    return [number for number, place in jobs if Path(place) == Path(folder).resolve()]


def slurms_word(folder: Path, name: str) -> str:
    """Return what Slurm says of the last attempt of a job that failed; an empty text if it never had it."""
    kind, cell = name.split("/", 1)
    logs = (folder / LOGS / f"rule_{kind}" / cell.replace("/", "_")).glob("*.log")
    with contextlib.suppress(OSError, ValueError):
        last = max(logs, key=lambda log: int(log.stem))
        found = CANCELLED.findall(last.read_text(encoding="utf-8", errors="replace"))
        how = f"Slurm ended its job {last.stem}{found[-1].lower()}" if found else "it ended in Slurm"
        return f"{how}; see {last.relative_to(folder)}"
    return ""
