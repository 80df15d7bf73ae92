"""What the operations on data loading work on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bytehouse_emulator.loading.documents import Connection, Job, Sequence
from bytehouse_emulator.loading.executions import Executions
from bytehouse_emulator.loading.kafka import Kafka
from bytehouse_emulator.model.catalog import Catalog
from bytehouse_emulator.simulation.clock import Clock
from bytehouse_emulator.simulation.transitions import Transitions
from bytehouse_emulator.storage.documents import DocumentStore


class Loading:
    """The connections, import jobs, executions and Kafka topics."""

    def __init__(
        self,
        documents: DocumentStore,
        catalog: Catalog,
        clock: Clock,
        transitions: Transitions,
        *,
        directory: Path,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.lock = documents.lock
        self.ids = Sequence(documents)
        self.connections = documents.collection("connection", Connection)
        self.jobs = documents.collection("import-job", Job)
        self.kafka = Kafka(documents, clock)
        self.executions = Executions(
            documents,
            catalog,
            clock,
            transitions,
            ids=self.ids,
            kafka=self.kafka,
            directory=directory,
        )

    def connection(self, number: int) -> Connection:
        """Return a connection; 404 if there is none."""
        return self.connections.require(str(number), "Connection")

    def job(self, number: int) -> Job:
        """Return a job; 404 if there is none."""
        return self.jobs.require(str(number), "ImportJob")

    @contextmanager
    def paused(self, timeout: float) -> Iterator[None]:
        """Wait until no files are being loaded, and pause reading from Kafka."""
        self.executions.wait_for_files(timeout)
        with self.kafka.lock:
            yield

    def reset(self) -> None:
        """Stop every execution; documents are deleted elsewhere."""
        self.executions.stop_all()
        self.kafka.reset()

    def close(self) -> None:
        """Stop every execution; those that read from Kafka continue after a restart."""
        self.executions.close()
