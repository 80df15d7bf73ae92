"""Probe what became of a call that may have taken effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import RawResponse

from .._api.pagination import DEFAULT_PAGE_SIZE, PageCursor
from .._call.call import Call
from .._core.options import CallOptions
from ..errors import ByteHouseError

if TYPE_CHECKING:
    from .client import AsyncByteHouse

__all__ = ["settle"]


async def settle(client: AsyncByteHouse, call: Call[Any]) -> None:
    """Probe until it is clear whether the call is done or is to be sent again.

    Raises:
        ByteHouseError: The call ends here.
    """
    while call.unresolved:
        await client.clock.asleep(call.pause)
        look = call.look()
        if look is None:
            call.saw_refusal()
            continue
        try:
            value, raw = await _observe(client, *look)
        except ByteHouseError as error:
            call.saw_nothing(error)
        else:
            call.saw(value, raw)


async def _observe(
    client: AsyncByteHouse, plan: Plan[Any], options: CallOptions
) -> tuple[object, RawResponse | None]:
    """Ask for an object, or for all entries of a list."""
    if plan.operation.pagination is None:
        answer = await client.send(plan, **options)
        return answer, answer.raw_response
    cursor: PageCursor[Any] = PageCursor(plan, None, DEFAULT_PAGE_SIZE)
    found: list[Any] = []
    while True:
        answer = await client.send(cursor.plan(), **options)
        found += cursor.take(answer).items
        if cursor.done:
            return found, answer.raw_response
