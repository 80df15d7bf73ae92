"""Tell what databases, tables and views there are, from the engine and the kept documents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from ._clock import Clock
from ._ddl import Clauses, Create, read_create, restore
from ._engine import Engine
from ._errors import not_found
from ._iam import FIRST_USER
from ._lexer import quote_identifier, quote_string, split, text_of
from ._state import State

HIDDEN: Final = frozenset({"system", "default", "information_schema", "INFORMATION_SCHEMA"})
USER: Final = {"id": FIRST_USER, "type": "VOLCANO_MAIN_ACCOUNT"}
TYPES: Final = {"View": "VIEW", "MaterializedView": "MATERIALIZED_VIEW", "Dictionary": "DICTIONARY"}
_INTERVAL: Final = re.compile(r"^(?:toDateTime\()?`?(\w+)`?\)? ?\+ ?toInterval(\w+)\((\d+)\)$")
_CUT: Final = re.compile(r"^toStartOf(Minute|Hour|Day|Month)\(`?(\w+)`?\)$")

_TABLES: Final = """
SELECT database, name, toString(uuid) AS uuid, engine, comment, create_table_query, as_select,
       sorting_key, primary_key, partition_key, sampling_key,
       toInt64(total_rows) AS total_rows, toInt64(total_bytes) AS total_bytes,
       toUnixTimestamp(metadata_modification_time) AS modified
