"""A real Slurm on this machine's loopback: one node, no accounting, in a folder of its own with ports of its own.

    python -m tests.slurm FOLDER        # starts it, prints what a shell needs to use it, ends it when it is ended

Debian's packages slurm-wlm and munge are enough. Nothing outside the folder is touched, and a Slurm that this machine
has already is left alone.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

CLIENTS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo", "sacct")
PROGRAMS = ("munged", "slurmctld", "slurmd", *CLIENTS)
PATH = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin{os.pathsep}/sbin"
CONFIGURATION = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# a job that is requeued waits for the end of its credential
AuthInfo=socket={folder}/munge.socket,cred_expire=10
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=1,sched_min_interval=1
ReturnToService=2
KillWait=5
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=16000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""

# Snakemake asks how its jobs stand (`squeue --states=all --noheader --name RUN`) ever more rarely while none has ended,
# and waits after most jobs far longer than they took. So this question is answered when there is news, that is when
# more or fewer jobs have ended than in the answer before, and after half a minute at the latest.
NEWS = """\
case "$*" in *"--states=all --noheader --name "*)
  for run; do :; done  # the last word
  told={folder}/told-$run
  until=$(($(date +%s) + 30))
  while :; do
    ended=$({squeue} "$@" | grep -Ecv '[|](PENDING|CONFIGURING|RUNNING|SUSPENDED|COMPLETING|REQUEUED|REQUEUE_HOLD)$')
    [ "$ended" != "$(cat "$told" 2>/dev/null || echo 0)" ] && break
    [ "$(date +%s)" -ge $until ] && break
    sleep 0.5
  done
  echo "$ended" >"$told"
esac
"""


def missing() -> list[str]:
    """Return the programs that this machine lacks for a Slurm of its own."""
    return [program for program in PROGRAMS if not shutil.which(program, path=PATH)]


@contextlib.contextmanager
def slurm(folder: Path, cores: int = 2) -> Iterator[dict[str, str]]:
    """Run a Slurm; yield the environment in which its commands find it, and end it with all its jobs.

    Parameters
    ----------
    folder
        An empty folder; its path must be short, since that of a socket is limited.
    cores
        Cores of the node, as far as Slurm counts them.
    """
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    key, configuration = folder / "munge.key", folder / "slurm.conf"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    configuration.write_text(
        CONFIGURATION.format(
            host=socket.gethostname().split(".")[0], folder=folder, ports=_free_ports(2), user=user, cores=cores
        )
    )
    (folder / "gres.conf").write_text("Name=gpu File=/dev/null\n")  # a card to be asked for, not to compute on
    environment = {**os.environ, "PATH": f"{_clients(folder)}{os.pathsep}{PATH}", "SLURM_CONF": str(configuration)}
    with contextlib.ExitStack() as daemons:
        munge = [f"--{name}={folder / f'munge.{name}'}" for name in ("socket", "pid-file", "log-file", "seed-file")]
        daemons.enter_context(_daemon(["munged", "--foreground", "--force", f"--key-file={key}", *munge], environment))
        _wait(lambda: (folder / "munge.socket").exists(), folder, "munged")
        daemons.enter_context(_daemon(["slurmctld", "-D", "-c"], environment))
        daemons.enter_context(_daemon(["slurmd", "-D"], environment))
        _wait(lambda: "idle" in ask(environment, "sinfo", "--noheader", "--format=%T"), folder, "slurmd")
        try:
            yield environment
        finally:
            ask(environment, "scancel", "--full", "--user", user)
            with contextlib.suppress(TimeoutError):
                _wait(lambda: not ask(environment, "squeue", "--noheader"), folder, "scancel")


def _clients(folder: Path) -> Path:
    """Return a folder with Slurm's commands bound to this Slurm: a job's own environment may have lost SLURM_CONF."""
    programs = folder / "bin"
    programs.mkdir()
    for name in CLIENTS:
        program = shutil.which(name, path=PATH)
        waits = NEWS.format(folder=folder, squeue=program) if name == "squeue" else ""
        (programs / name).write_text(
            f'#!/bin/sh\nexport SLURM_CONF={folder / "slurm.conf"}\n{waits}exec {program} "$@"\n'
        )
        (programs / name).chmod(0o755)
    return programs


def ask(environment: dict[str, str], *command: str) -> str:
    """Return what a command of Slurm prints; an empty text if it fails."""
    result = subprocess.run(
        [str(shutil.which(command[0], path=environment["PATH"])), *command[1:]],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout.strip() if result.returncode == 0 else ""


@contextlib.contextmanager
def _daemon(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        [str(shutil.which(command[0], path=PATH)), *command[1:]],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(is_true: object, folder: Path, what: str) -> None:
    """Wait until something is so; `TimeoutError` with the last lines of the daemons' logs otherwise."""
    assert callable(is_true)
    limit = time.monotonic() + 60
    while not is_true():
        if time.monotonic() > limit:
            logs = {log.name: log.read_text(errors="replace")[-500:] for log in folder.glob("*.log*")}
            raise TimeoutError(f"{what}: {logs}")
        time.sleep(0.2)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def main() -> None:
    """Run a Slurm until interrupted."""
    if lacking := missing():
        sys.exit(f"missing: {', '.join(lacking)}; Debian: apt-get install slurm-wlm munge")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with slurm(Path(sys.argv[1]).resolve()) as environment, contextlib.suppress(KeyboardInterrupt):
        print(f"export SLURM_CONF={environment['SLURM_CONF']} PATH={sys.argv[1]}/bin:$PATH", flush=True)
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main()
