# Derived from overlay/bytehouse/_async/load.py by `make generate`. Do not edit.
"""Load files in one call: a connection, a job and an execution that leave nothing behind."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bytehouse_raw.models import Execution, ExecutionLog

from .._api.load_report import LoadReport
from .._api.polling import Shield, TimeLimit, parse_timeout
from .._core.interrupts import drop_locals
from .._core.options import CallOptions, Seconds
from .._core.validation import require_function, require_id, require_names
from .._params.import_configuration import ImportConfiguration, LoadMode
from .._params.import_sources import ConnectionLike, data_of, source_type
from .._params.load_sources import LoadSource, source_of
from .._types.identifiers import Identifier
from ..errors import (
    ByteHouseError,
    Conflict,
    InvalidArgument,
    NotFound,
    RefusedRowsWarning,
    ResponseDecodeError,
)

if TYPE_CHECKING:
    from .client import ByteHouse


_PAUSE = 0.2
_CLEANING_UP = 5.0
_Kind = Literal["connections", "import_jobs"]


class Load:
    """Run one job that exists for this run alone.

    Args:
        client: Client to go through.
        configuration: What the job does.
        connection: Connection to create for it, or the id of an existing one.
        columns: Names of the columns of the source.
        options: Options of the calls.
    """

    def __init__(
        self,
        client: ByteHouse,
        configuration: ImportConfiguration,
        connection: ConnectionLike | int | None,
        columns: Sequence[str] | None,
        options: CallOptions,
    ) -> None:
        self._client = client
        self._configuration = configuration
        self._connection = connection
        self._columns = columns
        self._options = client._merge_context(options)
        # By it, what was created is found again if the response that has its id was lost.
        self._name = f"load-{uuid.uuid4()}"
        self._created: list[_Kind] = []
        self._ids: dict[str, int | None] = {}
        self._done = False

    def run(self, timeout: float, on_progress: Callable[[Execution], object] | None) -> LoadReport:
        """Create what is needed, run it, delete it again, and return what was loaded.

        Raises:
            ExecutionFailed: The execution failed or was stopped.
            TimedOut: It still ran when the time was up; it was stopped.
        """
        limit = TimeLimit(self._client._clock, timeout)
        try:
            report = self._run(limit, on_progress)
        except BaseException as error:
            if not isinstance(error, ByteHouseError):
                drop_locals(error)  # cleaning up may need the connection that they hold
            with Shield():
                left = self._clean_up(TimeLimit(self._client._clock, _CLEANING_UP))
            if left:
                error.add_note(f"load: {left}")
            raise
        if left := self._clean_up(limit):
            warnings.warn(f"load: {left}", RuntimeWarning, stacklevel=3)
        return report

    def _run(
        self, limit: TimeLimit, on_progress: Callable[[Execution], object] | None
    ) -> LoadReport:
        connection_id: int | None = None
        if isinstance(self._connection, int):
            connection_id = self._connection
        elif self._connection is not None:
            self._created.append("connections")
            connection = self._client.connections.create(
                self._name, self._connection, type=self._configuration.source.type, **self._options
            )
            connection_id = self._ids["connections"] = getattr(connection, "id", None)
        self._created.append("import_jobs")
        job = self._client.import_jobs.create(
            self._name,
            configuration=self._configuration,
            source_schema=self._columns,
            connection_id=connection_id,
            description="Created by `load`, which deletes it.",
            **self._options,
        )
        job_id = self._ids["import_jobs"] = getattr(job, "id", None)
        if job_id is None:
            raise ResponseDecodeError("the job was created, but the response does not have its id")
        handle = self._client.import_jobs.start(job_id, **self._options)
        report = handle.wait(limit.left or _PAUSE, on_progress=on_progress, cancel=True)
        self._done = True
        return report

    def _clean_up(self, limit: TimeLimit) -> str:
        """Delete what was created; return what could not be deleted, and why, if anything."""
        left = []
        for kind in reversed(self._created):
            try:
                self._delete(kind, limit)
            except ByteHouseError as error:
                number = self._ids.get(kind) or f"named {self._name}"
                left.append(f"bh.{kind} {number} may still be there: {error.message}")
        return "; ".join(left)

    def _delete(self, kind: _Kind, limit: TimeLimit) -> None:
        resource = self._client.connections if kind == "connections" else self._client.import_jobs
        number = self._ids.get(kind)
        if number is None:
            found = resource.list(**self._within(limit)).all()
            ids = {getattr(each, "name", None): getattr(each, "id", None) for each in found}
            number = ids.get(self._name)
        while number is not None:
            options = self._within(limit)
            try:
                if kind == "import_jobs" and not self._done:
                    self._client.import_jobs.stop(number, **options)
                resource.delete(number, **options)
            except NotFound:
                return
            except Conflict:
                # An execution that was stopped may not have ended yet.
                if limit.left < _PAUSE:
                    raise
                self._client._clock.sleep(_PAUSE)
            else:
                return

    def _within(self, limit: TimeLimit) -> CallOptions:
        return self._options if self._done else limit.options(self._options, share=0.5)


def load(
    client: ByteHouse,
    source: LoadSource,
    into: Identifier,
    *,
    connection: ConnectionLike | int | None,
    format: str | None,
    columns: Sequence[str] | None,
    load_mode: LoadMode | str,
    on_error: Literal["raise", "skip"],
    warehouse: str | None,
    wait_timeout: Seconds,
    on_progress: Callable[[Execution], object] | None,
    options: CallOptions,
) -> LoadReport:
    """Load files; see `load` of the client.

    Raises:
        InvalidArgument: The source cannot be loaded as given; nothing was created.
    """
    if on_error not in ("raise", "skip"):
        raise InvalidArgument('on_error must be "raise" or "skip".')
    found = source_of(source, format, strict=on_error == "raise")
    seconds = parse_timeout(wait_timeout)
    require_function(on_progress, "on_progress")
    if columns is not None:
        require_names(columns, "columns")
    if isinstance(found, Path):
        if connection is not None or str(load_mode).upper() != LoadMode.APPEND:
            raise InvalidArgument(
                f"{found} is a file of this machine, whose rows are inserted: without a "
                "connection, and only with the load mode APPEND.",
                hint="The URL of files in a bucket looks like s3://bucket/file.csv.",
            )
        return _insert_file(
            client, found, into, columns=columns, on_error=on_error, warehouse=warehouse, **options
        )
    configuration = ImportConfiguration(found, into, load_mode, warehouse=warehouse)
    # What cannot work is refused before anything is created.
    configuration.check(connection is not None, has_schema_file=False)
    if isinstance(connection, int):
        require_id(connection, "connection")
    elif connection is not None:
        source_type(connection, found.type)
        data_of(connection)
    job = Load(client, configuration, connection, columns, options)
    return job.run(seconds, on_progress)


def _insert_file(client: ByteHouse, path: Path, into: Identifier, **arguments: Any) -> LoadReport:
    """Insert the rows of a file of this machine, for which the API has no other way."""
    inserted = client.insert(into, path, **arguments)
    log = [
        ExecutionLog(level="ERROR", message=f"row {row.position}: {row.reason}")
        for row in inserted.skipped
    ]
    if log:
        message = f"{len(log)} rows of {path} were refused; `log` says why."
        warnings.warn(message, RefusedRowsWarning, stacklevel=3)
    return LoadReport(inserted + len(log), int(inserted), len(log), tuple(log))
