"""Answer the operations on the partitions of a table."""

from __future__ import annotations

import re
from typing import Any, Final

from .._call import Call, operation, page
from .._catalog import full_name
from .._engine import EngineError
from .._errors import invalid, not_found
from .._lexer import quote_string

_NUMBER: Final = re.compile(r"(\d+)")


@operation
def list_partitions(call: Call) -> dict[str, Any]:
    """Answer with a page of partitions."""
    return page(call, _partitions(call)[1], key="partition")


@operation
def get_partition_bounds(call: Call) -> dict[str, Any]:
    """Answer with the first and last name, numbers in names compared as numbers."""
    names = sorted((entry["partition"] for entry in _partitions(call)[1]), key=_natural)
    return {"data": {"min": names[0], "max": names[-1]} if names else {}}


@operation
def delete_partitions(call: Call) -> dict[str, Any]:
    """Drop partitions by their names or ids: all of them, or none if one does not exist."""
    table, entries = _partitions(call)
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
        call.emulator.engine.run(f"ALTER TABLE {table} {commands}")
    except EngineError as error:
        raise invalid("Partition", str(error)) from None
    return {"data": "Success"}


def _partitions(call: Call) -> tuple[str, list[dict[str, Any]]]:
    row = call.emulator.catalog.row(call.text("db_name"), call.text("table_name"))
    found = call.emulator.engine.rows(
        "SELECT partition, partition_id, count() AS parts, sum(bytes_on_disk) AS size,"
        " sum(rows) AS rows FROM system.parts WHERE active"
        f" AND database = {quote_string(row['database'])} AND table = {quote_string(row['name'])}"
        " GROUP BY partition, partition_id ORDER BY partition"
    )
    entries = [
        entry | {key: int(entry[key]) for key in ("parts", "size", "rows")} for entry in found
    ]
    return full_name(row["database"], row["name"]), entries


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in _NUMBER.split(name)]
