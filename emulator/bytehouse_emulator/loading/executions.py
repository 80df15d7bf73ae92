"""Start and stop executions, and store what became of each.

Every execution has a thread of its own. After a restart an execution that was loading files has
failed, and one that was reading from Kafka continues.
"""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from bytehouse_emulator.errors import EmulatorError, illegal_state
from bytehouse_emulator.loading.documents import (
    ENDED,
    Connection,
    Execution,
    Job,
    Log,
    Sequence,
    Statistics,
    Status,
)
from bytehouse_emulator.loading.files import LoadError, source_files
from bytehouse_emulator.loading.kafka import Kafka
from bytehouse_emulator.loading.plans import Plan
from bytehouse_emulator.loading.runs import Run, Stopped, Task, consume, insert_read, load_files
from bytehouse_emulator.loading.target_table import TargetTable, drop_leftovers
from bytehouse_emulator.model.catalog import Catalog
from bytehouse_emulator.simulation.clock import Clock
from bytehouse_emulator.simulation.transitions import Transitions
from bytehouse_emulator.storage.documents import DocumentStore

_KIND: Final = "execution"
_INTERRUPTED: Final = "The server stopped while it ran."
_MAX_LOADING: Final = 4
_POLL_INTERVAL: Final = 0.05
_STOP_ATTEMPTS: Final = 200


