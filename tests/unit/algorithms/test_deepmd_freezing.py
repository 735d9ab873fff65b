"""Tables replace the embedding networks of the Deep Potentials that have a table form."""

from __future__ import annotations

from typing import Any

import pytest

from decant.algorithms.deepmd.freezing import compressible


@pytest.mark.parametrize(
    ("descriptor", "has"),
    [
        ({"type": "se_e2_a"}, True),
        ({"type": "se_atten_v2", "attn_layer": 0}, True),
        ({"type": "se_atten_v2"}, False),  # two layers of attention unless told otherwise
        ({"type": "se_atten", "attn_layer": 2}, False),
        ({"type": "dpa2"}, False),
        ({"type": "dpa3"}, False),
    ],
)
def test_attention_and_messages_are_not_compressed(descriptor: dict[str, Any], has: bool) -> None:
    assert compressible({"descriptor": descriptor}) is has
