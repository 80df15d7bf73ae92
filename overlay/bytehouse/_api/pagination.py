"""Compute the pages of a list to request. No input or output here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import attrs

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model, RawResponse

from .._core.json import first_string
from .._core.validation import require_count, require_id
from ..errors import InvalidArgument, ResponseDecodeError
from .lists import data_error, extract_list, has_data

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
    """The response of a list operation: entries, and maybe their position in ``meta``."""

    @property
    def data(self) -> Sequence[T_co] | None:
        """Entries of this page."""

    @property
    def raw_response(self) -> RawResponse | None:
        """The response as received."""


@attrs.frozen
class Page(Generic[T]):
    """Hold one page of a list.

    Attributes:
        items: Entries.
        total: Entries in all pages; None if the service does not say.
    """

    items: list[T]
    total: int | None


def check_limits(limit: int | None, page_size: int) -> None:
    """Check the numbers that a list is requested with.

    Raises:
        InvalidArgument: One is not a whole number, or too small.
    """
    require_count(limit, "limit")
    if require_id(page_size, "page_size") == 0:
        raise InvalidArgument("page_size must be at least 1.")


def entries_needed(place: int | slice) -> int | None:
    """Return how many entries an index or a slice needs, from the first; None if it needs all."""
    last = place.stop if isinstance(place, slice) else place
    first = (place.start or 0) if isinstance(place, slice) else place
    backwards = isinstance(place, slice) and (place.step or 1) < 0
    if last is None or last < 0 or first < 0 or backwards:
        return None
    return int(last) if isinstance(place, slice) else place + 1


class PageCursor(Generic[T]):
    """Track which page of a list to request next, and when to stop.

    Advances by the entries received, because a service may reduce the limit that was requested, and
    stops at a page that is empty or repeats the one before, and at a cursor that is absent, empty
    or was received before. Where that shows that the service pages in another way than the
    specification says, so that entries are missing, `advance` raises. A list without pages is one.

    Args:
        plan: The call.
        limit: How many entries there may be in all; None for no limit.
        page_size: How many to request at once.
        kind: Model of an entry where the key of the list is not documented.
    """

    def __init__(
        self,
        plan: Plan[Any],
        limit: int | None,
        page_size: int,
        kind: type[Model] | None = None,
    ) -> None:
        self._plan = plan
        self._kind = kind
        self._left = limit
        self._page_size = page_size
        self._offset = int(plan.query.get("offset", 0))
        self._cursor: str | None = None
        self._earlier_cursors: set[str] = set()
        self._previous_rows: Sequence[Any] = ()
        self.done = limit == 0

    def plan(self) -> Plan[Any]:
        """Return the plan of the next page."""
        if self._plan.operation.pagination is None:
            return self._plan
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
        if self._kind is not None:
            rows: Sequence[Any] = extract_list(listing, self._kind, self._plan.operation.id)
        elif isinstance(listing.data, list) or (listing.data is None and has_data(listing)):
            rows = listing.data or []
        else:
            raise data_error(listing, self._plan.operation.id, "the response has no list as data")
        if self._plan.operation.pagination is None:
            self.done = True
            return Page(list(rows if self._left is None else rows[: self._left]), len(rows))
        meta: _Meta | None = getattr(listing, "meta", None)
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
