"""Know the states of what runs on the service, in all the spellings that are likely."""

from __future__ import annotations

from enum import Enum

__all__ = ["Phase", "phase_of"]


class Phase(Enum):
    """Say where something that runs stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


_WORDS = {
    Phase.SUCCEEDED: (
        "finished",
        "success",
        "succeeded",
        "successful",
        "completed",
        "complete",
        "done",
    ),
    Phase.FAILED: ("failed", "failure", "error", "exception", "timeout", "timedout"),
    Phase.CANCELLED: ("killed", "cancelled", "canceled", "aborted", "stopped", "terminated"),
}
_PHASES = {word: phase for phase, words in _WORDS.items() for word in words}


def phase_of(status: object) -> Phase:
    """Return the phase that a status stands for.

    The spellings of the REST API are not documented, so case and separators do not count, and a
    word that is not known means that it still runs: whoever waits has a deadline.
    """
    word = "".join(c for c in str(status).lower() if c.isalpha()) if isinstance(status, str) else ""
    return _PHASES.get(word, Phase.RUNNING)
