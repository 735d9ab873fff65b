"""How a study stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from decant.foundation.shown import Shown
from decant.verbs.arguments import Location, checked
from decant.workflow.status import Status, read_status
from decant.workflow.status_text import status_text


@dataclass(frozen=True, repr=False)
class Standing(Shown):
    """Which jobs of a study are done, run, failed or wait; `status` has each with its times."""

    status: Status

    def text(self) -> str:
        """Return what `decant status` prints."""
        return status_text(self.status, False)


@checked()
def status(folder: Location) -> Standing:
    """Read how a study stands; nothing in its folder is changed.

    Raises
    ------
    InputError
        If it is no study's folder, or no run of it has begun.
    """
    return Standing(read_status(Path(folder)))
