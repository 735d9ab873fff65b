"""Running a study."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from decant.foundation.errors import ProgramFailed
from decant.foundation.machine import available_cores
from decant.foundation.shown import Shown
from decant.verbs.arguments import Location, checked
from decant.workflow.execute import is_reported, run_study
from decant.workflow.outcome import Outcome, summary
from decant.workflow.profile import Profile, named_profile

REPORT = "report.html"


@dataclass(frozen=True, repr=False)
class Ran(Shown):
    """A study, or what is left of it, that was run.

    Attributes
    ----------
    folder
        Everything; ``report.html`` is its report.
    outcome
        Which jobs are done, which failed, and which are left.
    """

    folder: Path
    outcome: Outcome

    def text(self) -> str:
        """Return what `decant run` prints."""
        return summary(self.outcome)


@checked()
def run(
    study: Location,
    output: Location,
    *,
    cores: int = 0,
    profile: str | None = None,
    retries: int | None = None,
    slurm_account: str | None = None,
    slurm_partition: str | None = None,
    report: bool = True,
) -> Ran:
    """Run a study, or what is left of it; the same call continues what was interrupted and tries again what failed.

    Parameters
    ----------
    study, output
        Study file (docs/study.md), and the folder for everything.
    cores
        That all jobs together may use; 0 takes every core of this machine.
    profile, slurm_account, slurm_partition
        ``slurm`` submits every job to Slurm; else a folder with a profile of Snakemake.
    retries
        Further attempts of a job that failed.
    report
        Whether the report is written at the end, if anything is new.

    Raises
    ------
    InputError
        If the study is wrong, or the folder holds another one.
    ProgramFailed
        If Snakemake or the report failed; a job that failed is a result.
    """
    folder = named_profile(profile) if profile else None
    own_cores = cores or (None if folder else available_cores())
    where = Profile(folder, own_cores, retries, slurm_account, slurm_partition)
    done = Ran(Path(output), run_study(Path(study), Path(output), where))
    if report:
        write_report(done.folder)
    return done


def write_report(folder: Path) -> None:
    """Write the report of a study if anything is new.

    Raises
    ------
    ProgramFailed
        If that failed.
    """
    if is_reported(folder, folder / REPORT):
        return
    # in a process of its own: figures of a long study would stay in this one's memory
    program = str(Path(sys.executable).parent / "decant")
    if subprocess.run([program, "report", str(folder)], check=False).returncode:
        raise ProgramFailed(f"{folder}: the report could not be written, for the reason above")
