"""Carry out one execution: load files, or read from Kafka until told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Literal

from .._catalog import Catalog
from .._clock import Clock
from .._engine import Engine
from .documents import Execution, Log, LogLine
from .files import Find, LoadError, SourceFile
from .kafka import Kafka
from .records import UNREADABLE, json_rows, read
from .tables import TargetTable
from .writing import Writer

_LISTED: Final = 100
_LINES: Final = 1000
_PAUSE: Final = 0.1


class Stopped(Exception):
    """An execution was told to stop."""


class Run:
    """An execution that has not ended."""

    def __init__(self, execution: Execution, clock: Clock) -> None:
        self.execution = execution
        self.log = Log([])
        self.stopping = threading.Event()
        self.ended = threading.Event()
        self._clock = clock

    def note(self, level: Literal["INFO", "WARN", "ERROR"], message: str) -> None:
        """Write a line of the log."""
        self._add(LogLine(self._clock.now(), level, message))

    def note_row(self, file: str, row: int, why: str, data: str) -> None:
        """Write down a row that failed, if not too many were."""
        failed = self.execution.statistics.rows_failed
        if failed <= _LISTED:
            message = f"Row {row} of {file} failed: {why}"
            self._add(LogLine(self._clock.now(), "ERROR", message, file, row, data))
        elif failed == _LISTED + 1:
            self.note("WARN", "Further rows that failed are counted, and not listed.")

    def check(self) -> None:
        """Go no further if told to stop."""
        if self.stopping.is_set():
            raise Stopped

    def _add(self, line: LogLine) -> None:
        if len(self.log.lines) < _LINES:
            self.log.lines.append(line)


Work = Callable[[Run], None]


def load_files(engine: Engine, target: TargetTable, find: Find) -> Work:
    """Make what loads files into a table."""

    def work(run: Run) -> None:
        files = _found(find)
        run.execution.statistics.files_total = len(files)
        run.note("INFO", f"Loading {len(files)} file{'s'[: len(files) != 1]} into {target.name}.")
        staged = target.stage(run.execution.id)
        try:
            for file in files:
                _load(engine, target, file, staged, run)
            _require_rows(run)
            run.check()
            target.publish(staged, run.execution.id)
        finally:
            target.drop(staged)
        done = run.execution.statistics
        run.note("INFO", f"Loaded {done.rows_loaded} rows; {done.rows_failed} failed.")

    return work


def _found(find: Find) -> list[SourceFile]:
    try:
        return list(find())
    except UNREADABLE as error:
        raise LoadError(f"The files cannot be found: {error}") from None


def consume(catalog: Catalog, kafka: Kafka) -> Work:
    """Make what reads from Kafka into a table."""

    def work(run: Run) -> None:
        execution, source = run.execution, run.execution.plan.source
        latest = source.properties.offset_reset == "latest"
        kafka.start(execution.job_id, source.properties.topic, latest=latest)
        while True:
            take(catalog, kafka, run)
            run.check()
            run.stopping.wait(_PAUSE)

    return work


def take(catalog: Catalog, kafka: Kafka, run: Run) -> None:
    """Insert what the offsets of a Kafka execution have passed by now."""

    def insert(rows: Sequence[bytes]) -> None:
        # Its columns may have changed since the last time.
        _write(catalog.engine, TargetTable(catalog, run.execution.plan.target), run, rows)

    kafka.take(run.execution.job_id, insert)


def _write(engine: Engine, target: TargetTable, run: Run, rows: Sequence[bytes]) -> None:
    source = json_rows(rows, target.columns)
    statistics = run.execution.statistics

    def refused(_: int, why: str, data: str) -> None:
        statistics.rows_failed += 1
        run.note("ERROR", f"A message failed: {why}: {data}")

    writer = Writer(engine, target.name, run.execution.id)
    for records in source.blocks:
        statistics.rows_loaded += writer.write(source, records, refused)
        statistics.rows_read += len(records)
    with engine.session(run.execution.id) as session:
        target.settle(session)


def _load(engine: Engine, target: TargetTable, file: SourceFile, staged: str, run: Run) -> None:
    statistics, plan = run.execution.statistics, run.execution.plan
    before = statistics.rows_loaded
    writer, first = Writer(engine, staged, run.execution.id), 1

    def refused(place: int, why: str, data: str) -> None:
        statistics.rows_failed += 1
        run.note_row(file.name, first + place, why, data)
        if statistics.rows_failed > (most := plan.source.properties.max_errors):
            raise LoadError(f"More than {most} rows failed, which is what maxErrors allows.")

    try:
        source = read(file, plan, target.columns)
        for records in source.blocks:
            run.check()
            statistics.rows_loaded += writer.write(source, records, refused)
            statistics.rows_read += len(records)
            statistics.bytes_read += records.size
            first += len(records)
    except UNREADABLE as error:
        raise LoadError(f"{file.name} cannot be read: {error}") from None
    statistics.files_loaded += 1
    run.note("INFO", f"{file.name}: {statistics.rows_loaded - before} rows.")


def _require_rows(run: Run) -> None:
    statistics = run.execution.statistics
    if statistics.rows_failed and not statistics.rows_loaded:
        raise LoadError("Not one row could be loaded.")
