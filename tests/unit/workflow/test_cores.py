"""The shell of a job keeps decant to the cores of the job, and leaves threads to the user whatever Snakemake sets."""

from __future__ import annotations

import subprocess

from decant.workflow.cores import SNAKEMAKES, as_the_user_set, keep_to


def left(script: str, **environment: str) -> dict[str, str]:
    """Return the environment that a program has behind lines of bash."""
    path = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["bash", "-euc", f"{script}\nenv"], env={**path, **environment}, capture_output=True, text=True, check=True
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def test_a_job_knows_its_cores() -> None:
    assert left(keep_to(3))["DECANT_CORES"] == "3"


def test_what_snakemake_sets_is_gone_and_what_the_user_set_is_back() -> None:
    snakemake = dict.fromkeys(SNAKEMAKES, "2")
    assert not set(SNAKEMAKES) & set(left(as_the_user_set({"HOME": "/home/me"}), **snakemake))
    found = left(as_the_user_set({"OMP_NUM_THREADS": "4, 2", "MKL_NUM_THREADS": "1"}), **snakemake)
    assert {name: found.get(name) for name in SNAKEMAKES[:4]} == {
        "OMP_NUM_THREADS": "4, 2", "GOTO_NUM_THREADS": None, "OPENBLAS_NUM_THREADS": None, "MKL_NUM_THREADS": "1",
    }  # fmt: skip
