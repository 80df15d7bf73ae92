"""What an execution does: load files, or read from Kafka until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Literal

from bytehouse_emulator.loading.documents import Execution, Log, LogLine
from bytehouse_emulator.loading.files import Find, LoadError, SourceFile
from bytehouse_emulator.loading.kafka import Kafka
from bytehouse_emulator.loading.records import UNREADABLE, json_rows, read
from bytehouse_emulator.loading.target_table import TargetTable
from bytehouse_emulator.loading.writer import Writer
from bytehouse_emulator.model.catalog import Catalog
from bytehouse_emulator.simulation.clock import Clock
from bytehouse_emulator.sql.engine import Engine

_MAX_LOGGED_ROWS: Final = 100
_MAX_LINES: Final = 1000
_POLL_INTERVAL: Final = 0.1


class Stopped(Exception):
    """An execution is to stop."""


class Run:
    """The run of an execution that has not ended."""

    def __init__(self, execution: Execution, clock: Clock) -> None:
        self.execution = execution
        self.log = Log([])
        self.stopping = threading.Event()
        self.ended = threading.Event()
        self._clock = clock

    def log_message(self, level: Literal["INFO", "WARN", "ERROR"], message: str) -> None:
        """Add a line to the log."""
        self._add(LogLine(self._clock.now(), level, message))

    def log_row(self, file: str, row: int, why: str, data: str) -> None:
        """Log a row that failed, unless too many did."""
        failed = self.execution.statistics.rows_failed
        if failed <= _MAX_LOGGED_ROWS:
            message = f"Row {row} of {file} failed: {why}"
            self._add(LogLine(self._clock.now(), "ERROR", message, file, row, data))
        elif failed == _MAX_LOGGED_ROWS + 1:
            self.log_message("WARN", "Further rows that failed are counted, and not listed.")

    def check_stopped(self) -> None:
        """Raise if it is to stop."""
        if self.stopping.is_set():
            raise Stopped

    def _add(self, line: LogLine) -> None:
        if len(self.log.lines) < _MAX_LINES:
            self.log.lines.append(line)


Task = Callable[[Run], None]


def load_files(engine: Engine, target: TargetTable, find: Find) -> Task:
    """Make the task that loads files into a table."""

    def task(run: Run) -> None:
        files = _found(find)
        run.execution.statistics.files_total = len(files)
        plural = "s" if len(files) != 1 else ""
        run.log_message("INFO", f"Loading {len(files)} file{plural} into {target.name}.")
        staging = target.create_staging(run.execution.id)
        try:
            for file in files:
                _load(engine, target, file, staging, run)
            _require_rows(run)
            run.check_stopped()
            target.publish(staging, run.execution.id)
        finally:
            target.drop(staging)
        done = run.execution.statistics
        run.log_message("INFO", f"Loaded {done.rows_loaded} rows; {done.rows_failed} failed.")

    return task


def _found(find: Find) -> list[SourceFile]:
    try:
        return list(find())
    except UNREADABLE as error:
        raise LoadError(f"The files cannot be found: {error}") from None


def consume(catalog: Catalog, kafka: Kafka) -> Task:
    """Make the task that reads from Kafka into a table."""

    def task(run: Run) -> None:
        execution, source = run.execution, run.execution.plan.source
        latest = source.properties.offset_reset == "latest"
        kafka.start(execution.job_id, source.properties.topic, latest=latest)
        while True:
            insert_read(catalog, kafka, run)
            run.check_stopped()
            run.stopping.wait(_POLL_INTERVAL)

    return task


def insert_read(catalog: Catalog, kafka: Kafka, run: Run) -> None:
    """Insert the rows that a Kafka execution has read by now."""

    def insert(rows: Sequence[bytes]) -> None:
        # The columns of the table may have changed since the last time.
        _insert(catalog.engine, TargetTable(catalog, run.execution.plan.target), run, rows)

    kafka.consume(run.execution.job_id, insert)


def _insert(engine: Engine, target: TargetTable, run: Run, rows: Sequence[bytes]) -> None:
    source = json_rows(rows, target.columns)
    statistics = run.execution.statistics

    def refused(_: int, why: str, data: str) -> None:
        statistics.rows_failed += 1
        run.log_message("ERROR", f"A message failed: {why}: {data}")

    writer = Writer(engine, target.name, run.execution.id)
    for records in source.blocks:
        statistics.rows_loaded += writer.write(source, records, refused)
        statistics.rows_read += len(records)
    with engine.session(run.execution.id) as session:
        target.deduplicate(session)


def _load(engine: Engine, target: TargetTable, file: SourceFile, staging: str, run: Run) -> None:
    statistics, plan = run.execution.statistics, run.execution.plan
    before = statistics.rows_loaded
    writer, first = Writer(engine, staging, run.execution.id), 1

    def refused(place: int, why: str, data: str) -> None:
        statistics.rows_failed += 1
        run.log_row(file.name, first + place, why, data)
        if statistics.rows_failed > (allowed := plan.source.properties.max_errors):
            raise LoadError(f"More than {allowed} rows failed, which is what maxErrors allows.")

    try:
        source = read(file, plan, target.columns)
        for records in source.blocks:
            run.check_stopped()
            statistics.rows_loaded += writer.write(source, records, refused)
            statistics.rows_read += len(records)
            statistics.bytes_read += records.size
            first += len(records)
    except UNREADABLE as error:
        raise LoadError(f"{file.name} cannot be read: {error}") from None
    statistics.files_loaded += 1
    run.log_message("INFO", f"{file.name}: {statistics.rows_loaded - before} rows.")


def _require_rows(run: Run) -> None:
    statistics = run.execution.statistics
    if statistics.rows_failed and not statistics.rows_loaded:
        raise LoadError("Not one row could be loaded.")
