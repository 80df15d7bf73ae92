"""Data loading: connections, import jobs, and executions that load files or read from Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .._catalog import Catalog
from .._clock import Clock
from .._engine import Engine
from .._errors import not_found
from .._state import State
from .._transitions import Transitions
from .documents import Connection, Job, Numbers
from .executions import Executions
from .kafka import Kafka, Produce

__all__ = ["Loading", "Produce"]


class Loading:
    """What the operations on data loading work on."""

    def __init__(
        self,
        *,
        engine: Engine,
        state: State,
        catalog: Catalog,
        clock: Clock,
        transitions: Transitions,
        directory: Path,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.lock = state.lock
        self.numbers = Numbers(state)
        self.connections = state.collection("connection", Connection)
        self.jobs = state.collection("import-job", Job)
        self.kafka = Kafka(state, clock)
        self.executions = Executions(
            engine=engine,
            state=state,
            catalog=catalog,
            clock=clock,
            transitions=transitions,
            numbers=self.numbers,
            kafka=self.kafka,
            directory=directory,
        )

    def connection(self, number: int) -> Connection:
        """Answer with a connection, or say that there is none."""
        found = self.connections.get(str(number))
        if found is None:
            raise not_found("Connection", str(number))
        return found

    def job(self, number: int) -> Job:
        """Answer with a job, or say that there is none."""
        found = self.jobs.get(str(number))
        if found is None:
            raise not_found("ImportJob", str(number))
        return found

    @contextmanager
    def at_rest(self, patience: float) -> Iterator[None]:
        """Wait until no files are being loaded, and keep Kafka from being read for a while."""
        self.executions.await_files(patience)
        with self.kafka.lock:
            yield

    def reset(self) -> None:
        """Stop every execution; what is kept is cleared elsewhere."""
        self.executions.halt()
        self.kafka.reset()

    def close(self) -> None:
        """Leave off, so that it can be taken up again."""
        self.executions.close()
