"""The licence of a published model, told before the model is used."""

from __future__ import annotations

import sys
from functools import cache


@cache  # once a process, however often the model is asked for
def tell_licence(name: str, licence: str) -> None:
    """Say on stderr under which licence a published model stands."""
    print(f"{name}: under the {licence}; by using it you accept its terms", file=sys.stderr)
