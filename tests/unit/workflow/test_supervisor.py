"""The supervisor of a study's jobs ends as its program does, and takes everything with it when its caller is gone."""

from __future__ import annotations

import subprocess
import sys

import pytest


def supervised(*command: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "decant.workflow.supervisor", *command]
    return subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True)


@pytest.mark.parametrize("code", [0, 3])
def test_it_ends_with_the_code_of_its_program_while_its_caller_is_there(code: int) -> None:
    process = supervised("sh", "-c", f"exit {code}")
    try:
        assert process.wait(timeout=60) == code
    finally:
        assert process.stdin is not None
        process.stdin.close()


def test_the_end_of_its_caller_ends_the_program() -> None:
    process = supervised("sleep", "600")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=60) != 0
