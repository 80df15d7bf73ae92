"""Watch a run of an import job."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from bytehouse_raw.models import Execution, ExecutionLog

from .._api.load_report import LoadReport
from .._api.polling import TimeLimit
from .._api.status import Phase
from .._core.arguments import check_arguments
from .._core.options import CallOptions, Seconds
from .._core.validation import require_name
from ..errors import ByteHouseError, ExecutionFailed, RefusedRowsWarning
from .poller import AsyncPoller

if TYPE_CHECKING:
    from .resource_client import AsyncResourceClient


_AN_HOUR = 3600.0


@check_arguments
class AsyncExecutionHandle(AsyncPoller[Execution]):
    """Watch an execution: poll its status, wait for it, cancel it.

    Get one from `import_jobs.start`, or in another process from `executions.handle(id)`.

    Attributes:
        id: Id of the execution.
        job_id: Id of its job; None until it is known.
    """

    _timeout_message = "the execution still ran"

    def __init__(
        self,
        client: AsyncResourceClient,
        execution_id: str,
        job_id: int | None,
        options: CallOptions,
        *,
        started: bool = False,
    ) -> None:
        super().__init__(client, options, started=started)
        self.id = require_name(execution_id, "execution_id")
        self.job_id = job_id

    async def _fetch(self, options: CallOptions) -> Execution:
        execution = await self._client.executions.get(self.id, **options)
        if self.job_id is None:
            self.job_id = execution.job_id
        return execution

    def _failure(self, status: Execution, phase: Phase) -> ExecutionFailed:
        verb = "was stopped" if phase is Phase.CANCELLED else "failed"
        why = f": {status.message}" if status.message else ""
        error = ExecutionFailed(
            f"the execution {self.id} {verb}{why}", hint="`executions.logs(id)` may say more."
        )
        error.code = str(status.status)
        error.execution_id = self.id
        return error

    async def wait(
        self,
        timeout: Seconds | None = None,
        *,
        on_progress: Callable[[Execution], object] | None = None,
        cancel: bool | None = None,
    ) -> LoadReport:
        """Wait until the execution has ended, and return what it loaded.

        `GET /v1/import/executions/{id}` (inferred, and so are the names of the counts); if rows
        were refused, `GET /v1/import/executions/{id}/logs` (inferred)

        Polls at growing intervals. A poll that fails for a transient reason (no connection, 5xx,
        429) is repeated until the time is up. A status that is not known counts as still running.
        An execution of a Kafka job ends only when it is stopped: `status` says whether it runs.

        Args:
            timeout: Seconds, or a timedelta, to wait at most. If not given, the wait is over after
                an hour, and the execution continues.
            on_progress: Called with each status.
            cancel: Whether the job is stopped on the service when the wait ends before the
                execution does: time-out, Ctrl-C, cancelled task, an error in `on_progress`. If not
                given, it is if `import_jobs.start` made this handle, and is not if
                `executions.handle` did: detached handles do not cancel. Where the service is slow
                to respond, cancelling may take a tenth of the time-out more, 5 seconds at most.

        Returns:
            How many rows were read, written and refused, as far as the service reports it. Refused
            rows are warned of with a `RefusedRowsWarning`, and the log is part of the report.

        Raises:
            ExecutionFailed: The execution failed or was stopped.
            TimedOut: It still ran when the time was up; `state` is the last that was reported.
            APIError: The service refused to return its status; the execution continues.
        """
        execution = await self._wait(
            _AN_HOUR if timeout is None else timeout,
            on_progress,
            cancel=cancel,
            survives_timeout=timeout is None,
        )
        report = LoadReport.of(execution)
        if not report.rows_refused:
            return report
        message = f"The execution {self.id} refused {report.rows_refused} rows; `log` says why."
        warnings.warn(message, RefusedRowsWarning, stacklevel=2)
        return attrs.evolve(report, log=await self._log())

    async def _log(self) -> tuple[ExecutionLog, ...]:
        """Return the log; empty if the service gives none, as what was loaded matters more."""
        try:
            return tuple(await self._client.executions.logs(self.id, **self._options).all())
        except ByteHouseError:
            return ()

    async def result(
        self, timeout: Seconds | None = None, *, cancel: bool | None = None
    ) -> LoadReport:
        """Wait for the execution and return what it loaded; the same as `wait`.

        Args:
            timeout: Seconds, or a timedelta, to wait at most; see `wait`.
            cancel: Whether the job is stopped when the wait ends before the execution does; see
                `wait`.
        """
        return await self.wait(timeout, cancel=cancel)

    async def cancel(self) -> None:
        """Stop the execution, by stopping its job (inferred: the API has no other way). One that
        has ended is left alone, as its job may be running again.

        `GET /v1/import/executions/{id}`, then `POST /v1/import/jobs/{id}/stop` (both inferred)

        Raises:
            APIError: The service refused.
            ByteHouseError: The service does not say which job to stop.
        """
        if self._phase(await self.status()) is Phase.RUNNING:
            await self._stop_job(self._options)

    async def _cancel_within(self, limit: TimeLimit) -> None:
        if self.job_id is None:
            await self._fetch(limit.options(self._options, share=0.5))
        await self._stop_job(limit.options(self._options))

    async def _stop_job(self, options: CallOptions) -> None:
        if self.job_id is None:
            raise ByteHouseError(
                f"The service does not say which job the execution {self.id} belongs to.",
                hint="Stop the job with import_jobs.stop(id).",
            )
        await self._client.import_jobs.stop(self.job_id, **options)

    def __repr__(self) -> str:
        job = "" if self.job_id is None else f", job_id={self.job_id!r}"
        return f"{type(self).__name__}({self.id!r}{job})"
