"""Where a study's jobs run is a profile of Snakemake: what decant adds to it, and what it says where that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from decant.foundation.errors import InputError
from decant.workflow.profile import BUILT_IN, Profile, named_profile, slurms_word, status_command


def own(folder: Path, **values: object) -> Path:
    (folder / "config.yaml").write_text(yaml.safe_dump(values))
    return folder


def program(folder: Path, name: str, code: int) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\nexit {code}\n")
    (folder / name).chmod(0o755)


def test_without_a_profile_only_the_cores_of_this_machine_are_named() -> None:
    assert Profile(cores=3).words() == ["--cores", "3"] and not Profile(cores=3).is_slurm
    assert Profile(cores=3, retries=2).words() == ["--cores", "3", "--retries", "2"]


def test_the_built_in_profile_submits_to_slurm_and_tries_again() -> None:
    profile = Profile(named_profile("slurm"))
    assert profile.is_slurm
    values = yaml.safe_load((BUILT_IN["slurm"] / "config.yaml").read_text())
    assert values["executor"] == "slurm" and values["retries"] >= 1 and values["jobs"] > 1


def test_a_profile_that_does_not_exist_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"`profile` slrm: neither slurm nor a folder.*did you mean 'slurm'"):
        named_profile("slrm")


def test_a_folder_without_a_configuration_is_no_profile(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no config\.yaml"):
        named_profile(str(tmp_path))


def test_the_file_for_newer_versions_of_snakemake_comes_first(tmp_path: Path) -> None:
    own(tmp_path, executor="other")
    (tmp_path / "config.v8+.yaml").write_text("executor: slurm\n")
    assert Profile(named_profile(str(tmp_path))).is_slurm


def test_a_machine_without_slurm_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="no sbatch on this machine"):
        Profile(named_profile("slurm")).words()


@pytest.mark.parametrize(("code", "command"), [(0, "sacct"), (1, "squeue")])
def test_states_are_asked_of_accounts_where_slurm_keeps_them(
    code: int, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, result in (("sbatch", 0), ("sacct", code)):
        program(tmp_path / "bin", name, result)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    assert status_command() == command
    words = Profile(own(tmp_path, executor="slurm")).words()
    assert words[words.index("--slurm-status-command") + 1] == command
    chosen = Profile(own(tmp_path, executor="slurm", **{"slurm-status-command": "sacct"})).words()
    assert "--slurm-status-command" not in chosen


def test_account_and_partition_join_the_default_resources_of_the_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "sbatch", 0)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for given in (["slurm_extra='--exclusive'"], {"slurm_extra": "'--exclusive'"}):
        folder = own(tmp_path, executor="slurm", **{"default-resources": given})
        words = Profile(folder, account="chemistry", partition="long").words()
        expected = ["slurm_extra='--exclusive'", "slurm_account=chemistry", "slurm_partition=long"]
        assert words[words.index("--default-resources") + 1 :] == expected
        assert "--default-resources" not in Profile(folder).words()


def test_the_last_attempt_of_a_job_tells_how_slurm_ended_it(tmp_path: Path) -> None:
    assert slurms_word(tmp_path, "fit/a/b/1") == ""
    folder = tmp_path / "slurm" / "rule_fit" / "a_b_1"
    folder.mkdir(parents=True)
    (folder / "9.log").write_text("slurmstepd: error: *** JOB 9 ON n1 CANCELLED AT 2026-11-25T04:45:12 ***\n")
    assert slurms_word(tmp_path, "fit/a/b/1") == "Slurm ended its job 9; see slurm/rule_fit/a_b_1/9.log"
    late = "slurmstepd: error: *** JOB 10 ON n1 CANCELLED AT 2026-11-25T04:45:12 DUE TO TIME LIMIT ***\n"
    (folder / "10.log").write_text(late)
    assert slurms_word(tmp_path, "fit/a/b/1").startswith("Slurm ended its job 10 due to time limit; see")
