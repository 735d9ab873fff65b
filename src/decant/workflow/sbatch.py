"""A study for people who submit by hand: a plain batch script for each job, and one that submits them all in order.

The scripts leave the same markers and logs as Snakemake does, so that ``decant status``, ``decant report`` and a later
``decant run`` on the same folder know what is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from decant.foundation.directories import require_own
from decant.foundation.errors import OUT_OF_TIME
from decant.foundation.files import write_beside
from decant.foundation.locks import locked
from decant.workflow.cores import keep_to
from decant.workflow.execute import A_STUDY, load, write_inputs
from decant.workflow.job_log import logged
from decant.workflow.jobs import Job, study_jobs
from decant.workflow.status import STUDY

SCRIPTS, SUBMIT, ENVIRONMENT = "sbatch", "submit.sh", "environment.sh"
ENVIRONMENT_TEXT = """\
# What a job of this study needs to find decant; every batch script begins with it. For example:
#   module load mpich
#   source "$HOME/decant/bin/activate"
#   export DECANT_LAUNCHER="srun --mpi=pmix -n {ranks}"     # how MPI ranks are started; see docs/clusters.md
"""
SUBMIT_TEXT = """\
#!/bin/bash
# Submits the jobs of this study that are left. Each begins when those whose results it reads have succeeded
# (--dependency=afterok); if one fails, Slurm cancels what needs it. The options given here go to every sbatch:
#   ./submit.sh --account=chemistry
# Called again, it submits what is neither done nor in the queue. How the study stands: decant status .
set -euo pipefail
cd -P "$(dirname "$0")"
options=("$@")

declare -A id
while IFS='|' read -r number name folder; do
  if [ "$folder" = "$PWD" ]; then id[$name]=$number; fi
done < <(squeue --me --noheader --format='%i|%j|%Z')

submit() {  # the name of a job, and the names of those that it needs
  local name=$1 needed after=""
  shift
  if [ -e "jobs/$name.done" ]; then return; fi
  if [ -n "${id[$name]:-}" ]; then echo "${id[$name]} $name, in the queue already"; return; fi
  for needed; do
    if [ ! -e "jobs/$needed.done" ]; then after+=":${id[$needed]}"; fi
  done
  number=$(sbatch --parsable --job-name="$name" ${after:+--dependency="afterok$after" --kill-on-invalid-dep=yes} \\
    ${options[@]+"${options[@]}"} "sbatch/$name.sh")
  id[$name]=${number%%;*}
  echo "${id[$name]} $name${after:+, after ${after#:}}"
}

"""


def export_study(path: Path, folder: Path) -> list[Job]:
    """Write everything that a study needs on a cluster into a folder, and submit nothing; return its jobs.

    Parameters
    ----------
    path
        The study file.
    folder
        The study's folder, made if missing.

    Raises
    ------
    InputError
        If the study is wrong, or the folder holds something else or is in use.
    """
    values, study = load(path)
    require_own(folder, STUDY, A_STUDY)
    jobs = study_jobs(study)
    with locked(folder, "running a study"):
        write_inputs(folder, values, study, jobs)
        for job in jobs:
            (folder / "jobs" / job.name).parent.mkdir(parents=True, exist_ok=True)  # Slurm makes no folder for --output
            _write_script(folder / SCRIPTS / f"{job.name}.sh", script(job))
        if not (folder / ENVIRONMENT).exists():  # it is the user's own
            _write_script(folder / ENVIRONMENT, ENVIRONMENT_TEXT)
        _write_script(folder / SUBMIT, submit_script(jobs))
    return jobs


def script(job: Job) -> str:
    """Return the batch script of a job; it is submitted from the study's folder."""
    marker = f"jobs/{job.name}"
    asked = [
        f"--job-name={job.name}", f"--output={marker}.slurm", f"--ntasks={job.ranks}",
        f"--cpus-per-task={job.cores_a_rank}", f"--mem={job.memory_MB}M", f"--time={job.minutes}",
        *([f"--gpus={job.gpus}"] if job.gpus else []),
        *([f"--partition={job.partition}"] if job.partition else []),
    ]  # fmt: skip
    again = []
    if job.kind == "simulate":  # it goes on in the same job, so that those that wait for it still do
        asked.append("--requeue")
        again = [f'if [ $code -eq {OUT_OF_TIME} ]; then exec scontrol requeue "$SLURM_JOB_ID"; fi']
    needs = f"needs {', '.join(job.inputs)}" if job.inputs else "needs no other job"
    return "\n".join(
        [
            "#!/bin/bash",
            f"# {job.name}: {needs}",
            *(f"#SBATCH {words}" for words in asked),
            f"if [ -e {marker}.done ]; then exit 0; fi",
            f". ./{ENVIRONMENT}",
            keep_to(job.cores),
            "SECONDS=0",
            logged(job.shell, f"{marker}.log"),
            *again,
            "if [ $code -ne 0 ]; then exit $code; fi",
            f'printf "s\\n%s\\n" "$SECONDS" > {marker}.tsv',
            f"touch {marker}.done",
            "",
        ]
    )


def submit_script(jobs: Sequence[Job]) -> str:
    """Return the script that submits the jobs, each after those that it needs."""
    return SUBMIT_TEXT + "".join(f"submit {' '.join((job.name, *job.inputs))}\n" for job in jobs)


def _write_script(path: Path, text: str) -> None:
    with write_beside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
        temporary.chmod(0o755)
