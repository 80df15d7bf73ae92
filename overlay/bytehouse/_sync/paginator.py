# Derived from overlay/bytehouse/_async/paginator.py by `make generate`. Do not edit.
"""Represent a list that the service returns, whole or page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import attrs

from bytehouse_raw.plan import Plan
from bytehouse_raw.types import Model, html_table

from .._api.pagination import (
    DEFAULT_PAGE_SIZE,
    Listing,
    Page,
    PageCursor,
    check_limits,
    entries_needed,
)
from .._core.html import PREVIEW_ROWS, rows_of
from .._core.options import CallOptions

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from .._api.polling import Fetch
    from .._results.frames import DtypeBackend
    from .resource_client import ResourceClient


T = TypeVar("T")


class Pager(Generic[T]):
    """Hold a list, whose entries are requested as they are needed.

    Each iteration, and each index or slice, requests them anew: `all` returns a list to keep. Its
    length is known once the service has reported it, or once the entries have been read to the end;
    `len` raises TypeError before. Its repr shows the first entries that have been received; it
    requests none. The time that one iteration waits for its pages, all together, is bounded by
    `deadline`; what the caller does with the entries meanwhile does not count.

    Example:
        for database in client.databases.list():
            print(database.name)

    Attributes:
        total: Entries in the whole list, as reported with the last page; None until then, or if
            the service does not report it.
    """

    def __init__(
        self,
        client: ResourceClient,
        plan: Plan[Listing[T]] | Fetch[Plan[Any]],
        options: CallOptions,
        *,
        limit: int | None = None,
        page_size: int | None = None,
        kind: type[Model] | None = None,
    ) -> None:
        self._client = client
        self._plan = plan
        self._options = options
        self._limit = limit
        self._page_size = DEFAULT_PAGE_SIZE if page_size is None else page_size
        self._kind = kind
        self.total: int | None = None
        self._count: int | None = None
        self._first: list[T] = []
        check_limits(limit, self._page_size)  # here, not at the first entry

    def pages(self) -> Iterator[Page[T]]:
        """Iterate over whole pages."""
        count = 0
        for page in self._pages(self._limit):
            count += len(page.items)
            yield page
        self._count = count

    def _pages(self, limit: int | None) -> Iterator[Page[T]]:
        client, clock, spent = self._client, self._client._clock, 0.0
        plan = self._plan if isinstance(self._plan, Plan) else self._plan(self._options)
        cursor: PageCursor[T] = PageCursor(plan, limit, self._page_size, self._kind)
        received: list[T] = []
        while not cursor.done:
            began = clock.monotonic()
            view = client._view(attrs.evolve(client._options, spent=spent)) if spent else client
            page = cursor.advance(view.send(cursor.plan(), **self._options))
            spent += clock.monotonic() - began
            self.total = page.total
            if len(received) < PREVIEW_ROWS:
                self._first = received = received + page.items[:PREVIEW_ROWS]
            yield page

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            for item in page.items:
                yield item

    def first(self) -> T | None:
        """Return the first entry, or None if there is none. Requests one entry only."""
        found = self[:1]
        return found[0] if found else None

    def all(self) -> list[T]:
        """Return all entries in a list."""
        return [item for page in self.pages() for item in page.items]

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> list[T]: ...

    def __getitem__(self, place: int | slice) -> T | list[T]:
        """Return an entry, or the entries of a slice; those after it are not requested."""
        needed = entries_needed(place)
        if needed is None:
            return (self.all())[place]
        limit = needed if self._limit is None else min(needed, self._limit)
        return [item for page in self._pages(limit) for item in page.items][place]

    def __len__(self) -> int:
        known = self.total if self._count is None else self._count
        if known is None:
            raise TypeError("The length of this list is not known yet: all() requests its entries.")
        return known if self._limit is None else min(known, self._limit)

    def to_arrow(self) -> pa.Table:
        """Return all entries as an Arrow table, one column for each field that one of them has.

        Objects and lists are structs and lists, or JSON strings where they differ too much.

        Raises:
            ConfigError: pyarrow is not installed (extra `arrow`).
        """
        from .._results.entries import arrow_table

        return arrow_table(self.all())

    def to_pandas(self, dtype_backend: DtypeBackend | None = None) -> pd.DataFrame:
        """Return all entries as a pandas DataFrame, with the columns of `to_arrow`.

        Args:
            dtype_backend: As in pandas.

        Raises:
            ConfigError: pandas is not installed (extra `pandas`).
        """
        from .._results.frames import pandas_frame

        return pandas_frame(self.to_arrow(), dtype_backend)

    def _received(self) -> str:
        """Say how many entries of how many the reprs show."""
        shown = len(self._first[:PREVIEW_ROWS])
        if self.total is None and self._count is None:
            return f"the first {shown} entries" if shown else "not requested yet"
        return f"{shown} of {len(self)} entries" if shown < len(self) else f"{shown} entries"

    def __repr__(self) -> str:
        entries = "".join(f"\n  {entry!r}" for entry in self._first[:PREVIEW_ROWS])
        return f"<{type(self).__name__}: {self._received()}>{entries}"

    def _repr_html_(self) -> str:
        names, rows = rows_of(self._first[:PREVIEW_ROWS])
        return html_table(names, rows, f"{type(self).__name__}: {self._received()}.")
