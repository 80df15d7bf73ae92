"""How a table is stored: its partitions, and the progress of its bucketing."""

from __future__ import annotations

import re
from typing import Any, Final

from bytehouse_emulator.calls.authorization import any_role, requires, show_table, table
from bytehouse_emulator.calls.call import Call, operation
from bytehouse_emulator.calls.envelope import success
from bytehouse_emulator.calls.pagination import filtered_page
from bytehouse_emulator.errors import invalid, not_found
from bytehouse_emulator.simulation.transitions import DONE
from bytehouse_emulator.sql.engine import EngineError
from bytehouse_emulator.sql.lexer import full_name, quote_string

_NUMBER: Final = re.compile(r"(\d+)")
_CLUSTERING: Final = "clustering"


@operation(show_table)
def list_partitions(call: Call) -> dict[str, Any]:
    """Return a page of partitions."""
    return filtered_page(call, _partitions(call)[1], key="partition")


@operation(show_table)
def get_partition_bounds(call: Call) -> dict[str, Any]:
    """Return the first and last name, numbers in names compared as numbers."""
    names = sorted((entry["partition"] for entry in _partitions(call)[1]), key=_natural)
    return {"data": {"min": names[0], "max": names[-1]} if names else {}}


@operation(requires("ALTER", table))
def delete_partitions(call: Call) -> dict[str, Any]:
    """Drop partitions by their names or ids: all of them, or none if one does not exist."""
    target, entries = _partitions(call)
    ids = {entry["partition"]: entry["partition_id"] for entry in entries}
    ids |= {entry["partition_id"]: entry["partition_id"] for entry in entries}
    names = call.body.get("partitionNames", [])
    if not names:
        raise invalid("Partition", "The request names no partition.")
    for name in names:
        if name not in ids:
            raise not_found("Partition", name)
    wanted = dict.fromkeys(ids[name] for name in names)
    commands = ", ".join(f"DROP PARTITION ID {quote_string(found)}" for found in wanted)
    try:
        call.emulator.engine.run(f"ALTER TABLE {target} {commands}")
    except EngineError as error:
        raise invalid("Partition", str(error)) from None
    return {"data": "Success"}


@operation(any_role)
def get_cluster_status(call: Call) -> dict[str, Any]:
    """Return the progress of bucketing, which begins when it is first requested.

    Keys and types are those of the open-source engine, a UInt8 and a string; their values are
    inferred.
    """
    emulator = call.emulator
    row = emulator.catalog.row(call.string("db_name"), call.string("table_name"))
    clauses = emulator.catalog.clauses(row["uuid"])
    if clauses is None or not clauses.cluster_by:
        return success({"cluster_status": 0, "cluster_progress": "0%"})
    emulator.transitions.begin_once(_CLUSTERING, row["uuid"])
    progress = emulator.transitions.progress(_CLUSTERING, row["uuid"])
    shown = f"{100 * progress:.4g}%"
    return success({"cluster_status": int(progress >= DONE), "cluster_progress": shown})


def _partitions(call: Call) -> tuple[str, list[dict[str, Any]]]:
    row = call.emulator.catalog.row(call.string("db_name"), call.string("table_name"))
    found = call.emulator.engine.rows(
        "SELECT partition, partition_id, count() AS total_parts_number,"
        " sum(bytes_on_disk) AS total_parts_size, sum(rows) AS total_rows_count"
        " FROM system.parts WHERE active"
        f" AND database = {quote_string(row['database'])} AND table = {quote_string(row['name'])}"
        " GROUP BY partition, partition_id ORDER BY partition"
    )
    entries = [
        entry | {key: int(entry[key]) for key in entry if key.startswith("total_")}
        for entry in found
    ]
    return full_name(row["database"], row["name"]), entries


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in _NUMBER.split(name)]
