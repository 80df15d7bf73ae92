"""Know the states of what runs on the service, in all the spellings that are likely.

The spellings of the REST API are not documented (save a warehouse's ``up`` and ``down``), so case
and separators do not count, and a word that is not known means that something is still on its way:
whoever waits has a deadline.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Literal

__all__ = ["Phase", "WarehouseStatus", "heading_of", "phase_of", "warehouse_phase"]

WarehouseStatus = Literal["up", "down"]


class Phase(Enum):
    """Say where something that runs stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


def _by_word(table: Mapping[Phase, str]) -> dict[str, Phase]:
    return {word: phase for phase, words in table.items() for word in words.split()}


_PHASES = _by_word(
    {
        Phase.SUCCEEDED: "finished success succeeded successful completed complete done",
        Phase.FAILED: "failed failure error exception timeout timedout",
        Phase.CANCELLED: "killed cancelled canceled aborted stopped terminated",
    }
)
_UP = frozenset("up running started active ready available resumed online on".split())
_DOWN = frozenset("down suspended stopped paused inactive offline off".split())
_RISING = frozenset("starting resuming creating pending provisioning initializing".split())
_FALLING = frozenset("suspending stopping pausing shuttingdown".split())


def _word(status: object) -> str:
    return "".join(c for c in status.lower() if c.isalpha()) if isinstance(status, str) else ""


def phase_of(status: object) -> Phase:
    """Return the phase that the status of a query or an execution stands for."""
    return _PHASES.get(_word(status), Phase.RUNNING)


def warehouse_phase(status: object, until: WarehouseStatus) -> Phase:
    """Return how far a warehouse with this status has come on its way to another."""
    word = _word(status)
    if word in (_UP if until == "up" else _DOWN):
        return Phase.SUCCEEDED
    return Phase.FAILED if _PHASES.get(word) is Phase.FAILED else Phase.RUNNING


def heading_of(status: object) -> WarehouseStatus | None:
    """Return the state that a warehouse with this status is in or on its way to; None if that is
    not known."""
    word = _word(status)
    if word in _UP or word in _RISING:
        return "up"
    return "down" if word in _DOWN or word in _FALLING else None
