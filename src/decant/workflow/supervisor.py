"""Runs a program, and ends it and all it started when the process that asked for it is gone.

    python -m decant.workflow.supervisor COMMAND ARGUMENT ...

Standard input is a pipe that nobody writes to: its end says that whoever holds the other end was killed. The
supervisor must lead a process group of its own, which is then asked to end, and after `GRACE` seconds is ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

GRACE = 8.0
"""Seconds between asking the processes to end and ending them; LAMMPS's own launcher needs up to 5."""


def main() -> int:
    """Run the command of the arguments; return its exit code."""
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it asks its whole group to end
    threading.Thread(target=_end_with_caller, daemon=True).start()
    code = process.wait()
    end_others()
    return code


def _end_with_caller() -> None:
    while os.read(0, 1):  # not through sys.stdin, whose lock a thread that reads keeps when the interpreter ends
        pass
    end_others()
    os._exit(1)


def end_others() -> None:
    """End every other process of this group."""
    if _others():
        os.killpg(0, signal.SIGTERM)
    limit = time.monotonic() + GRACE
    while others := _others():
        for number in others if time.monotonic() > limit else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.05)


def _others() -> list[int]:
    """Return the other processes of this group that have not ended."""
    group, found = os.getpgrp(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, number = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):  # it has just ended
            continue
        if int(number) == group and state != "Z" and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


if __name__ == "__main__":
    sys.exit(main())
