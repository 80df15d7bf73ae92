"""Know where the next page of a list begins. No input or output here."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import attrs

from bytehouse_raw.plan import Plan

from ..errors import InvalidArgument

__all__ = ["DEFAULT_PAGE_SIZE", "Listing", "Page", "PageCursor"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
DEFAULT_PAGE_SIZE = 100
# The docs name no key for the next cursor. An echo of the present one may come as `cursor`, so that
# is asked last.
_CURSOR_KEYS = (
    "nextCursor",
    "next_cursor",
    "next",
    "nextPageCursor",
    "nextPageToken",
    "endCursor",
    "cursor",
)
log = logging.getLogger("bytehouse")


class _Meta(Protocol):
    total: int | None

    def to_dict(self) -> dict[str, Any]: ...


class Listing(Protocol[T_co]):
    """Describe the answer of a list operation: entries, and where they stand in the whole."""

    @property
    def data(self) -> Sequence[T_co] | None:
        """Entries of this page."""

    @property
    def meta(self) -> _Meta | None:
        """Where the page stands."""


@attrs.frozen
class Page(Generic[T]):
    """Hold one page of a list.

    Attributes:
        items: Entries.
        total: Entries in all pages; None if the service does not say.
    """

    items: list[T]
    total: int | None


class PageCursor(Generic[T]):
    """PageCursor over the pages of one list: which to ask for next, and when to stop.

    Advances by the entries received, because a service may cut the limit that was asked for, and
    stops at a page that is empty or repeats the one before, and at a cursor that is absent, empty
    or was seen already.
    """

    def __init__(self, plan: Plan[Any], limit: int | None, page_size: int) -> None:
        for name, value in (("limit", limit), ("page_size", page_size)):
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, int) or value < 0
            ):
                raise InvalidArgument(f"{name} must be a whole number, 0 or more; not {value!r}.")
        if page_size == 0:
            raise InvalidArgument("page_size must be at least 1.")
        self._plan = plan
        self._left = limit
        self._page_size = page_size
        self._offset = int(plan.query.get("offset", 0))
        self._cursor: str | None = None
        self._seen: set[str] = set()
        self._last: Sequence[Any] = ()
        self.done = limit == 0

    def plan(self) -> Plan[Any]:
        """Return the plan of the next page."""
        query = {**self._plan.query, "limit": str(self._wanted)}
        if self._plan.operation.pagination == "offset":
            query["offset"] = str(self._offset)
        elif self._cursor is not None:
            query["cursor"] = self._cursor
        return self._plan._replace(query=query)

    @property
    def _wanted(self) -> int:
        return self._page_size if self._left is None else min(self._page_size, self._left)

    def advance(self, listing: Listing[T]) -> Page[T]:
        """Return the page that the response to the plan holds, and move on to the next."""
        rows = listing.data if isinstance(listing.data, list) else []
        meta = listing.meta
        total = getattr(meta, "total", None)
        total = None if isinstance(total, bool) or not isinstance(total, int) else total
        repeated = bool(rows) and rows == self._last
        if repeated:
            log.warning(
                "%s: the service answered with the same page twice; stopping",
                self._plan.operation.id,
            )
            rows = []
        self._last = rows
        self._offset += len(rows)
        items = list(rows if self._left is None else rows[: self._left])
        if self._left is not None:
            self._left -= len(items)
        # A total that is less than what came is none: the service does not count.
        counted = total if total is not None and total >= len(rows) else None
        self.done = not rows or self._left == 0 or self._is_last(counted, meta)
        return Page(items, total)

    def _is_last(self, total: int | None, meta: _Meta | None) -> bool:
        if self._plan.operation.pagination == "offset":
            return total is not None and self._offset >= total
        cursor = _next_cursor(
            meta.to_dict() if meta is not None and hasattr(meta, "to_dict") else {}
        )
        if cursor is None or cursor == self._cursor or cursor in self._seen:
            return True
        self._seen.add(cursor)
        self._cursor = cursor
        return False


def _next_cursor(meta: Mapping[str, Any]) -> str | None:
    for key in _CURSOR_KEYS:
        value = meta.get(key)
        if isinstance(value, str) and value:
            return value
    return None