class Executions:
    """All executions, running and ended."""

    def __init__(
        self,
        documents: DocumentStore,
        catalog: Catalog,
        clock: Clock,
        transitions: Transitions,
        *,
        ids: Sequence,
        kafka: Kafka,
        directory: Path,
    ) -> None:
        self._engine = catalog.engine
        self._catalog = catalog
        self._clock = clock
        self._transitions = transitions
        self._ids = ids
        self._kafka = kafka
        self._directory = directory
        self._executions = documents.collection("execution", Execution)
        self._logs = documents.collection("execution-log", Log)
        self._runs: dict[str, Run] = {}
        self._lock = threading.RLock()
        self._slots = threading.BoundedSemaphore(_MAX_LOADING)
        self._closing = False
        self._recover()

    def start(
        self, job: Job, plan: Plan, connection: Connection | None, arguments: dict[str, Any]
    ) -> Execution:
        """Start an execution of a job; that there is one at a time is inferred."""
        execution = Execution(
            id=str(uuid4()),
            number=self._ids.next(),
            job_id=job.id,
            job_name=job.name,
            arguments=arguments,
            plan=plan,
            started=self._clock.nanoseconds(),
            statistics=Statistics(),
        )
        task = self._task(plan, connection)
        with self._lock:
            if self.running(job.id):
                raise illegal_state(
                    "ImportJob", f"The job {job.name!r} runs already; stop it first."
                )
            self._transitions.begin(_KIND, execution.id)
            self._begin(Run(execution, self._clock), task)
        return execution

    def stop(self, job_id: int) -> None:
        """Stop the execution of a job, if one runs, and wait until it has ended."""
        if run := self.running(job_id):
            self._stop(run)

    def running(self, job_id: int) -> Run | None:
        """Return the running execution of a job."""
        with self._lock:
            runs = (run for run in self._runs.values() if run.execution.job_id == job_id)
            return next(runs, None)

    def all(self, job_id: int | None = None) -> list[Execution]:
        """Return all executions, or those of a job, oldest first."""
        found = [self._running_or(execution) for execution in self._executions.all()]
        return [e for e in found if job_id in {None, e.job_id}]

    def get(self, execution_id: str) -> Execution:
        """Return an execution; 404 if there is none."""
        run = self._runs.get(execution_id)
        return run.execution if run else self._executions.require(execution_id.lower(), "Execution")

    def poll(self, execution: Execution) -> dict[str, Any]:
        """Return an execution as the API shows it, brought up to date."""
        if execution.status not in ENDED:
            self._transitions.progress(_KIND, execution.id)
        entry = execution.describe()
        if execution.reads_kafka and execution.status == "RUNNING":
            self.catch_up(execution)
            entry = execution.describe() | {"partitions": self._kafka.positions(execution.job_id)}
        return entry

    def catch_up(self, execution: Execution) -> None:
        """Insert what a Kafka execution has read by now, so that its description is true."""
        run = self._runs.get(execution.id)
        if run and execution.status == "RUNNING":
            try:
                insert_read(self._catalog, self._kafka, run)
            except EmulatorError:
                # Its own thread gets the same error and ends it.
                return

    def log(self, execution_id: str) -> Log:
        """Return the log of an execution."""
        run = self._runs.get(execution_id)
        return run.log if run else self._logs.get(execution_id.lower()) or Log([])

    def wait_for_files(self, timeout: float) -> None:
        """Wait until no execution loads files; an error if one still does after a time."""
        deadline = time.monotonic() + timeout
        for run in list(self._runs.values()):
            if run.execution.reads_kafka:
                # What it has done so far is read from here after a snapshot is restored.
                self._executions.put(run.execution.id, run.execution)
            elif not run.ended.wait(max(deadline - time.monotonic(), 0)):
                execution = run.execution
                message = f"The execution {execution.id} runs still; stop its job, or wait."
                raise illegal_state("Execution", message)

    def stop_all(self) -> None:
        """Stop every execution."""
        for run in list(self._runs.values()):
            self._stop(run)

    def close(self) -> None:
        """Stop every execution for the end of the process, see above."""
        self._closing = True
        for run in list(self._runs.values()):
            run.stopping.set()
        self.stop_all()

    def _running_or(self, stored: Execution) -> Execution:
        run = self._runs.get(stored.id)
        return run.execution if run else stored

    def _task(self, plan: Plan, connection: Connection | None) -> Task:
        target = TargetTable(self._catalog, plan.target)
        if plan.source.type == "KAFKA":
            return consume(self._catalog, self._kafka)
        files = source_files(plan, connection, self._directory)
        return load_files(self._engine, target, files)

    def _begin(self, run: Run, task: Task) -> None:
        self._runs[run.execution.id] = run
        self._executions.put(run.execution.id, run.execution)
        threading.Thread(target=self._run, args=(run, task), name="execution", daemon=True).start()

    def _stop(self, run: Run) -> None:
        run.stopping.set()
        for _ in range(_STOP_ATTEMPTS):
            # It may be between two statements, with nothing to kill at the moment. What was read
            # from Kafka is inserted completely, so that nothing is inserted twice later.
            if not run.execution.reads_kafka:
                self._engine.kill(run.execution.id)
            if run.ended.wait(_POLL_INTERVAL):
                return

    def _run(self, run: Run, task: Task) -> None:
        try:
            self._wait_for_transition(run)
            with nullcontext() if run.execution.reads_kafka else self._slots:
                run.check_stopped()
                run.execution.status = "RUNNING"
                self._executions.put(run.execution.id, run.execution)
                task(run)
            self._end(run, "FINISHED")
        except Stopped:
            self._end(run, "STOPPED", "It was stopped.")
        except (LoadError, EmulatorError) as error:
            if run.stopping.is_set():
                self._end(run, "STOPPED", "It was stopped.")
            else:
                self._end(run, "FAILED", str(error))
        except Exception as error:
            # Without an end the caller would wait for ever.
            self._end(run, "FAILED", f"The emulator failed: {error!r}")
            raise

    def _wait_for_transition(self, run: Run) -> None:
        while self._transitions.is_pending(_KIND, run.execution.id):
            run.check_stopped()
            run.stopping.wait(_POLL_INTERVAL)

    def _end(self, run: Run, status: Status, message: str = "") -> None:
        execution = run.execution
        continues = self._closing and execution.reads_kafka
        if execution.reads_kafka and not continues:
            self._kafka.stop(execution.job_id)
        if self._closing:
            status, message = "FAILED", _INTERRUPTED
        # A caller who sees that it has ended may start the job again, and must not be refused.
        with self._lock:
            if not continues:
                if message:
                    run.log_message("WARN" if status == "STOPPED" else "ERROR", message)
                execution.message, execution.ended = message, self._clock.nanoseconds()
                execution.status = status
            self._logs.put(execution.id, run.log)
            self._executions.put(execution.id, execution)
            self._runs.pop(execution.id, None)
        run.ended.set()

    def _recover(self) -> None:
        """Continue or end the executions of an earlier process."""
        drop_leftovers(self._engine)
        for execution in self._executions.all():
            if execution.status in ENDED:
                continue
            run = Run(execution, self._clock)
            if not execution.reads_kafka:
                self._end(run, "FAILED", _INTERRUPTED)
                continue
            try:
                self._begin(run, self._task(execution.plan, None))
            except EmulatorError as error:
                self._end(run, "FAILED", str(error))
