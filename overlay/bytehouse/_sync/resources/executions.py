# Derived from overlay/bytehouse/_async/resources/executions.py by `make generate`. Do not edit.
"""Runs of import jobs."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import TYPE_CHECKING, Unpack

from bytehouse_raw.api.data_loading import (
    get_execution,
    get_execution_logs,
    get_kafka_history,
    list_executions,
)
from bytehouse_raw.models import Execution, ExecutionLog
from bytehouse_raw.types import Model

from ..._core.options import CallOptions
from ..._core.times import Duration, go_duration
from ..._core.validation import as_list, require_id, require_name
from ..execution_handle import ExecutionHandle
from ..paginator import Pager
from ._base import Resource

if TYPE_CHECKING:
    from ..._results.usage import KafkaSeries


class Executions(Resource):
    """List, read and watch executions: the runs of import jobs.

    Every method takes the options of a call (`role`, `timeout`, `deadline`, `max_retries`,
    `headers`; see `CallOptions`) and raises the errors of `ByteHouse.send`.
    """

    def list(
        self,
        *,
        limit: int | None = None,
        page_size: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Pager[Execution]:
        """Iterate over the executions of all jobs; for those of one, see `import_jobs.executions`.

        `GET /v1/import/executions` (inferred, and so are the fields of an execution and the key of
        the next page)

        Args:
            limit: At most so many executions in all.
            page_size: At most so many per request; 100 if not given.
            **options: Options of the calls.
        """
        return self._list(list_executions.plan(), options, limit, page_size)

    def get(self, execution_id: str, **options: Unpack[CallOptions]) -> Execution:
        """Return one execution.

        `GET /v1/import/executions/{id}` (inferred, and so are the fields of an execution)

        Args:
            execution_id: Id of the execution.
            **options: Options of the call.

        Raises:
            NotFound: There is none.
        """
        plan = get_execution.plan(require_name(execution_id, "execution_id"))
        return self._data(plan, options)

    def logs(
        self, execution_id: str, *, limit: int | None = None, **options: Unpack[CallOptions]
    ) -> Pager[ExecutionLog]:
        """List the log of an execution. The service keeps none for Kafka here (documented).

        `GET /v1/import/executions/{id}/logs` (inferred, and so is that the lines are under `data`,
        and their fields)

        Args:
            execution_id: Id of the execution.
            limit: At most so many lines; the service decides if not given.
            **options: Options of the call.

        Raises:
            InvalidArgument: The limit is not a whole number, or negative; nothing was sent.
            NotFound: There is no such execution.
        """
        plan = get_execution_logs.plan(require_name(execution_id, "execution_id"), limit=limit)
        return self._list(plan, options, limit)

    def kafka_history(
        self,
        execution_id: str,
        *,
        partition: int | Iterable[int],
        period: Duration,
        granularity: Duration,
        **options: Unpack[CallOptions],
    ) -> KafkaSeries:
        """Return the progress of a Kafka execution: offset, lag and speed, window by window.

        `GET /v1/import/executions/{id}/kafka/status` (inferred, and so are the fields of a window),
        once for each partition

        Args:
            execution_id: Id of the execution.
            partition: Number of the partition of the topic, from 0; or several, such as
                ``range(3)``.
            period: How far back from now: a timedelta, or a string such as ``1h`` or
                ``1h30m``.
            granularity: How long a window is, likewise.
            **options: Options of the call.

        Raises:
            InvalidArgument: The partition is not a number, or a duration is invalid; nothing was
                sent.
            NotFound: There is no such execution.
        """
        from ..._results.usage import KafkaPoint, KafkaSeries

        partitions = [partition] if isinstance(partition, int) else as_list(partition, "partition")
        plans = [
            get_kafka_history.plan(
                require_name(execution_id, "execution_id"),
                partition=require_id(number, "partition"),
                period=go_duration(period, "period"),
                granularity=go_duration(granularity, "granularity"),
            )
            for number in partitions
        ]
        points: builtins.list[KafkaPoint] = []
        responses: builtins.list[Model] = []
        for number, plan in zip(partitions, plans, strict=True):
            response = self._send(plan, options)
            responses.append(response)
            points += [KafkaPoint.of(number, each) for each in response.data or []]
        return KafkaSeries(points, responses)

    def handle(
        self, execution_id: str, *, job_id: int | None = None, **options: Unpack[CallOptions]
    ) -> ExecutionHandle:
        """Return a handle to an execution that was started elsewhere. Sends nothing.

        A wait on it that ends early leaves the execution running, unless `cancel` says otherwise.

        Args:
            execution_id: Id of the execution.
            job_id: Id of its job, which `cancel` stops; requested from the service if not given.
            **options: Options of the handle's calls; it takes the role.
        """
        return ExecutionHandle(self._client, execution_id, job_id, options)
