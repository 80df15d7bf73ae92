"""The documents of data loading: connections, import jobs, executions, logs."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec

from bytehouse_emulator.errors import already_exists
from bytehouse_emulator.loading.plans import Plan
from bytehouse_emulator.simulation.clock import timestamp
from bytehouse_emulator.storage.documents import DocumentStore

Status = Literal["PENDING", "RUNNING", "FINISHED", "FAILED", "STOPPED"]
ENDED: Final = frozenset({"FINISHED", "FAILED", "STOPPED"})
# Ids exceed 2^53, so that a client which reads one as a float fails.
_FIRST: Final = 1 << 60


class Connection(msgspec.Struct, kw_only=True):
    """A connection, its secrets unmasked."""

    id: int
    name: str
    type: str
    data: dict[str, Any]
    created_at: str
    modified_at: str


class Job(msgspec.Struct, kw_only=True):
    """An import job."""

    id: int
    name: str
    description: str = ""
    connection_id: int = 0
    configuration: dict[str, Any] = {}
    source_schema: dict[str, Any] = {}
    schema_file: str = ""
    state: Literal["PUBLISHED", "DRAFT"]
    created_at: str
    modified_at: str


class Statistics(msgspec.Struct, rename="camel"):
    """What an execution has done so far."""

    files_total: int = 0
    files_loaded: int = 0
    bytes_read: int = 0
    rows_read: int = 0
    rows_loaded: int = 0
    rows_failed: int = 0


class Execution(msgspec.Struct, kw_only=True):
    """A run of an import job."""

    id: str
    number: int
    job_id: int
    job_name: str
    arguments: dict[str, Any] = {}
    plan: Plan
    status: Status = "PENDING"
    message: str = ""
    started: int
    ended: int = 0
    statistics: Statistics

    @property
    def reads_kafka(self) -> bool:
        """Whether it reads from Kafka, until it is stopped."""
        return self.plan.source.type == "KAFKA"

    def describe(self) -> dict[str, Any]:
        """Return it as the API shows it; all of its keys are inferred."""
        entry = {
            "id": self.id,
            "jobID": self.job_id,
            "jobName": self.job_name,
            "sourceType": self.plan.source.type,
            "arguments": self.arguments,
            "status": self.status,
            "message": self.message,
            "startTime": timestamp(self.started),
            "statistics": msgspec.to_builtins(self.statistics),
        }
        return entry | ({"endTime": timestamp(self.ended)} if self.ended else {})


class LogLine(msgspec.Struct, omit_defaults=True):
    """A line of an execution's log; file, row and data are those of a row that failed."""

    timestamp: str
    level: Literal["INFO", "WARN", "ERROR"]
    message: str
    file: str = ""
    row: int = 0
    data: str = ""


class Log(msgspec.Struct):
    """The log of an execution."""

    lines: list[LogLine] = []


class _Last(msgspec.Struct):
    number: int


class Sequence:
    """A sequence of ids that survives restarts."""

    def __init__(self, documents: DocumentStore) -> None:
        self._last = documents.collection("loading-number", _Last)
        self._lock = threading.Lock()

    def next(self) -> int:
        """Return the next id."""
        with self._lock:
            last = self._last.get("")
            number = (last.number if last else _FIRST) + 1
            self._last.put("", _Last(number))
            return number


def require_free_name(
    kind: str, name: str, entries: Iterable[Connection | Job], own_id: int
) -> None:
    """Refuse a name that another object has."""
    if any(entry.name == name and entry.id != own_id for entry in entries):
        words = {"Connection": "connection", "ImportJob": "import job"}
        raise already_exists(kind, f"The {words[kind]} {name!r} exists.")
