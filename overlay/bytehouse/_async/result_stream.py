"""Submit statements and read their results, one after another, wherever they come from."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bytehouse_raw.api.queries import get_async_query_result, submit_async_query, submit_sync_query
from bytehouse_raw.models import QueryStatus

from .._api.polling import GRACE, AsyncShield, cancel_timeout, parse_timeout
from .._api.status import Phase, phase_of
from .._core.options import CallOptions, Seconds
from .._results.layouts import ROW_KEYS
from .._results.parser import (
    Begin,
    Columns,
    End,
    Event,
    Fields,
    Reference,
    ResultParser,
    UnexpectedLayout,
)
from .._results.progress import progress
from .._sql.statements import Submission, extract_query_ids
from ..errors import NotFound
from .cancellation import stop_quietly, stopping
from .query_handle import AsyncQueryHandle

if TYPE_CHECKING:
    from .._results.decoder import MakeDecoder, Row
    from .._types.codecs import ResultColumn
    from .client import AsyncByteHouse
    from .response_body import AsyncBody

__all__ = ["AsyncReading"]

_AHEAD = 1 << 16
_INSTANT = 0.001


class AsyncReading:
    """Read what a submission is answered with.

    An answer may name queries that run in the background instead of holding results: they are
    waited for, and their results are read in their place.

    Attributes:
        submission: What was submitted.
        over: Whether everything has been read, or given up.
        elapsed: Seconds from the submission to the last byte that has been read.
    """

    def __init__(
        self, client: AsyncByteHouse, submission: Submission, *, patience: Seconds, shows: bool
    ) -> None:
        self.over = True
        self.submission = submission
        self.elapsed = 0.0
        self._client = client
        self._patience = parse_timeout(patience)
        self._began = client.clock.monotonic()
        self._progress = progress(shows)
        self._reader = ResultParser(submission.query_id)
        self._body: AsyncBody | None = None
        self._size = 0
        self._ahead: deque[Event] = deque()
        self._in_place: deque[Event] = deque()
        self._named: list[str] = []
        self._surely = False
        self._finished: deque[str] = deque()
        self._in_background = False
        self._handed_out = False
        self.over = False

    async def begin(self, *, asynchronous: bool, finished: Collection[str] = ()) -> None:
        """Submit the statements, and read on until there are rows or all has been read.

        Args:
            asynchronous: Whether they are to run in the background.
            finished: Ids of the queries that have run them already.
        """
        async with self._guarded():
            if finished:
                self._in_background = True
                self._finished.extend(finished)
                await self._go_on()
            elif asynchronous:
                await self._submit()
            else:
                await self._run()
            while self._body and not self._body.ended and self._size < _AHEAD:
                await self._receive(self._body)
            await self._look_ahead()
        self._handed_out = True
        self._progress.pause()

    async def event(self) -> Event | None:
        """Return what comes next; None when everything has been read."""
        if self._ahead:
            return self._ahead.popleft()
        async with self._guarded():
            return await self._next()

    async def settle(self) -> list[ResultColumn] | None:
        """Read on from where a result ends to where the next begins, or to the end of all.

        Returns:
            Names of its columns, if they stood behind its rows.
        """
        columns = None
        async with self._guarded():
            if not self._ahead:
                await self._look_ahead()
            if self._ahead and isinstance(behind := self._ahead[0], Columns):
                columns = behind.columns
                self._ahead.popleft()
                await self._look_ahead()
        return columns

    def decode_with(self, make_decoder: MakeDecoder) -> None:
        """Set how the rows of the result that begins are decoded."""
        self._reader.make_decoder = make_decoder

    def preview(self, begin: Begin) -> list[Row]:
        """Return those rows of the result that begins that are here already, and leave them."""
        return [] if self._ahead else self._reader.preview(begin)

    async def aclose(self) -> None:
        """Read no further, and stop what still runs."""
        if self.over:
            return
        self._end()
        if self._body is not None and not self._body.ended:
            async with AsyncShield():
                await self._body.aclose()
                if not self._in_background:
                    await stop_quietly(self._client, self.submission, self._cancel_timeout)

    @asynccontextmanager
    async def _guarded(self) -> AsyncIterator[None]:
        """Read no further after an error, Ctrl-C or the end of the task."""
        try:
            yield
        except BaseException:
            await self.aclose()
            raise

    def _end(self) -> None:
        self.over = True
        self._progress.close()

    async def _run(self) -> None:
        """Submit the statements and wait for the answer to begin."""
        submission = self.submission
        plan = submit_sync_query.plan(
            body=submission.body(), x_query_session_id=submission.session_id
        )
        async with stopping(self._client, submission):
            self._body = await self._client.stream(plan, **submission.options)

    async def _submit(self) -> None:
        """Submit the statements to run in the background, and wait for them."""
        plan = submit_async_query.plan(body=self.submission.background_body())
        async with stopping(self._client, self.submission, in_background=True):
            answer = await self._client.send(plan, **self.submission.options)
        await self._wait_for(extract_query_ids(answer.data, self.submission.query_id), surely=True)
        await self._go_on()

    async def _wait_for(self, query_ids: tuple[str, ...], *, surely: bool) -> None:
        """Wait for queries in the background, so that their results can be read.

        Args:
            query_ids: Their ids.
            surely: Whether they run, or an id may be but the name of a statement that is done: then
                one look tells.
        """
        self._in_background = True
        seen = surely

        def take_note(status: QueryStatus) -> None:
            nonlocal seen
            seen = True
            self._progress.set_state(str(status.status or "Running"))

        handle = AsyncQueryHandle(
            self._client,
            query_ids,
            self.submission.options,
            started=True,
            grace=GRACE if surely else 0.0,
        )
        try:
            await handle.wait(self._left, on_progress=take_note)
        except NotFound:
            if seen:
                raise
        else:
            self._finished.extend(query_ids)

    async def _look_ahead(self) -> None:
        """Read on to where a result with columns begins, and keep what comes before."""
        while (event := await self._next()) is not None:
            self._ahead.append(event)
            if isinstance(event, Columns) or (isinstance(event, Begin) and event.columns):
                return

    async def _next(self) -> Event | None:
        """Read on to the next event that concerns a result."""
        while not self.over and self._body is not None:
            if self._in_place:
                return self._in_place.popleft()
            match self._understood(self._body):
                case None if not self._reader.complete:
                    await self._receive(self._body)
                case None:
                    if not await self._go_on():
                        self._end()
                case Fields(fields):
                    self._body.judge(fields)
                case Reference(query_id, fields):
                    self._body.judge(fields)
                    self._refer(query_id, fields)
                case event:
                    return event
        return None

    def _understood(self, body: AsyncBody) -> Event | None:
        try:
            return self._reader.next_event()
        except UnexpectedLayout as error:
            what = str(error)
        raise body.parse_error(what, self._reader.start, self._reader.unparsed)

    async def _receive(self, body: AsyncBody) -> None:
        """Read one more piece of the body."""
        piece = await body.read()
        self.elapsed = self._client.clock.monotonic() - self._began
        self._size += len(piece)
        self._progress.received(self._size)
        if piece:
            self._reader.feed(piece)
        else:
            self._reader.finish()

    def _refer(self, query_id: str, fields: Mapping[str, Any]) -> None:
        """Take note of a query that is named in the place of a result."""
        finished = phase_of(fields.get("status")) is Phase.SUCCEEDED
        if self._in_background or finished or not ROW_KEYS.isdisjoint(fields):
            # A statement without rows to return.
            self._in_place += (Begin([], "arrays"), End())
        elif query_id not in self._named:
            self._named.append(query_id)
            self._surely = self._surely or "status" in fields

    async def _go_on(self) -> bool:
        """Go on to the next answer; False if there is none."""
        if self._named:
            named, self._named = tuple(self._named), []
            await self._wait_for(named, surely=self._surely)
        if not self._finished:
            return False
        query_id = self._finished.popleft()
        plan = get_async_query_result.plan(query_id, max_rows_return=self.submission.max_rows)
        limit = min(self._deadline, self._left)
        options: CallOptions = {**self.submission.options, "timeout": limit, "deadline": limit}
        self._body = await self._client.stream(plan, **options)
        self._reader = ResultParser(query_id)
        return True

    @property
    def _deadline(self) -> float:
        return self._client.options.replace(self.submission.options).deadline

    @property
    def _left(self) -> float:
        """Seconds that the service may still take for what runs in the background.

        Once a result has been handed out, the caller's work has its part in the time that passes.
        """
        if self._handed_out:
            return self._patience
        elapsed = self._client.clock.monotonic() - self._began
        return max(self._patience - elapsed, _INSTANT)

    @property
    def _cancel_timeout(self) -> float:
        elapsed = self._client.clock.monotonic() - self._began
        return cancel_timeout(self._deadline, self._deadline - elapsed)

    def __del__(self) -> None:
        if self.over:
            return
        self._progress.close()
        if self._body is not None and not self._body.ended:
            warnings.warn(
                f"the result of {self.submission.query_id} was neither read to its end nor closed",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )
