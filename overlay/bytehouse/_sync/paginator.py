# Derived from overlay/bytehouse/_async/paginator.py by `make generate`. Do not edit.
"""Iterate over a list that the service returns page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from bytehouse_raw.plan import Plan

from .._api.pagination import DEFAULT_PAGE_SIZE, Listing, Page, PageCursor
from .._core.options import CallOptions

if TYPE_CHECKING:
    from .client import ByteHouse


T = TypeVar("T")


class Pager(Generic[T]):
    """Iterate over a list, requesting pages as they are needed.

    Each iteration starts from the beginning.

    Example:
        for database in client.databases.list():
            print(database.name)

    Attributes:
        total: Entries in the whole list, as reported with the last page; None until then, or if
            the service does not report it.
    """

    def __init__(
        self,
        client: ByteHouse,
        plan: Plan[Listing[T]],
        options: CallOptions,
        *,
        limit: int | None,
        page_size: int | None,
    ) -> None:
        self._client = client
        self._plan = plan
        self._options = options
        self._limit = limit
        self._page_size = DEFAULT_PAGE_SIZE if page_size is None else page_size
        self.total: int | None = None
        self._cursor()  # refuses bad numbers here, not at the first entry

    def _cursor(self, limit: int | None = None) -> PageCursor[T]:
        return PageCursor(self._plan, self._limit if limit is None else limit, self._page_size)

    def pages(self) -> Iterator[Page[T]]:
        """Iterate over whole pages."""
        cursor = self._cursor()
        while not cursor.done:
            page = cursor.advance(self._client.send(cursor.plan(), **self._options))
            self.total = page.total
            yield page

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            for item in page.items:
                yield item

    def first(self) -> T | None:
        """Return the first entry, or None if there is none. Requests one entry only."""
        if self._limit == 0:
            return None
        cursor = self._cursor(limit=1)
        page = cursor.advance(self._client.send(cursor.plan(), **self._options))
        self.total = page.total
        return page.items[0] if page.items else None

    def all(self) -> list[T]:
        """Return all entries in a list."""
        return [item for page in self.pages() for item in page.items]
