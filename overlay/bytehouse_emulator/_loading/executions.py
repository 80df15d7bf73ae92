"""Start and stop executions, and know of each where it stands.

Every execution has a thread of its own. What has ended is kept; what an earlier process was loading
when it ended has failed, and what it was reading from Kafka goes on.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from .._catalog import Catalog
from .._clock import Clock
from .._engine import Engine
from .._errors import EmulatorError, conflict, not_found
from .._state import State
from .._transitions import Transitions
from .documents import ENDED, Connection, Execution, Job, Log, Numbers, Statistics, Status
from .files import LoadError, source_files
from .kafka import Kafka
from .plans import Plan
from .runs import Run, Stopped, Work, consume, load_files, take
from .tables import TargetTable, drop_leftovers

_KIND: Final = "execution"
_LOST: Final = "The server stopped while it ran."
_AT_ONCE: Final = 4
_PAUSE: Final = 0.05
_PATIENCE: Final = 200


class Executions:
    """All executions, those that run and those that have ended."""

    def __init__(
        self,
        *,
        engine: Engine,
        state: State,
        catalog: Catalog,
        clock: Clock,
        transitions: Transitions,
        numbers: Numbers,
        kafka: Kafka,
        directory: Path,
    ) -> None:
        self._engine = engine
        self._catalog = catalog
        self._clock = clock
        self._transitions = transitions
        self._numbers = numbers
        self._kafka = kafka
        self._directory = directory
        self._executions = state.collection("execution", Execution)
        self._logs = state.collection("execution-log", Log)
        self._live: dict[str, Run] = {}
        self._lock = threading.RLock()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._closing = False
        self._recover()

    def start(
        self, job: Job, plan: Plan, connection: Connection | None, arguments: dict[str, Any]
    ) -> Execution:
        """Let a job run; that it runs once at a time is inferred."""
        execution = Execution(
            id=str(uuid4()),
            number=self._numbers.next(),
            job_id=job.id,
            job_name=job.name,
            arguments=arguments,
            plan=plan,
            started=self._clock.nanoseconds(),
            statistics=Statistics(),
        )
        work = self._work(plan, connection)
        with self._lock:
            if self.running(job.id):
                raise conflict("ImportJob", f"The job {job.name!r} runs already; stop it first.")
            self._transitions.begin(_KIND, execution.id)
            self._begin(Run(execution, self._clock), work)
        return execution

    def stop(self, job_id: int) -> None:
        """Stop the execution of a job, if one runs, and wait for its end."""
        if run := self.running(job_id):
            self._stop(run)

    def running(self, job_id: int) -> Run | None:
        """Answer with the execution of a job that runs."""
        with self._lock:
            runs = (run for run in self._live.values() if run.execution.job_id == job_id)
            return next(runs, None)

    def all(self, job_id: int | None = None) -> list[Execution]:
        """Answer with the executions, of one job if it is named, oldest first."""
        found = [self._live_or(execution) for execution in self._executions.all()]
        return [e for e in found if job_id in {None, e.job_id}]

    def get(self, execution_id: str) -> Execution:
        """Answer with an execution, or say that there is none."""
        run = self._live.get(execution_id)
        execution = run.execution if run else self._executions.get(execution_id.lower())
        if execution is None:
            raise not_found("Execution", execution_id)
        return execution

    def look(self, execution: Execution) -> dict[str, Any]:
        """Answer with an execution as the API shows it; a look may take it further."""
        if execution.status not in ENDED:
            self._transitions.progress(_KIND, execution.id)
        entry = execution.shown()
        if execution.plan.source.type == "KAFKA" and execution.status == "RUNNING":
            self.catch_up(execution)
            entry = execution.shown() | {"partitions": self._kafka.positions(execution.job_id)}
        return entry

    def catch_up(self, execution: Execution) -> None:
        """Insert what a Kafka execution has read by now, so that a look finds it done."""
        run = self._live.get(execution.id)
        if run and execution.status == "RUNNING":
            try:
                take(self._catalog, self._kafka, run)
            except EmulatorError:
                # Its own thread meets the same and ends it.
                return

    def log(self, execution_id: str) -> Log:
        """Answer with the log of an execution."""
        run = self._live.get(execution_id)
        return run.log if run else self._logs.get(execution_id.lower()) or Log([])

    def await_files(self, patience: float) -> None:
        """Wait until no execution loads files, or say which one does."""
        deadline = time.monotonic() + patience
        for run in list(self._live.values()):
            if run.execution.plan.source.type == "KAFKA":
                # What it has done so far is told from here after a restore.
                self._executions.put(run.execution.id, run.execution)
            elif not run.ended.wait(max(deadline - time.monotonic(), 0)):
                execution = run.execution
                message = f"The execution {execution.id} runs still; stop its job, or wait."
                raise conflict("Execution", message)

    def halt(self) -> None:
        """Stop every execution."""
        for run in list(self._live.values()):
            self._stop(run)

    def close(self) -> None:
        """Leave off; what was being loaded has failed, and Kafka is read on after a restart."""
        self._closing = True
        for run in list(self._live.values()):
            run.stopping.set()
        self.halt()

    def _live_or(self, kept: Execution) -> Execution:
        run = self._live.get(kept.id)
        return run.execution if run else kept

    def _work(self, plan: Plan, connection: Connection | None) -> Work:
        target = TargetTable(self._catalog, plan.target)
        if plan.source.type == "KAFKA":
            return consume(self._catalog, self._kafka)
        files = source_files(plan, connection, self._directory)
        return load_files(self._engine, target, files)

    def _begin(self, run: Run, work: Work) -> None:
        self._live[run.execution.id] = run
        self._executions.put(run.execution.id, run.execution)
        threading.Thread(target=self._run, args=(run, work), name="execution", daemon=True).start()

    def _stop(self, run: Run) -> None:
        run.stopping.set()
        for _ in range(_PATIENCE):
            # It may be between two statements, with nothing to kill just now. What was read from
            # Kafka is inserted to its end, so that nothing is inserted twice later.
            if run.execution.plan.source.type != "KAFKA":
                self._engine.kill(run.execution.id)
            if run.ended.wait(_PAUSE):
                return

    def _run(self, run: Run, work: Work) -> None:
        try:
            self._await_transition(run)
            if run.execution.plan.source.type == "KAFKA":
                self._carry_out(run, work)
            else:
                with self._turns:
                    self._carry_out(run, work)
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

    def _await_transition(self, run: Run) -> None:
        mine = {"kind": _KIND, "key": run.execution.id}
        while mine in self._transitions.pending():
            run.check()
            run.stopping.wait(_PAUSE)

    def _carry_out(self, run: Run, work: Work) -> None:
        run.check()
        run.execution.status = "RUNNING"
        self._executions.put(run.execution.id, run.execution)
        work(run)

    def _end(self, run: Run, status: Status, message: str = "") -> None:
        execution, is_kafka = run.execution, run.execution.plan.source.type == "KAFKA"
        goes_on = self._closing and is_kafka
        if is_kafka and not goes_on:
            self._kafka.stop(execution.job_id)
        if self._closing:
            status, message = "FAILED", _LOST
        # Who sees that it has ended may start the job again, and must not find it running.
        with self._lock:
            if not goes_on:
                if message:
                    run.note("WARN" if status == "STOPPED" else "ERROR", message)
                execution.message, execution.ended = message, self._clock.nanoseconds()
                execution.status = status
            self._logs.put(execution.id, run.log)
            self._executions.put(execution.id, execution)
            self._live.pop(execution.id, None)
        run.ended.set()

    def _recover(self) -> None:
        """Take up what an earlier process left."""
        drop_leftovers(self._engine)
        for execution in self._executions.all():
            if execution.status in ENDED:
                continue
            run = Run(execution, self._clock)
            if execution.plan.source.type != "KAFKA":
                self._end(run, "FAILED", _LOST)
                continue
            try:
                self._begin(run, self._work(execution.plan, None))
            except EmulatorError as error:
                self._end(run, "FAILED", str(error))
