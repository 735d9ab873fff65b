"""Training programs that begin at once: forked from a process that has imported what they need.

``mace_run_train`` and ``dp`` spend most of the seconds of a tiny fit on the import of torch and of themselves. While
`warm_training` lasts, a command that starts one is run by a small client instead, which hands its working directory,
environment and open files to a server; the server forks, and the child runs the same module with the same arguments.
The client ends as the child does, passes signals on to it, and takes it along when it is killed.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import importlib
import json
import os
import runpy
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import ModuleType
from typing import Any

MACE, DP = "decant.algorithms.mace.train", "decant.algorithms.deepmd.train"
BIN = "warm-bin"
"""Folder of the command `decant` that begins at once."""
IMPORTS = {MACE: ("mace.cli.run_train", "mace.tools"), DP: ("deepmd.main", "deepmd.pt.entrypoints.main")}


@contextlib.contextmanager
def warm_training(folder: Path) -> Iterator[None]:
    """Let the training programs that this process starts be forked by servers that all workers share by a folder."""
    cold = subprocess.Popen

    class Warm(cold):  # type: ignore[misc, valid-type]
        def __init__(self, args: Any, *rest: Any, **options: Any) -> None:
            program = warm_program(args)
            if supervises(args) and folder / BIN in map(Path, os.environ["PATH"].split(os.pathsep)):
                # who runs the study has its `decant` from there, and so have its jobs
                options["env"] = {**options["env"], "PATH": f"{folder / BIN}{os.pathsep}{options['env']['PATH']}"}
            if program:
                address = _server(cold, folder, program, options.get("env"))
                args = [sys.executable, "-IS", __file__, address, *args[1:]]
            super().__init__(args, *rest, **options)

    subprocess.Popen = Warm  # type: ignore[misc]
    try:
        yield
    finally:
        subprocess.Popen = cold  # type: ignore[misc]


def warm_program(command: Any) -> str:
    """Return the training program that a command starts in this Python; an empty text for any other command."""
    if not isinstance(command, list) or command[:1] != [sys.executable] or len(command) < 3:
        return ""
    if command[1] == "-m":
        return command[2] if command[2] in IMPORTS else ""
    return DP if command[1] == "-c" and command[2].startswith("from deepmd.main import main\n") else ""


def supervises(command: Any) -> bool:
    """Say whether a command has Snakemake run a study, whose jobs are commands `decant`."""
    return isinstance(command, list) and command[1:3] == ["-m", "decant.workflow.supervisor"]


WARM = """import sys
from pathlib import Path
from decant.cli.main import main
from tests.warm import warm_training
with warm_training(Path(sys.argv.pop(1))):
    main()
"""
"""The command line, whose fits begin at once."""


def warm_decant(folder: Path) -> Path:
    """Return a folder with a command `decant` that begins at once, too: forked, as its fits are, where torch is loaded.

    For commands that another program starts by name, and for the jobs of a study that such a command runs; one that is
    killed outlives the client by moments. A rank of MPI, `decant lmp`, is a process of its own, since it inherits more
    than its environment and three files.
    """
    address, programs = _server(subprocess.Popen, folder, MACE, os.environ), folder / BIN
    programs.mkdir(exist_ok=True)
    warm = shlex.join([sys.executable, "-IS", __file__, address, "-c", WARM, str(folder)])
    cold = shlex.quote(str(Path(sys.executable).parent / "decant"))
    with NamedTemporaryFile("w", dir=folder, delete=False) as file:
        file.write(f'#!/bin/sh\n[ "$1" = lmp ] && exec {cold} "$@"\nexec {warm} "$@"\n')
    Path(file.name).chmod(0o755)
    Path(file.name).replace(programs / "decant")
    return programs


def _server(popen: Any, folder: Path, program: str, environment: Any) -> str:
    """Return the address of a program's server, started by the first worker that asks for it."""
    ready = folder / f"warm-{program.split('.')[2]}"
    address = hashlib.sha256(str(ready).encode()).hexdigest()[:16]
    with ready.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            # the process that starts the workers of pytest-xdist outlives them
            master = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
            words = [sys.executable, "-m", "tests.warm", program, address, str(ready), str(master)]
            with ready.with_suffix(".log").open("w") as log:
                process = popen(
                    words, cwd=Path(__file__).parents[1], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    env={**environment, "NUM_WORKERS": "0"},  # read as deepmd is imported; what its trainings have
                    start_new_session=True,
                )  # fmt: skip
            while not ready.exists():
                assert process.poll() is None, ready.with_suffix(".log").read_text()
                time.sleep(0.05)
    return address


def serve(program: str, address: str, ready: Path, master: int) -> None:
    """Fork a process for each request until the process that all of this is for has ended."""
    for module in IMPORTS[program]:
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those that look after a child are not waited for
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"\0{address}")
        listening.listen()
        listening.settimeout(1.0)
        ready.touch()
        while Path(f"/proc/{master}").exists():
            with contextlib.suppress(TimeoutError):
                connection, _ = listening.accept()
                if os.fork() == 0:
                    listening.close()
                    _look_after(connection)
                    os._exit(0)
                connection.close()


def _look_after(connection: socket.socket) -> None:
    """Run what a client asks for in a child; tell the client its number and its end, and end it when the client has."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, files, _, _ = socket.recv_fds(connection, 8, 3)
    request = json.loads(connection.recv(int(size), socket.MSG_WAITALL))
    child = os.fork()
    if child == 0:
        connection.close()
        _become(request, files)
    for file in files:
        os.close(file)
    connection.sendall(f"{child:8}".encode())
    ended = os.pidfd_open(child)
    if ended not in select.select([connection, ended], [], [])[0]:
        os.kill(child, signal.SIGTERM)
        if not select.select([ended], [], [], 10.0)[0]:
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        connection.sendall(f"{status:8}".encode())


def _become(request: dict[str, Any], files: Sequence[int]) -> None:
    """Be the Python process that was asked for, to its end."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    option, what, *arguments = request["words"]
    sys.argv[:] = [option, *arguments]
    sys.path[0] = "" if option == "-c" else request["folder"]
    code: Any = 0
    try:
        if option == "-c":
            main = sys.modules["__main__"] = ModuleType("__main__")  # which processes that it starts import, too
            exec(compile(what, "<string>", "exec"), main.__dict__)
        else:
            runpy.run_module(what, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def ask(address: str, words: list[str]) -> None:
    """Have a server run a Python command, and end as it does."""
    request = json.dumps({"folder": str(Path.cwd()), "environment": dict(os.environ), "words": words}).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"\0{address}")
        socket.send_fds(connection, [f"{len(request):8}".encode()], [0, 1, 2])
        connection.sendall(request)
        child = int(connection.recv(8, socket.MSG_WAITALL))
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, _: os.kill(child, number))
        status = int(connection.recv(8, socket.MSG_WAITALL) or "9")
    if os.WIFSIGNALED(status):
        with contextlib.suppress(OSError):  # SIGKILL has no other
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    if sys.flags.isolated:
        ask(sys.argv[1], sys.argv[2:])
    else:
        serve(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
