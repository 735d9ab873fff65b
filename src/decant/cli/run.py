"""`decant run`: run a study."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    study: Annotated[Path, typer.Argument(help="Study file; see docs/study.md.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for everything.")],
    cores: Annotated[int, typer.Option(help="Cores that all jobs together may use; 0 takes every core.", min=0)] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the graph and its cost, and run nothing.")] = False,
    export_only: Annotated[
        bool, typer.Option("--export-only", help="Write a batch script for each job and submit.sh, and run nothing.")
    ] = False,
    report: Annotated[bool, typer.Option(help="Write the report at the end.")] = True,
    config: Config = None,
) -> None:
    """Run a study, or what is left of it: Snakemake runs decant's own commands in the folder.

    The same command continues what was interrupted, also by SIGKILL, and tries again what failed; what failed does not
    stop the rest. A study to which something was added runs what is new. The output of each command is in
    jobs/NAME.log, that of Snakemake in snakemake.log. The exit code is 1 if a job failed.

    \b
    For example:
      decant validate study.yaml
      decant run study.yaml -o study --dry-run
      decant run study.yaml -o study --cores 2
      decant run study.yaml -o study --export-only && study/submit.sh --account=chemistry
    """
    from decant.lammps.command import available_cores
    from decant.workflow.execute import load, run_study
    from decant.workflow.jobs import study_jobs
    from decant.workflow.matrix import graph
    from decant.workflow.outcome import is_done, summary
    from decant.workflow.sbatch import SCRIPTS, SUBMIT, export_study

    cores = cores or available_cores()
    if dry_run:
        jobs = study_jobs(load(study)[1])
        typer.echo(graph(jobs, {job.name for job in jobs if not is_done(output, job.name)}, cores))
        return
    if export_only:
        jobs = export_study(study, output)
        typer.echo(f"wrote {len(jobs)} batch scripts below {output / SCRIPTS}; {output / SUBMIT} submits them in order")
        return
    result = run_study(study, output, cores)
    typer.echo(summary(result))
    code = 1 if result.failed else 0
    if report:
        program = str(Path(sys.executable).parent / "decant")
        code = subprocess.run([program, "report", str(output)], check=False).returncode or code
    if code:
        raise typer.Exit(code)
