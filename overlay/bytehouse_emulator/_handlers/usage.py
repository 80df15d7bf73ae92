"""Answer the operations on what is stored and what ran; the keys of both answers are inferred."""

from __future__ import annotations

from typing import Any

from .._call import Call, operation
from .._clock import timestamp
from .._envelope import success
from .._errors import not_found
from .._usage import read_period


@operation
def get_storage_usage(call: Call) -> dict[str, Any]:
    """Answer with the bytes of each database, as they are now.

    No history is kept: a database counts with its bytes of this moment if it was made before the
    end of the period.
    """
    catalog, name = call.emulator.catalog, call.text("dbName")
    first, last = read_period(call.text("startTime"), call.text("endTime"))
    wanted = catalog.require_database(name) if name else ""
    entries = [
        {"dbName": found["name"], "sizeInBytes": catalog.database(found["name"])["sizeInBytes"]}
        for found in catalog.databases()
        if found["createdAt"] <= timestamp(last) and wanted in {"", found["name"]}
    ]
    total = sum(entry["sizeInBytes"] for entry in entries)
    return success(_period(first, last) | {"databases": entries, "totalSizeInBytes": total})


@operation
def get_warehouse_usage(call: Call) -> dict[str, Any]:
    """Answer with how long queries ran on each virtual warehouse, and what that costs.

    Credits are the vendor's rates by size for the time in which queries ran (inferred).
    """
    warehouses, name = call.emulator.warehouses, call.text("vwName")
    first, last = read_period(call.text("startTime"), call.text("endTime"))
    names = {warehouse.id: warehouse.name for warehouse in warehouses.all()}
    if name and name not in names.values():
        raise not_found("Warehouse", name)
    found = call.emulator.usage.of_warehouses(first, last)
    nothing = {"queries": 0, "runSeconds": 0.0, "credits": 0.0}
    entries = [
        {"vwID": key, "vwName": names.get(key, "")} | found.get(key, nothing)
        for key in dict.fromkeys([*names, *found])
        if not name or names.get(key) == name
    ]
    total = sum(entry["credits"] for entry in entries)
    return success(_period(first, last) | {"virtualWarehouses": entries, "totalCredits": total})


def _period(first: int, last: int) -> dict[str, str]:
    return {"startTime": timestamp(first), "endTime": timestamp(last)}
