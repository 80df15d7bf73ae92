"""Parse the states of what runs on the service, in all likely spellings.

The spellings of the REST API are not documented (except a warehouse's ``up`` and ``down``), so case
and separators are ignored, and an unknown state means that something is still running: every wait
has a time limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Literal

WarehouseStatus = Literal["up", "down"]


class Phase(Enum):
    """Name the phase of something that runs."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


def _by_name(table: Mapping[Phase, str]) -> dict[str, Phase]:
    return {name: phase for phase, names in table.items() for name in names.split()}


_PHASES = _by_name(
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


def _normalized(status: object) -> str:
    return "".join(c for c in status.lower() if c.isalpha()) if isinstance(status, str) else ""


def phase_of(status: object) -> Phase:
    """Return the phase of a query or an execution with this status."""
    return _PHASES.get(_normalized(status), Phase.RUNNING)


def warehouse_phase(status: object, until: WarehouseStatus) -> Phase:
    """Return the phase of a warehouse with this status that is to go up or down."""
    name = _normalized(status)
    if name in (_UP if until == "up" else _DOWN):
        return Phase.SUCCEEDED
    return Phase.FAILED if _PHASES.get(name) is Phase.FAILED else Phase.RUNNING


def heading_of(status: object) -> WarehouseStatus | None:
    """Return the state that a warehouse with this status is in or changing to; None if that is not
    known."""
    name = _normalized(status)
    if name in _UP or name in _RISING:
        return "up"
    return "down" if name in _DOWN or name in _FALLING else None
