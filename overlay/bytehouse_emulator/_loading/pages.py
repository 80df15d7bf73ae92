"""Answer with one page of a list that is walked by an opaque cursor.

The example in the docs decodes to `{"value":null,"sort_value":null}`, so a cursor here is Base64
of such an object. The rest is inferred: that the entry last seen is in it, that the next one comes
as `meta.cursor` and is left out at the end, that the newest entry is first, and that the limits are
those documented for warehouses: 10 when none is given, and never more than 100.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from .._call import Call
from .._envelope import success
from .._errors import invalid

_DEFAULT: Final = 10
_MOST: Final = 100
T = TypeVar("T")


class _Cursor(msgspec.Struct, forbid_unknown_fields=True):
    value: str | int | None
    sort_value: int | None


def cursor_page(
    call: Call,
    entries: Sequence[T],
    number: Callable[[T], int],
    show: Callable[[T], dict[str, Any]],
) -> dict[str, Any]:
    """Answer with the page that `cursor` and `limit` ask for, the highest number first."""
    limit = call.number("limit", _DEFAULT)
    if limit < 0:
        raise invalid("Parameter", "The query parameter 'limit' must not be negative.")
    limit = min(limit, _MOST)
    before = _read(call.text("cursor"))
    # They were kept in nearly this order, but not quite when two were made at once.
    newest_first = sorted(entries, key=number, reverse=True)
    older = [entry for entry in newest_first if before is None or number(entry) < before]
    found = older[:limit]
    meta: dict[str, Any] = {"total": len(entries)}
    if found and len(older) > len(found):
        last = number(found[-1])
        meta["cursor"] = b64encode(msgspec.json.encode(_Cursor(str(last), last))).decode()
    return success([show(entry) for entry in found], meta)


def _read(cursor: str) -> int | None:
    if not cursor:
        return None
    try:
        return msgspec.json.decode(b64decode(cursor, validate=True), type=_Cursor).sort_value
    except (ValueError, msgspec.DecodeError):
        reason = "must be one that an answer gave; it cannot be made up."
        raise invalid("Parameter", f"The query parameter 'cursor' {reason}") from None
