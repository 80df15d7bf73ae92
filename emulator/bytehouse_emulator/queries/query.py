"""A query, the session it belongs to, and the run of one that has not ended."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, Literal

import msgspec

from bytehouse_emulator.errors import EmulatorError
from bytehouse_emulator.model.catalog import Place
from bytehouse_emulator.sql.dialect import Mode, Prepared
from bytehouse_emulator.sql.engine import EngineError, EngineSession
from bytehouse_emulator.storage.results import Result

# Runs one statement in a session of the engine.
Execute = Callable[[EngineSession, Prepared], None]
Status = Literal["NotStarted", "Running", "Finished", "Failed", "Killed"]
ENDED: Final = frozenset({"Finished", "Failed", "Killed"})


class Failure(msgspec.Struct):
    """Why a query has no result."""

    status: int
    code: str
    message: str

    def error(self) -> EmulatorError:
        """Return it as an error."""
        return EmulatorError(self.status, self.code, self.message)


class Query(msgspec.Struct, kw_only=True):
    """A query: what was submitted, its status, and its results."""

    id: str
    kind: Literal["sync", "async"]
    text: str
    mode: Mode
    max_rows: int = 0
    changes: list[str] = []
    session: str = ""
    # In seconds; None for a session that lasts, and takes several queries at a time.
    session_timeout: int | None = None
    session_must_exist: bool = False
    role: str = ""
    warehouse: str = ""
    status: Status = "NotStarted"
    created_at: str = ""
    started_at: str = ""
    finished_at: str = ""
    failure: Failure | None = None
    results: list[Result] = []

    @property
    def kept_session(self) -> str:
        """The name under which its session is kept: what one role leaves in a session, temporary
        tables too, is not for another. Empty if it has none."""
        return f"{self.role}: {self.session}" if self.session else ""

    def times(self) -> dict[str, str]:
        """Return when it was created, started and finished, as far as it was."""
        times = {
            "createdAt": self.created_at,
            "startedAt": self.started_at,
            "finishedAt": self.finished_at,
        }
        return {name: time for name, time in times.items() if time}


class QuerySession(msgspec.Struct):
    """The database and the settings that one query of a session leaves to the next."""

    database: str = ""
    settings: list[str] = []


class Run:
    """The run of a query that has not ended."""

    def __init__(self, query: Query, execute: Execute | None = None) -> None:
        self.query = query
        self.execute = execute
        self.killed = False
        self.changes: Place | None = None
        """The table that its statement changes in the background of the engine."""
        self.ended: Future[Query] = Future()
        # A waiting caller may be cancelled; that must not cancel the future.
        self.ended.set_running_or_notify_cancel()

    def wait(self, timeout: float) -> bool:
        """Wait until the query has ended; return whether it has."""
        try:
            self.ended.result(timeout)
        except TimeoutError:
            return False
        return True

    def check_killed(self) -> None:
        """Raise if the query was killed between two statements."""
        if self.killed:
            raise EngineError("Code: 394. DB::Exception: Query was killed. (QUERY_WAS_CANCELLED)")
