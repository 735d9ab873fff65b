"""The log of a job: when and where the job began, whether a process holds it, how it ended, and its last words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from decant.foundation.errors import OUT_OF_TIME, REASON, UnknownElement
from decant.foundation.locks import is_held

ERROR = "decant: error: "
"""What the last line of a command begins with that failed and knows why."""
STARTED = re.compile(r"started (\S+) on (\S+)")
ENDED = re.compile(r"ended (\S+) with exit code (\d+)(?:, reason (\S+))?")
OLDER = {"the potential knows only": UnknownElement.code}
"""Phrases in the last words of logs from versions that wrote no codes, and the code that each stands for."""
TAIL = 4096
"""Bytes at the end of a log that are looked at."""


def logged(command: str, log: str) -> str:
    """Return lines of bash that run a command into its log, framed by lines which tell when it started and ended.

    The exit code of the command is in ``$code`` afterwards. Where the command tells why it failed by a code of
    `decant.foundation.errors`, the last line has it: a command finds in the environment which file it tells it in.

    The command holds a lock on the log, as do the processes that it starts: whoever finds it free knows that they are
    gone, however they ended.
    """
    return f"""\
rm -f {log}.reason
(
  flock 1
  echo "started $(date -Is) on $(hostname)"
  export {REASON}="$(realpath {log}.reason)"
  {command}
) > {log} 2>&1 && code=0 || code=$?
reason=$(sed 's/^/, reason /' {log}.reason 2> /dev/null || true)
rm -f {log}.reason
echo "ended $(date -Is) with exit code $code$reason" >> {log}"""


@dataclass(frozen=True)
class JobLog:
    """What a log says, as it was when it was read.

    Attributes
    ----------
    path
        The file.
    is_held
        Whether a process of the job is alive.
    started, host
        When and where it began; None in a log that does not tell.
    ended, exit_code
        When it ended and how; None if it runs or was killed.
    told
        The code of `decant.foundation.errors` by which the command told why it failed; empty if it told none.
    words
        The last lines of the command itself.
    changed
        When the file last changed.
    """

    path: Path
    is_held: bool
    started: datetime | None
    host: str | None
    ended: datetime | None
    exit_code: int | None
    told: str
    words: tuple[str, ...]
    changed: datetime

    @property
    def has_failed(self) -> bool:
        """Whether the command itself says that it failed; one that is out of time has not, it continues."""
        if self.exit_code is None:
            return bool(self.words) and self.words[-1].startswith(ERROR)
        return self.exit_code != 0 and not self.is_out_of_time

    @property
    def is_out_of_time(self) -> bool:
        """Whether it is a simulation whose time was over before its end."""
        return self.exit_code == OUT_OF_TIME

    @property
    def reason(self) -> str:
        """Why it failed, in the command's own words."""
        last = self.words[-1] if self.words else "none"
        if last.startswith(ERROR):
            return last.removeprefix(ERROR)
        how = "without saying why" if self.exit_code is None else f"with exit code {self.exit_code}"
        return f"ended {how}; its last words: {last}"

    @property
    def code(self) -> str:
        """Why it failed, by a code of `decant.foundation.errors`; empty where there is none for it."""
        last = self.words[-1] if self.words else ""
        if self.told or not last.startswith(ERROR):
            return self.told
        return next((code for phrase, code in OLDER.items() if phrase in last), "")


def read_log(path: Path) -> JobLog | None:
    """Read the log of a job; None if it has not begun."""
    try:
        held = is_held(path)  # asked first: what is not held will not change any more
        with path.open("rb") as stream:
            head = stream.readline().decode("utf-8", errors="replace").strip()
            size, changed = path.stat().st_size, path.stat().st_mtime
            stream.seek(max(0, size - TAIL))
            text = stream.read().decode("utf-8", errors="replace").replace("\r", "\n")
    except FileNotFoundError:
        return None
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    first, last = STARTED.fullmatch(head), ENDED.fullmatch(lines[-1]) if lines else None
    words = lines[1 if first and size <= TAIL else 0 : -1 if last else None]
    return JobLog(
        path,
        held,
        datetime.fromisoformat(first[1]) if first else None,
        first[2] if first else None,
        datetime.fromisoformat(last[1]) if last else None,
        int(last[2]) if last else None,
        (last[3] or "") if last else "",
        tuple(words),
        datetime.fromtimestamp(changed).astimezone(),
    )
