# Derived from overlay/bytehouse/_async/_settling.py by `make generate`. Do not edit.
"""Look what became of a call that may have taken effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import RawResponse

from .._call import Call
from .._errors import ByteHouseError
from .._options import CallOptions
from .._paging import DEFAULT_PAGE_SIZE, Walk

if TYPE_CHECKING:
    from ._client import ByteHouse

__all__ = ["settle"]


def settle(client: ByteHouse, call: Call[Any]) -> None:
    """Look until it is clear whether the call is done or is to be sent again.

    Raises:
        ByteHouseError: The call ends here.
    """
    while call.in_doubt:
        client.clock.sleep(call.pause)
        look = call.look()
        if look is None:
            call.saw_refusal()
            continue
        try:
            value, raw = _observe(client, *look)
        except ByteHouseError as error:
            call.saw_nothing(error)
        else:
            call.saw(value, raw)


def _observe(
    client: ByteHouse, plan: Plan[Any], options: CallOptions
) -> tuple[object, RawResponse | None]:
    """Ask for an object, or for all entries of a list."""
    if plan.operation.pagination is None:
        answer = client.send(plan, **options)
        return answer, answer.raw_response
    walk: Walk[Any] = Walk(plan, None, DEFAULT_PAGE_SIZE)
    found: list[Any] = []
    while True:
        answer = client.send(walk.plan(), **options)
        found += walk.take(answer).items
        if walk.done:
            return found, answer.raw_response
