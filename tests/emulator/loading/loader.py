"""A bare HTTP caller that knows how to load data."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path
from typing import Any

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import Api

_ENDED = {"FINISHED", "FAILED", "STOPPED"}
_NUMBERS = count()


class Loader(Api):
    """Calls an emulator; files are written to a folder that is named like the database."""

    def __init__(self, emulator: RunningEmulator, database: str, import_dir: Path) -> None:
        super().__init__(emulator.url, emulator.token)
        self.emulator = emulator
        self.database = database
        self.directory = import_dir / database
        self.directory.mkdir(exist_ok=True)
        self._jobs: list[int] = []

    def clean_up(self) -> None:
        """Stop and delete what was created."""
        for job in self._jobs:
            self.call("stop_import_job", id=job)
            self.call("delete_import_job", id=job)
        self.call("delete_database", db_name=self.database)

    def table(self, columns: str, rest: str = "ORDER BY id", name: str = "t") -> str:
        """Create a table, and return its full name."""
        whole = f"{self.database}.{name}"
        sql = f"CREATE TABLE {whole} ({columns}) ENGINE = CnchMergeTree {rest}"
        self.rows(f"{sql}; SELECT 1", "clickhouse_sql")
        return whole

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        return int(self.rows(f"SELECT count() FROM {table}")[0][0])

    def file(self, name: str, content: str | bytes) -> str:
        """Write a file, and return its name in a job."""
        data = content.encode() if isinstance(content, str) else content
        (self.directory / name).write_bytes(data)
        return f"{self.database}/{name}"

    def connection(self, kind: str, data: dict[str, Any]) -> int:
        """Create a connection."""
        body = {"name": f"c{next(_NUMBERS)}", "type": kind, "data": data}
        return int(self.ok("create_connection", body)["data"]["id"])

    def definition(
        self, source: dict[str, Any], *, mode: str = "INCREMENTAL", table: str = "t", **more: Any
    ) -> dict[str, Any]:
        """Write what defines a job."""
        target = {"database": self.database, "table": table, "loadMode": mode}
        configuration = {"source": source, "target": target}
        fixed = {"name": f"j{next(_NUMBERS)}", "state": "PUBLISHED", "sourceSchema": {}}
        return fixed | {"configuration": configuration} | more

    def job(self, source: dict[str, Any], **more: Any) -> int:
        """Create a job."""
        number = int(self.ok("create_import_job", self.definition(source, **more))["data"]["id"])
        self._jobs.append(number)
        return number

    def local(self, names: str, kind: str = "CSV", mode: str = "APPEND", **properties: Any) -> int:
        """Create a job that loads local files."""
        properties = {"fileNames": names, **properties}
        return self.job({"type": "LOCAL", "format": kind, "properties": properties}, mode=mode)

    def kafka(self, topic: str, **properties: Any) -> int:
        """Create a job that reads from Kafka."""
        connection = self.connection("KAFKA", {"brokers": "127.0.0.1:9092"})
        source = {"type": "KAFKA", "format": "JSON", "properties": {"topic": topic, **properties}}
        return self.job(source, connectionID=connection)

    def start(self, job: int, arguments: dict[str, Any] | None = None) -> str:
        """Start a job, and return the id of its execution."""
        return str(self.ok("start_import_job", arguments or {}, id=job)["data"]["id"])

    def stop(self, job: int) -> None:
        """Stop a job."""
        self.ok("stop_import_job", id=job)

    def execution(self, execution: str) -> dict[str, Any]:
        """Return an execution."""
        found: dict[str, Any] = self.ok("get_execution", id=execution)["data"]
        return found

    def run(self, job: int, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """Start a job, and return its execution once that has ended."""
        return self.wait(self.start(job, arguments), *_ENDED)

    def wait(self, execution: str, *statuses: str) -> dict[str, Any]:
        """Wait until an execution has one of some statuses."""
        deadline = time.monotonic() + 20
        while (found := self.execution(execution))["status"] not in statuses:
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
        return found

    def log(self, execution: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return a log."""
        found: list[dict[str, Any]] = self.ok(
            "get_execution_logs", id=execution, params=parameters
        )["data"]
        return found

    def grant(self, action: str, kind: str, resource: str) -> None:
        """Grant the role Analyst a permission."""
        body = {"RoleName": "Analyst", "ActionName": action, "SecureObjectTypeName": kind}
        self.ok("grant_permission", body | {"ByteHouseResourceID": resource})

    def pass_time(self, seconds: float) -> None:
        """Put the emulator's clock forward."""
        self.ok("POST /_emulator/clock", {"advance_seconds": seconds})
