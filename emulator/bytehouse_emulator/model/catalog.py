"""The databases, tables and views, as the engine and the stored documents describe them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from bytehouse_emulator.errors import not_found
from bytehouse_emulator.model.account import CREATOR
from bytehouse_emulator.simulation.clock import Clock
from bytehouse_emulator.sql.ddl import Clauses, read_create, restore
from bytehouse_emulator.sql.engine import Engine
from bytehouse_emulator.sql.lexer import quote_string, split, string_value
from bytehouse_emulator.storage.documents import DocumentStore

HIDDEN: Final = frozenset({"system", "default", "information_schema", "INFORMATION_SCHEMA"})
_TYPES: Final = {
    "View": "VIEW",
    "MaterializedView": "MATERIALIZED_VIEW",
    "Dictionary": "DICTIONARY",
}
_INTERVAL: Final = re.compile(r"^(?:toDateTime\()?`?(\w+)`?\)? ?\+ ?toInterval(\w+)\((\d+)\)$")
_START_OF: Final = re.compile(r"^toStartOf(Minute|Hour|Day|Month)\(`?(\w+)`?\)$")

_TABLES: Final = """
SELECT database, name, toString(uuid) AS uuid, engine, comment, create_table_query, as_select,
       sorting_key, primary_key, partition_key, sampling_key,
       toInt64(total_rows) AS total_rows, toInt64(total_bytes) AS total_bytes,
       toUnixTimestamp(metadata_modification_time) AS modified
