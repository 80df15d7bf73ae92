"""Pages of lists: by offset, or by an opaque cursor.

The example of a cursor in the docs decodes to `{"value":null,"sort_value":null}`, so a cursor here
is Base64 of such an object. The rest is inferred: that it holds the list and the last entry seen,
that the next one comes as `meta.cursor` and is absent at the end, and that the newest is first.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from bytehouse_emulator.calls.call import Call
from bytehouse_emulator.calls.envelope import success
from bytehouse_emulator.errors import invalid

_DEFAULT_LIMIT: Final = 100
# Documented for virtual warehouses; that they are those of lists with a cursor is inferred.
CAPPED_DEFAULT_LIMIT: Final = 10
MAX_LIMIT: Final = 100
T = TypeVar("T")


class _Cursor(msgspec.Struct, forbid_unknown_fields=True):
    value: str | None
    sort_value: int | None


def read_limit(call: Call, default: int) -> int:
    """Read the parameter `limit`."""
    limit = call.integer("limit", default)
    if limit < 0:
        raise invalid("Parameter", "The query parameter 'limit' must not be negative.")
    return limit


def filtered_page(call: Call, entries: list[dict[str, Any]], key: str = "name") -> dict[str, Any]:
    """Return the page that `filter`, `offset` and `limit` ask for.

    How the filter matches is not documented; anywhere in the name and in any case is inferred, and
    so is the default limit.
    """
    limit, wanted = read_limit(call, _DEFAULT_LIMIT), call.string("filter").lower()
    return offset_page(call, [entry for entry in entries if wanted in entry[key].lower()], limit)


def offset_page(call: Call, entries: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    """Return a page of so many entries, from `offset` on."""
    offset = call.integer("offset")
    return {
        "data": entries[offset : offset + limit],
        "meta": {"offset": offset, "total": len(entries)},
    }


def cursor_page(
    call: Call,
    entries: Sequence[T],
    number: Callable[[T], int],
    describe: Callable[[T], dict[str, Any]],
) -> dict[str, Any]:
    """Return the page that `cursor` and `limit` ask for, the highest number first."""
    limit = min(read_limit(call, CAPPED_DEFAULT_LIMIT), MAX_LIMIT)
    # Its parameters tell a list from the others.
    kind = f"{call.operation}:{call.parameters.get('id', '')}"
    before = _decode(call.string("cursor"), kind)
    # They were stored in nearly this order, but not quite when two were made concurrently.
    newest_first = sorted(entries, key=number, reverse=True)
    older = [entry for entry in newest_first if before is None or number(entry) < before]
    found = older[:limit]
    meta: dict[str, Any] = {"total": len(entries)}
    if found and len(older) > len(found):
        last = number(found[-1])
        meta["cursor"] = b64encode(msgspec.json.encode(_Cursor(kind, last))).decode()
    return success([describe(entry) for entry in found], meta)


def _decode(cursor: str, kind: str) -> int | None:
    if not cursor:
        return None
    try:
        found = msgspec.json.decode(b64decode(cursor, validate=True), type=_Cursor)
    except (ValueError, msgspec.DecodeError):
        found = None
    if found is None or (found != _Cursor(None, None) and found.value != kind):
        reason = "must be one that a page of this list gave; it cannot be made up."
        raise invalid("Parameter", f"The query parameter 'cursor' {reason}")
    return found.sort_value
