# Derived from overlay/bytehouse/_async/warehouse_ids.py by `make generate`. Do not edit.
"""Translate between the names and the ids of virtual warehouses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from .._core.options import CallOptions
from ..errors import APIError, InvalidArgument

if TYPE_CHECKING:
    from .._sql.statements import Submission
    from .resource_client import ResourceClient


_LIFETIME = 300.0
_MOST_SHOWN = 20


def is_id(value: str) -> bool:
    """Return whether a value is the id of a warehouse: a name cannot have a dash (documented), and
    each id that the docs show has one (that all have is inferred)."""
    return "-" in value


def with_warehouse_id(client: ResourceClient, submission: Submission) -> Submission:
    """Return a submission with the id of its warehouse in place of the name, if it has one.

    Raises:
        InvalidArgument: There is no such warehouse; the statement was not sent.
    """
    if submission.warehouse is None:
        return submission
    found = warehouse_id(client, submission.warehouse, submission.options)
    return (
        submission if found == submission.warehouse else attrs.evolve(submission, warehouse=found)
    )


def warehouse_id(client: ResourceClient, warehouse: str, options: CallOptions) -> str:
    """Return the id of a warehouse, given its name or id.

    Raises:
        InvalidArgument: There is no such warehouse.
    """
    if is_id(warehouse):
        return warehouse
    ids = _ids(client, warehouse, options)
    found = ids.get(warehouse)
    if found is None:
        names = sorted(ids)
        shown = ", ".join(names[:_MOST_SHOWN]) + (" and more" if len(names) > _MOST_SHOWN else "")
        raise InvalidArgument(
            f"There is no virtual warehouse {warehouse!r}, or the role may not see it.",
            hint=f"There are: {shown or 'none'}. An id such as vw-1-etl is sent as it is.",
        )
    return found


def warehouse_name(client: ResourceClient, warehouse: str, options: CallOptions) -> str:
    """Return the name of a warehouse, given its name or id; an id that is not listed stays."""
    if not isinstance(warehouse, str) or not is_id(warehouse):
        return warehouse
    ids = _ids(client, warehouse, options)
    return next((name for name, found in ids.items() if found == warehouse), warehouse)


def _ids(client: ResourceClient, wanted: str, options: CallOptions) -> Mapping[str, str]:
    """Return the ids of the warehouses by name, listed anew if the one wanted is not known."""
    shared, now = client._shared, client._clock.monotonic()
    listed, ids = shared.warehouse_ids
    known = wanted in ids or wanted in ids.values()
    if known and listed is not None and now - listed < _LIFETIME:
        return ids
    try:
        entries = client.warehouses.list(**options).all()
    except APIError as error:
        what = "name, whose id" if not is_id(wanted) else "id, whose name"
        error.hint = f"{error.hint} {wanted!r} is a {what} is looked up in this list.".strip()
        raise
    pairs = [(getattr(each, "name", None), getattr(each, "id", None)) for each in entries]
    ids = {name: found for name, found in pairs if name and found}
    shared.warehouse_ids = (now, ids)
    return ids