FROM system.tables WHERE NOT startsWith(name, '.inner') AND database = {database}{condition}
ORDER BY name
"""


class Origin(msgspec.Struct):
    """What the engine does not keep of an object."""

    created_at: str
    clauses: Clauses | None = None


class Catalog:
    """The objects of the emulator."""

    def __init__(self, engine: Engine, state: State, clock: Clock) -> None:
        self.engine = engine
        self._clock = clock
        self._origins = state.collection("origin", Origin)
        # Spares an INSERT the look at its table where no table has one.
        self.has_unique_keys = any(_has_unique_key(o) for o in self._origins.all())

    def remember(self, uuid: str, clauses: Clauses | None = None) -> Origin:
        """Keep the time an object was first seen, and the clauses it was made with."""
        if found := self._origins.get(uuid):
            return found
        origin = Origin(self._clock.now(), clauses)
        self._origins.add(uuid, origin)
        self.has_unique_keys = self.has_unique_keys or _has_unique_key(origin)
        return origin

    def database_names(self) -> set[str]:
        """Answer with the names of the databases that callers may use."""
        rows = self.engine.rows("SELECT name FROM system.databases")
        return {row["name"] for row in rows} - HIDDEN

    def databases(self) -> list[dict[str, Any]]:
        """Answer with every database, as lists show it."""
        rows = self.engine.rows(
            "SELECT name, toString(uuid) AS uuid FROM system.databases ORDER BY name"
        )
        return [
            {
                "name": row["name"],
                "type": "DATABASE",
                "uuid": row["uuid"],
                "createdBy": USER,
                "createdAt": self.remember(row["uuid"]).created_at,
            }
            for row in rows
            if row["name"] not in HIDDEN
        ]

    def database(self, name: str) -> dict[str, Any]:
        """Answer with one database."""
        value = quote_string(self.require_database(name))
        [row] = self.engine.rows(
            "SELECT name, toString(uuid) AS uuid, comment,"
            f" (SELECT count() FROM system.tables WHERE database = {value}"
            "   AND NOT startsWith(name, '.inner')) AS tables,"
            f" (SELECT sum(total_bytes) FROM system.tables WHERE database = {value}) AS bytes"
            f" FROM system.databases WHERE name = {value}"
        )
        return {
            "name": row["name"],
            "type": "DATABASE",
            "uuid": row["uuid"],
            "description": row["comment"],
            "noOfTables": int(row["tables"]),
            "sizeInBytes": int(row["bytes"] or 0),
            "createdBy": USER,
            "createdAt": self.remember(row["uuid"]).created_at,
        }

    def require_database(self, name: str) -> str:
        """Answer with a database's own spelling, or say that there is none."""
        own = name.lower()
        if own not in self.database_names():
            raise not_found("Database", name)
        return own

    def tables(self, database: str, types: Iterable[str]) -> list[dict[str, Any]]:
        """Answer with the tables and views of a database, as lists show them."""
        own = self.require_database(database)
        rows = self.engine.rows(_TABLES.format(database=quote_string(own), condition=""))
        return [self._entry(row) for row in rows if TYPES.get(row["engine"], "TABLE") in types]

    def row(self, database: str, name: str, kind: str = "Table") -> dict[str, Any]:
        """Answer with what the engine says of one table or view, or say that there is none."""
        own = self.require_database(database)
        condition = f" AND name = {quote_string(name)}"
        rows = self.engine.rows(_TABLES.format(database=quote_string(own), condition=condition))
        if not rows:
            raise not_found(kind, f"{own}.{name}")
        return rows[0]

    def table(self, row: dict[str, Any]) -> dict[str, Any]:
        """Answer with one table or view, keys and columns included."""
        entry = self._entry(row)
        clauses = self.remember(row["uuid"]).clauses
        statement = split(row["create_table_query"])[0]
        definition = restore(statement, clauses) if clauses else statement.text
        entry["columns"] = self._columns(row)
        entry["definition"] = row["as_select"] or definition
        if entry["type"] == "TABLE":
            entry |= _keys(row, clauses)
        create = read_create(statement)
        if create and (ttl := create.text("TTL")):
            entry["ttl"] = _ttl(ttl)
        return entry

    def clauses(self, uuid: str) -> Clauses | None:
        """Answer with the clauses that the engine does not keep."""
        origin = self._origins.get(uuid)
        return origin.clauses if origin else None

    def _entry(self, row: dict[str, Any]) -> dict[str, Any]:
        origin = self.remember(row["uuid"])
        return {
            "name": row["name"],
            "type": TYPES.get(row["engine"], "TABLE"),
            "uuid": row["uuid"],
            "description": row["comment"],
            "databaseName": row["database"],
            "engine": origin.clauses.engine if origin.clauses else row["engine"],
            "noOfRows": int(row["total_rows"] or 0),
            "sizeInBytes": int(row["total_bytes"] or 0),
            "createdBy": USER,
            "createdAt": origin.created_at,
        }

    def _columns(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        found = self.engine.rows(
            "SELECT name, type, default_kind, default_expression, comment FROM system.columns"
            f" WHERE database = {quote_string(row['database'])}"
            f" AND table = {quote_string(row['name'])} ORDER BY position"
        )
        return [_column(column) for column in found]


def _has_unique_key(origin: Origin) -> bool:
    return origin.clauses is not None and bool(origin.clauses.unique_key)


def full_name(database: str, name: str) -> str:
    """Write the name of a table with that of its database."""
    return f"{quote_identifier(database.lower())}.{quote_identifier(name)}"


def expressions(key: str) -> list[str]:
    """Cut a key into its expressions."""
    statement = split(f"CREATE TABLE t ORDER BY {key}")[0]
    create = read_create(statement)
    return create.fields("ORDER") if key and isinstance(create, Create) else []


def _column(found: dict[str, Any]) -> dict[str, Any]:
    kind, nullable = found["type"], found["type"].startswith("Nullable(")
    column = {"name": found["name"], "type": kind[9:-1] if nullable else kind, "nullable": nullable}
    if found["default_kind"] == "DEFAULT":
        default = found["default_expression"]
        text = text_of(default)
        column["defaultValue"] = default if text is None else text
    return column | ({"comment": found["comment"]} if found["comment"] else {})


def _keys(row: dict[str, Any], clauses: Clauses | None) -> dict[str, Any]:
    order, primary, sample = row["sorting_key"], row["primary_key"], row["sampling_key"]
    if clauses and clauses.unique_key:
        order, sample = clauses.order_by, clauses.sample_by
        primary = clauses.primary_key or order
    keys: dict[str, Any] = {"orderByKeys": expressions(order), "primaryKeys": expressions(primary)}
    if row["partition_key"]:
        keys["partitionKeys"] = [_partition_key(k) for k in expressions(row["partition_key"])]
    if sample:
        keys["samplingKey"] = sample
    if clauses and clauses.unique_key:
        unique = expressions(clauses.unique_key)
        keys["uniqueKey"] = {"columns": unique, "expression": clauses.unique_key}
    if clauses and clauses.cluster_by:
        keys["clusterKey"] = {"expr": clauses.cluster_by, "numBuckets": clauses.buckets}
    return keys


def _partition_key(expression: str) -> dict[str, Any]:
    cut = _CUT.match(expression)
    if cut:
        return {
            "column": cut.group(2),
            "granularity": cut.group(1).lower(),
            "expression": expression,
        }
    return {"column": expression, "granularity": None, "expression": expression}


def _ttl(expression: str) -> dict[str, Any]:
    ttl: dict[str, Any] = {"expression": expression}
    if match := _INTERVAL.match(expression):
        column, unit, value = match.groups()
        ttl |= {"column": column, "value": int(value), "unit": unit.upper()}
    return ttl
