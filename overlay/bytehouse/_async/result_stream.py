"""Read the results of a submission, one after another, from however many responses hold them."""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from .._api.polling import AsyncShield, parse_timeout
from .._core.interrupts import drop_locals
from .._core.options import Seconds
from .._core.turns import AsyncTurns
from .._results.parser import Begin, Columns, Event, Reference
from .._results.progress import progress
from .._sql.statements import Submission
from ..errors import ByteHouseError
from .query_responses import AsyncQueryResponses

if TYPE_CHECKING:
    from bytehouse_raw.models import ResultColumn

    from .._results.decoder import MakeDecoder, Row
    from .resource_client import AsyncResourceClient
    from .result_events import AsyncResultEvents


_READ_AHEAD = 1 << 16


class AsyncResultStream:
    """Read the results of a submission as a stream of events.

    A response may name queries that run in the background instead of holding results: they are
    waited for, and their results are read in their place.

    Attributes:
        submission: What was submitted.
        closed: Whether everything has been read, or reading was given up.
        elapsed: Seconds from the submission to the last byte that has been received.
    """

    closed = True  # until there is something to close: an argument may be refused

    def __init__(
        self,
        client: AsyncResourceClient,
        submission: Submission,
        *,
        timeout: Seconds,
        show_progress: bool,
    ) -> None:
        self._pid = os.getpid()  # a forked process has no part in what this one runs
        self.submission = submission
        self.elapsed = 0.0
        seconds = parse_timeout(timeout)
        self._progress = progress(show_progress)
        self._responses = AsyncQueryResponses(client, submission, seconds, self._progress.set_state)
        self._current: AsyncResultEvents | None = None
        self._ahead: deque[Event] = deque()
        self._bytes_received = 0
        self._turns = AsyncTurns()
        self.closed = False

    async def begin(self, *, asynchronous: bool, succeeded: Collection[str] = ()) -> None:
        """Submit the statements, and read on until there are rows or everything has been read.

        What has no columns is skipped, if a result with columns follows.

        Args:
            asynchronous: Whether they are to run in the background.
            succeeded: Ids of the queries that have run them already; nothing is submitted then.
        """
        async with self._closing_on_error():
            if succeeded or asynchronous:
                if succeeded:
                    self._responses.add_succeeded(succeeded)
                else:
                    await self._responses.submit()
                self._current = await self._responses.next()
            else:
                self._current = await self._responses.run()
            while (
                self._current
                and not self._current.body_ended
                and self._bytes_received < _READ_AHEAD
            ):
                await self._receive(self._current)
            await self._look_ahead()
            if self._ahead and isinstance(last := self._ahead[-1], Begin) and last.columns:
                self._ahead = deque([last])
            elif not self._ahead and self._current and self.submission.only_reads:
                self._current.require_result()
        self._responses.returned = True
        self._progress.pause()

    async def next_event(self) -> Event | None:
        """Return the next event; None when everything has been read."""
        if self._ahead:
            return self._ahead.popleft()
        async with self._closing_on_error():
            return await self._next()

    async def columns_after_rows(self) -> list[ResultColumn] | None:
        """Read on from the end of a result to where the next begins, or to the end of all.

        Returns:
            Its columns, if they came after its rows.
        """
        columns = None
        async with self._closing_on_error():
            if not self._ahead:
                await self._look_ahead()
            if self._ahead and isinstance(event := self._ahead[0], Columns):
                columns = event.columns
                self._ahead.popleft()
                await self._look_ahead()
        return columns

    def decode_with(self, make_decoder: MakeDecoder) -> None:
        """Set how the rows of the result that begins are decoded."""
        if self._current is not None:
            self._current.decode_with(make_decoder)

    def redacted(self, error: ByteHouseError) -> ByteHouseError:
        """Return an error about a value without the secrets of the call."""
        return error if self._current is None else self._current.redacted(error)

    def preview(self, begin: Begin) -> list[Row]:
        """Return the rows of the result that begins that have been received, and keep them."""
        return [] if self._ahead or self._current is None else self._current.preview(begin)

    async def aclose(self) -> None:
        """Stop reading, and cancel what still runs."""
        if self.closed:
            return
        try:
            if self._pid == os.getpid() and self._current and not self._current.body_ended:
                async with AsyncShield():
                    await self._current.aclose()
                    await self._responses.cancel()
        finally:
            self._close()
            if self._current is not None:
                await self._current.aclose()

    @asynccontextmanager
    async def _closing_on_error(self) -> AsyncIterator[None]:
        """Stop reading after an error, Ctrl-C or the end of the task."""
        try:
            yield
        except BaseException as error:
            if not isinstance(error, ByteHouseError):
                drop_locals(error)
            await self.aclose()
            raise

    def _close(self) -> None:
        self.closed = True
        self._progress.close()

    async def _look_ahead(self) -> None:
        """Read on to where a result with columns begins, and keep the events up to there."""
        while (event := await self._next()) is not None:
            self._ahead.append(event)
            if isinstance(event, Columns) or (isinstance(event, Begin) and event.columns):
                return

    async def _next(self) -> Event | None:
        """Read on to the next event, in this response or the next."""
        while not self.closed and self._current is not None:
            event = self._current.next()
            await self._turns.after(self._current.parsing)
            if isinstance(event, Reference):
                self._responses.add_named(event.query_id, is_query="status" in event.fields)
            elif event is not None:
                return event
            elif not self._current.complete:
                await self._receive(self._current)
            elif (response := await self._responses.next()) is not None:
                self._current = response
            else:
                self._close()
        return None

    async def _receive(self, response: AsyncResultEvents) -> None:
        """Receive one more piece of a response."""
        self._bytes_received += await response.receive()
        self.elapsed = self._responses.elapsed
        self._progress.show_bytes(self._bytes_received)

    def __del__(self) -> None:
        if self.closed or self._pid != os.getpid():
            return
        self._progress.close()
        if self._current is not None and not self._current.body_ended:
            warnings.warn(
                f"the result of {self.submission.query_id} was neither read to its end nor closed",
                ResourceWarning,  # without `source`: what records warnings would keep it
                stacklevel=2,
            )
