"""`decant run`: run a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config
from decant.foundation.errors import OUT_OF_TIME


def command(
    study: Annotated[Path, typer.Argument(help="Study file; see docs/study.md.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for everything.")],
    cores: Annotated[
        int, typer.Option(help="Cores that all jobs together may use; 0 takes every core of this machine.", min=0)
    ] = 0,
    profile: Annotated[
        str | None,
        typer.Option(help="slurm submits every job to Slurm; else a folder with a profile of Snakemake."),
    ] = None,
    retries: Annotated[
        int | None,
        typer.Option(help="Further attempts of a job that failed; none on this machine, 3 with Slurm.", min=0),
    ] = None,
    slurm_account: Annotated[str | None, typer.Option(help="Account that Slurm charges.")] = None,
    slurm_partition: Annotated[
        str | None, typer.Option(help="Partition of the jobs for which the study's resources name none.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the graph and its cost, and run nothing.")] = False,
    export_only: Annotated[
        bool, typer.Option("--export-only", help="Write a batch script for each job and submit.sh, and run nothing.")
    ] = False,
    report: Annotated[
        bool, typer.Option(help="Write the report at the end, if anything is new; decant report always does.")
    ] = True,
    config: Config = None,
) -> None:
    """Run a study, or what is left of it: Snakemake runs decant's own commands in the folder.

    The same command continues what was interrupted, also by SIGKILL, and tries again what failed; what failed does not
    stop the rest. A study to which something was added runs what is new. The output of each command is in
    jobs/NAME.log, that of Snakemake in snakemake.log. The exit code is 1 if a job failed, 75 if
    a simulation is not at its end because its time was over.

    \b
    For example:
      decant validate study.yaml
      decant run study.yaml -o study --dry-run
      decant run study.yaml -o study --cores 2
      decant run study.yaml -o study --profile slurm --slurm-partition long
      decant run study.yaml -o study --export-only && study/submit.sh --account=chemistry
    """
    from decant.foundation.machine import available_cores
    from decant.verbs.run import run as study_run
    from decant.verbs.run import write_report
    from decant.workflow.execute import load
    from decant.workflow.jobs import study_jobs
    from decant.workflow.matrix import graph
    from decant.workflow.outcome import is_done
    from decant.workflow.sbatch import SCRIPTS, SUBMIT, export_study

    if dry_run:
        jobs = study_jobs(load(study)[1])
        left = {job.name for job in jobs if not is_done(output, job.name)}
        typer.echo(graph(jobs, left, cores or available_cores()))
        return
    if export_only:
        jobs = export_study(study, output)
        typer.echo(f"wrote {len(jobs)} batch scripts below {output / SCRIPTS}; {output / SUBMIT} submits them in order")
        return
    done = study_run(
        study, output, cores=cores, profile=profile, retries=retries, slurm_account=slurm_account,
        slurm_partition=slurm_partition, report=False,
    )  # fmt: skip
    typer.echo(done)
    if report:
        write_report(output)
    if done.outcome.failed or done.outcome.out_of_time:
        raise typer.Exit(1 if done.outcome.failed else OUT_OF_TIME)
