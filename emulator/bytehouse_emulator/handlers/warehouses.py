"""Virtual warehouses."""

from __future__ import annotations

from typing import Any

from bytehouse_emulator.calls.authorization import account, any_role, requires, warehouse
from bytehouse_emulator.calls.call import Call, operation
from bytehouse_emulator.calls.envelope import success
from bytehouse_emulator.calls.pagination import CAPPED_DEFAULT_LIMIT, MAX_LIMIT, offset_page
from bytehouse_emulator.model.warehouses import CONFIGURATIONS


@operation(any_role)
def list_warehouses(call: Call) -> dict[str, Any]:
    """Return a page of the virtual warehouses that the role sees."""
    sees = call.emulator.permissions.sees(call.role, "VIEW")
    found = [w for w in call.emulator.warehouses.all() if sees([f"warehouse:{w.id}"])]
    return _page(call, [warehouse.describe() for warehouse in found])


@operation(requires("CREATE VIRTUAL WAREHOUSE", account))
def create_warehouse(call: Call) -> dict[str, Any]:
    """Create a virtual warehouse."""
    created = call.emulator.warehouses.create(call.body)
    return {"name": created.name, "vwID": created.id} | success()


@operation(requires("VIEW", warehouse))
def get_warehouse(call: Call) -> dict[str, Any]:
    """Return one virtual warehouse."""
    return call.emulator.warehouses.get(call.string("name")).describe() | success()


@operation(requires("ALL", warehouse))
def update_warehouse(call: Call) -> dict[str, Any]:
    """Change a virtual warehouse, resume it or suspend it."""
    call.emulator.warehouses.update(call.string("name"), call.body)
    return success()


@operation(requires("ALL", warehouse))
def delete_warehouse(call: Call) -> dict[str, Any]:
    """Delete a virtual warehouse and the permissions on it."""
    permissions = call.emulator.permissions
    deleted = call.emulator.warehouses.delete(call.string("name"))
    permissions.delete_all(permissions.warehouse(deleted.id))
    return success()


@operation(any_role)
def list_warehouse_configurations(call: Call) -> dict[str, Any]:
    """Return a page of resource settings; creditsPerHour is inferred, its rates are not."""
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
    """Return as many entries as requested, but silently never more than 100."""
    limit = min(call.integer("limit", CAPPED_DEFAULT_LIMIT), MAX_LIMIT)
    return offset_page(call, entries, limit)
