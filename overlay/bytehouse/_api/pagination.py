"""Compute the pages of a list to request. No input or output here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import attrs

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import RawResponse

from .._core.json import first_string
from .._core.validation import require_count
from ..errors import InvalidArgument, ResponseDecodeError
from .lists import data_error, has_data

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
DEFAULT_PAGE_SIZE = 100
# The docs name no key for the next cursor. `cursor` may be an echo of the present one, so it is
# last.
_CURSOR_KEYS = (
    "nextCursor",
    "next_cursor",
    "next",
    "nextPageCursor",
    "nextPageToken",
    "endCursor",
    "cursor",
)


class _Meta(Protocol):
    total: int | None

    def to_dict(self) -> dict[str, Any]: ...


class Listing(Protocol[T_co]):
    """The response of a list operation: entries, and their position in the whole list."""

    @property
    def data(self) -> Sequence[T_co] | None:
        """Entries of this page."""

    @property
    def raw_response(self) -> RawResponse | None:
        """The response as received."""

    @property
    def meta(self) -> _Meta | None:
        """Position of the page."""


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
    """Track which page of a list to request next, and when to stop.

    Advances by the entries received, because a service may reduce the limit that was requested, and
    stops at a page that is empty or repeats the one before, and at a cursor that is absent, empty
    or was received before. Where that shows that the service pages in another way than the
    specification says, so that entries are missing, `advance` raises.
    """

    def __init__(self, plan: Plan[Any], limit: int | None, page_size: int) -> None:
        for name, value in (("limit", limit), ("page_size", page_size)):
            require_count(value, name)
        if page_size == 0:
            raise InvalidArgument("page_size must be at least 1.")
        self._plan = plan
        self._left = limit
        self._page_size = page_size
        self._offset = int(plan.query.get("offset", 0))
        self._cursor: str | None = None
        self._earlier_cursors: set[str] = set()
        self._previous_rows: Sequence[Any] = ()
        self.done = limit == 0

    def plan(self) -> Plan[Any]:
        """Return the plan of the next page."""
        query = {**self._plan.query, "limit": str(self._next_limit)}
        if self._plan.operation.pagination == "offset":
            query["offset"] = str(self._offset)
        elif self._cursor is not None:
            query["cursor"] = self._cursor
        return self._plan._replace(query=query)

    @property
    def _next_limit(self) -> int:
        return self._page_size if self._left is None else min(self._page_size, self._left)

    def advance(self, listing: Listing[T]) -> Page[T]:
        """Return the page that the response to the plan holds, and move on to the next.

        Raises:
            ResponseDecodeError: There are more entries, and no way to request them.
        """
        asked = self._next_limit
        if not (isinstance(listing.data, list) or (listing.data is None and has_data(listing))):
            raise data_error(listing, self._plan.operation.id, "the response has no list as data")
        rows = listing.data or []
        meta = listing.meta
        total = getattr(meta, "total", None)
        total = None if isinstance(total, bool) or not isinstance(total, int) else total
        full = len(rows) == asked
        if rows and rows == self._previous_rows:
            if full if total is None else total > self._offset:
                raise self._incomplete("the same page again", total)
            rows = []
        self._previous_rows = rows
        self._offset += len(rows)
        items = list(rows if self._left is None else rows[: self._left])
        if self._left is not None:
            self._left -= len(items)
        # A total below the number of entries received is none: the service does not count.
        reliable_total = total if total is not None and total >= len(rows) else None
        self.done = not rows or self._left == 0 or self._is_last(reliable_total, meta)
        if self.done and full and self._left != 0 and self._has_no_cursor(total):
            raise self._incomplete("no cursor of the next page", total)
        return Page(items, total)

    def _has_no_cursor(self, total: int | None) -> bool:
        """Return whether the first page is not the last, and came without a cursor."""
        by_cursor = self._plan.operation.pagination != "offset"
        more = total is not None and total > self._offset
        return by_cursor and more and not self._earlier_cursors

    def _incomplete(self, what: str, total: int | None) -> ResponseDecodeError:
        operation = self._plan.operation
        of = "" if total is None else f" of {total}"
        return ResponseDecodeError(
            f"the list is incomplete: after {self._offset}{of} entries the service returned {what}",
            operation=operation.id,
            hint=f"The client pages this list by {operation.pagination}, which may have changed: "
            "`make drift` compares openapi.yaml with the document of your tenant.",
        )

    def _is_last(self, total: int | None, meta: _Meta | None) -> bool:
        if self._plan.operation.pagination == "offset":
            return total is not None and self._offset >= total
        fields = meta.to_dict() if meta is not None and hasattr(meta, "to_dict") else {}
        cursor = first_string(fields, _CURSOR_KEYS)
        if cursor is None or cursor == self._cursor or cursor in self._earlier_cursors:
            return True
        self._earlier_cursors.add(cursor)
        self._cursor = cursor
        return False
