"""Which operations there are: those of the docs at least, and what else openapi.yaml has.

An operation may be in openapi.yaml before the client has a method and the emulator a handler.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

import bytehouse_emulator.handlers  # noqa: F401 - it registers them
from bytehouse_emulator.calls.call import HANDLERS
from bytehouse_openapi import read
from codegen.upstream.methods import methods

__all__ = ["DOCUMENTED", "MODELLED", "sent"]

_ROOT: Final = Path(__file__).parents[2]
_IDS: Final = _ROOT / "tests" / "spec" / "operation_ids.txt"
DOCUMENTED: Final = tuple(_IDS.read_text("utf-8").split())
"""Ids of the operations of the docs, in their order."""
MODELLED: Final = frozenset(HANDLERS)
"""Ids of the operations that the emulator has a handler for."""


@functools.cache
def sent() -> frozenset[str]:
    """Return the ids of the operations that a method of the client sends."""
    document = read(str(_ROOT / "openapi.yaml")).document
    return frozenset(methods(_ROOT / "overlay" / "bytehouse" / "_async", document))
