"""Answer the operations on virtual warehouses."""

from __future__ import annotations

from typing import Any, Final

from .._call import Call, operation
from .._envelope import success
from .._warehouses import CONFIGURATIONS

_LIMIT: Final = 10
_MOST: Final = 100


@operation
def list_warehouses(call: Call) -> dict[str, Any]:
    """Answer with a page of virtual warehouses."""
    return _page(call, [warehouse.describe() for warehouse in call.emulator.warehouses.all()])


@operation
def create_warehouse(call: Call) -> dict[str, Any]:
    """Create a virtual warehouse."""
    warehouse = call.emulator.warehouses.create(call.body)
    return {"name": warehouse.name, "vwID": warehouse.id} | success()


@operation
def get_warehouse(call: Call) -> dict[str, Any]:
    """Answer with one virtual warehouse."""
    return call.emulator.warehouses.get(call.text("name")).describe() | success()


@operation
def update_warehouse(call: Call) -> dict[str, Any]:
    """Change a virtual warehouse, resume it or suspend it."""
    call.emulator.warehouses.update(call.text("name"), call.body)
    return success()


@operation
def delete_warehouse(call: Call) -> dict[str, Any]:
    """Delete a virtual warehouse and the permissions on it."""
    emulator = call.emulator
    warehouse = emulator.warehouses.delete(call.text("name"))
    emulator.access.forget(emulator.access.warehouse(warehouse.id))
    return success()


@operation
def list_warehouse_configurations(call: Call) -> dict[str, Any]:
    """Answer with a page of resource settings; creditsPerHour is inferred, its rates are not."""
    entries = [
        {
            "id": configuration.id,
            "name": f"{configuration.size} warehouse",
            "size": configuration.size,
            "creditsPerHour": configuration.credits_per_hour,
        }
        for configuration in CONFIGURATIONS.values()
    ]
    return _page(call, entries)


def _page(call: Call, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Answer with as many as asked for, but never more than 100, and without a word of it."""
    offset, limit = call.number("offset"), min(call.number("limit", _LIMIT), _MOST)
    return {
        "data": entries[offset : offset + limit],
        "meta": {"offset": offset, "total": len(entries)},
    }
