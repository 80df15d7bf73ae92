"""Find out what became of a call that may have taken effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytehouse_raw.types import RawResponse

from .._api.pagination import DEFAULT_PAGE_SIZE, PageCursor
from .._call.call import Call
from ..errors import ByteHouseError

if TYPE_CHECKING:
    from .base_client import AsyncBaseClient


async def recover(client: AsyncBaseClient, call: Call[Any]) -> None:
    """Send probes until it is clear whether the call is done or is to be sent again.

    Raises:
        ByteHouseError: The call ends here.
    """
    while call.unresolved:
        await client._clock.asleep(call.pause)
        try:
            value, raw = await _send_probe(client, call)
        except ByteHouseError as error:
            call.on_probe_failure(error)
        else:
            call.on_probe_result(value, raw)


async def _send_probe(
    client: AsyncBaseClient, call: Call[Any]
) -> tuple[object, RawResponse | None]:
    """Read an object, or all entries of a list.

    Raises:
        ByteHouseError: The probe failed, or the list is longer than the call allows to read.
    """
    plan = call.probe_plan
    if plan.operation.pagination is None:
        value = await client.send(plan, **call.probe_options())
        return value, value.raw_response
    cursor: PageCursor[Any] = PageCursor(plan, None, DEFAULT_PAGE_SIZE)
    entries: list[Any] = []
    pages = 0
    while True:
        options = call.probe_options(pages)
        response = await client.send(cursor.plan(), **options)
        entries += cursor.advance(response).items
        pages += 1
        if cursor.done:
            return entries, response.raw_response