FROM system.tables WHERE NOT startsWith(name, '.inner') AND database = {database}{condition}
ORDER BY name
"""


Place = tuple[str, str]
"""The names of a database and of a table in it."""


def object_type(engine: str) -> str:
    """Return the type of an object, such as `VIEW`, by its engine."""
    return _TYPES.get(engine, "TABLE")


class Origin(msgspec.Struct):
    """What the engine does not keep of an object: when it was created, and some clauses."""

    created_at: str
    clauses: Clauses | None = None


class Catalog:
    """The databases and what is in them."""

    def __init__(self, engine: Engine, documents: DocumentStore, clock: Clock) -> None:
        self.engine = engine
        self._clock = clock
        self._origins = documents.collection("origin", Origin)
        # Spares an INSERT a query for its table where no table has one.
        self.has_unique_keys = any(_has_unique_key(o) for o in self._origins.all())

    def record(self, uuid: str, clauses: Clauses | None = None) -> Origin:
        """Store when an object was first seen, and its clauses, unless that was done before."""
        if found := self._origins.get(uuid):
            return found
        origin = Origin(self._clock.now(), clauses)
        self._origins.add(uuid, origin)
        self.has_unique_keys = self.has_unique_keys or _has_unique_key(origin)
        return origin

    def database_names(self) -> set[str]:
        """Return the names of the databases that callers may use."""
        rows = self.engine.rows("SELECT name FROM system.databases")
        return {row["name"] for row in rows} - HIDDEN

    def databases(self) -> list[dict[str, Any]]:
        """Return every database, as lists show it."""
        rows = self.engine.rows(
            "SELECT name, toString(uuid) AS uuid FROM system.databases ORDER BY name"
        )
        return [
            {
                "name": row["name"],
                "type": "DATABASE",
                "uuid": row["uuid"],
                "createdBy": CREATOR,
                "createdAt": self.record(row["uuid"]).created_at,
            }
            for row in rows
            if row["name"] not in HIDDEN
        ]

    def tables_by_database(self) -> dict[str, list[str]]:
        """Return the ids of the tables and views of each database that has some, by its name."""
        rows = self.engine.rows(
            "SELECT database, groupArray(toString(uuid)) AS uuids FROM system.tables"
            " WHERE NOT is_temporary GROUP BY database"
        )
        return {row["database"]: row["uuids"] for row in rows}

    def database(self, name: str) -> dict[str, Any]:
        """Return one database."""
        value = quote_string(name.lower())
        rows = self.engine.rows(
            "SELECT name, toString(uuid) AS uuid, comment,"
            f" (SELECT count() FROM system.tables WHERE database = {value}"
            "   AND NOT startsWith(name, '.inner')) AS tables,"
            f" (SELECT sum(total_bytes) FROM system.tables WHERE database = {value}) AS bytes"
            f" FROM system.databases WHERE name = {value}"
        )
        if not rows or rows[0]["name"] in HIDDEN:
            raise not_found("Database", name)
        row = rows[0]
        return {
            "name": row["name"],
            "type": "DATABASE",
            "uuid": row["uuid"],
            "description": row["comment"],
            "noOfTables": int(row["tables"]),
            "sizeInBytes": int(row["bytes"] or 0),
            "createdBy": CREATOR,
            "createdAt": self.record(row["uuid"]).created_at,
        }

    def require_database(self, name: str) -> str:
        """Return the stored name of a database; 404 if there is none."""
        stored = name.lower()
        if stored not in self.database_names():
            raise not_found("Database", name)
        return stored

    def tables(self, database: str, types: Iterable[str]) -> list[dict[str, Any]]:
        """Return the tables and views of a database, as lists show them."""
        stored = quote_string(self.require_database(database))
        rows = self.engine.rows(_TABLES.format(database=stored, condition=""))
        return [self._entry(row) for row in rows if object_type(row["engine"]) in types]

    def row(self, database: str, name: str, kind: str = "Table") -> dict[str, Any]:
        """Return the engine's description of one table or view; 404 if there is none."""
        stored = database.lower()
        condition = f" AND name = {quote_string(name)}"
        sql = _TABLES.format(database=quote_string(stored), condition=condition)
        rows = [] if stored in HIDDEN else self.engine.rows(sql)
        if not rows:
            self.require_database(database)
            raise not_found(kind, f"{stored}.{name}")
        return rows[0]

    def table(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return one table or view with its keys and columns."""
        entry = self._entry(row)
        clauses = self.record(row["uuid"]).clauses
        statement = split(row["create_table_query"])[0]
        definition = restore(statement, clauses) if clauses else statement.text
        entry["columns"] = self._columns(row)
        entry["definition"] = row["as_select"] or definition
        if entry["type"] == "TABLE":
            entry |= _keys(row, clauses)
        create = read_create(statement)
        if create and (ttl := create.text("TTL")):
            entry["ttl"] = described_ttl(ttl)
        return entry

    def end_changes(self, place: Place, *, failed: bool) -> None:
        """End the changes of a table's rows that have failed, or all of them.

        The engine would go on with them, or try them again before every later change of the table.
        """
        database, name = map(quote_string, place)
        condition = " AND notEmpty(latest_fail_reason)" if failed else ""
        self.engine.run(
            f"KILL MUTATION WHERE NOT is_done AND database = {database}"
            f" AND table = {name}{condition} SYNC"
        )

    def described_tables(self) -> str:
        """Return a query in place of `system.tables`, with the engines and keys that tables were
        created with; empty if that one has them already."""
        rows = self.engine.rows(
            "SELECT toString(uuid) AS uuid, create_table_query, sorting_key, primary_key"
            " FROM system.tables WHERE engine LIKE '%MergeTree'"
        )
        named: dict[str, list[str]] = {}
        for row in rows:
            clauses = self.clauses(row["uuid"])
            if clauses is None:
                continue
            definition = restore(split(row["create_table_query"])[0], clauses)
            own = bool(clauses.unique_key)
            named[row["uuid"]] = [
                clauses.engine,
                definition.partition("ENGINE = ")[2],
                definition,
                clauses.order_by if own else row["sorting_key"],
                (clauses.primary_key or clauses.order_by) if own else row["primary_key"],
            ]
        if not named:
            return ""
        columns = ("engine", "engine_full", "create_table_query", "sorting_key", "primary_key")
        uuids = _strings(named)
        replaced = ", ".join(
            f"transform(toString(uuid), {uuids}, {_strings(v[at] for v in named.values())}, {name})"
            f" AS {name}"
            for at, name in enumerate(columns)
        )
        return f"(SELECT * REPLACE ({replaced}) FROM system.tables)"

    def clauses(self, uuid: str) -> Clauses | None:
        """Return the clauses that the engine does not keep."""
        origin = self._origins.get(uuid)
        return origin.clauses if origin else None

    def _entry(self, row: dict[str, Any]) -> dict[str, Any]:
        origin = self.record(row["uuid"])
        return {
            "name": row["name"],
            "type": object_type(row["engine"]),
            "uuid": row["uuid"],
            "description": row["comment"],
            "databaseName": row["database"],
            "engine": origin.clauses.engine if origin.clauses else row["engine"],
            "noOfRows": int(row["total_rows"] or 0),
            "sizeInBytes": int(row["total_bytes"] or 0),
            "createdBy": CREATOR,
            "createdAt": origin.created_at,
        }

    def _columns(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        found = self.engine.rows(
            "SELECT name, type, default_kind, default_expression, comment FROM system.columns"
            f" WHERE database = {quote_string(row['database'])}"
            f" AND table = {quote_string(row['name'])} ORDER BY position"
        )
        return [_column(column) for column in found]


def _strings(values: Iterable[str]) -> str:
    return f"[{', '.join(map(quote_string, values))}]"


def _has_unique_key(origin: Origin) -> bool:
    return origin.clauses is not None and bool(origin.clauses.unique_key)


def expressions(key: str) -> list[str]:
    """Split a key into its expressions."""
    statement = split(f"CREATE TABLE t ORDER BY {key}")[0]
    create = read_create(statement)
    return create.fields("ORDER") if key and create else []


def _column(found: dict[str, Any]) -> dict[str, Any]:
    kind, nullable = found["type"], found["type"].startswith("Nullable(")
    column = {"name": found["name"], "type": kind[9:-1] if nullable else kind, "nullable": nullable}
    if found["default_kind"] == "DEFAULT":
        default = found["default_expression"]
        string = string_value(default)
        column["defaultValue"] = default if string is None else string
    return column | ({"comment": found["comment"]} if found["comment"] else {})


def _keys(row: dict[str, Any], clauses: Clauses | None) -> dict[str, Any]:
    order, primary, sample = row["sorting_key"], row["primary_key"], row["sampling_key"]
    if clauses and clauses.unique_key:
        order, sample = clauses.order_by, clauses.sample_by
        primary = clauses.primary_key or order
    keys: dict[str, Any] = {
        "orderByKeys": expressions(order),
        "primaryKeys": expressions(primary),
    }
    if row["partition_key"]:
        keys["partitionKeys"] = [partition_key(k) for k in expressions(row["partition_key"])]
    if sample:
        keys["samplingKey"] = sample
    if clauses and clauses.unique_key:
        unique = expressions(clauses.unique_key)
        keys["uniqueKey"] = {"columns": unique, "expression": clauses.unique_key}
    if clauses and clauses.cluster_by:
        keys["clusterKey"] = {"expr": clauses.cluster_by, "numBuckets": clauses.buckets}
    return keys


def partition_key(expression: str) -> dict[str, Any]:
    """Return a partition key as responses show it."""
    column, granularity = expression, None
    if match := _START_OF.match(expression):
        column, granularity = match[2], match[1].lower()
    return {"column": column, "granularity": granularity, "expression": expression}


def described_ttl(expression: str) -> dict[str, Any]:
    """Return a time to live as responses show it."""
    ttl: dict[str, Any] = {"expression": expression}
    if match := _INTERVAL.match(expression):
        column, unit, value = match.groups()
        ttl |= {"column": column, "value": int(value), "unit": unit.upper()}
    return ttl
