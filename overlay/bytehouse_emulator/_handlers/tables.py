"""Answer the operations on tables, views and dictionaries.

A table is made by writing ByteHouse's own CREATE TABLE and running it as a caller's statement would
be, so that one set of rules holds for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .._call import Call, operation, page
from .._catalog import TYPES, full_name
from .._ddl import NEVER_NULL
from .._dialect import prepare
from .._engine import EngineError
from .._errors import EmulatorError, conflict, invalid, not_found
from .._lexer import quote_identifier, quote_string, split, tokens
from .databases import check_name

_UNITS: Final = {"minute": "Minute", "hour": "Hour", "day": "Day", "month": "Month"}
_INTERVALS: Final = frozenset("SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR".split())


@operation
def list_tables(call: Call) -> dict[str, Any]:
    """Answer with a page of tables."""
    return page(call, call.emulator.catalog.tables(call.text("db_name"), {"TABLE"}))


@operation
def list_tables_and_views(call: Call) -> dict[str, Any]:
    """Answer with a page of tables, views and materialized views."""
    types = {"TABLE", "VIEW", "MATERIALIZED_VIEW"}
    return page(call, call.emulator.catalog.tables(call.text("db_name"), types))


@operation
def list_materialized_views(call: Call) -> dict[str, Any]:
    """Answer with a page of materialized views."""
    types = {"MATERIALIZED_VIEW"}
    return page(call, call.emulator.catalog.tables(call.text("db_name"), types))


@operation
def get_table(call: Call) -> dict[str, Any]:
    """Answer with one table or view."""
    catalog = call.emulator.catalog
    return {"data": catalog.table(catalog.row(call.text("db_name"), call.text("table_name")))}


@operation
def get_materialized_view(call: Call) -> dict[str, Any]:
    """Answer with one materialized view."""
    catalog, kind, name = call.emulator.catalog, "MaterializedView", call.text("mv_name")
    row = catalog.row(call.text("db_name"), name, kind)
    if row["engine"] != kind:
        raise not_found(kind, name)
    return {"data": catalog.table(row)}


@operation
def create_table(call: Call) -> dict[str, Any]:
    """Create a table."""
    catalog, body = call.emulator.catalog, call.body
    database = catalog.require_database(call.text("db_name"))
    check_name("Table", body["name"])
    [statement] = split(_create_statement(database, body))
    # The documented example leaves `nullable` out for a column beside one that is "not null", so a
    # column that says nothing is taken as `ansi_sql` takes it (inferred).
    prepared = prepare(statement, "ansi_sql", lambda: ())
    try:
        call.emulator.engine.run(prepared.text)
    except EngineError as error:
        if error.name == "TABLE_ALREADY_EXISTS":
            message = f"The table {database}.{body['name']} exists."
            raise conflict("Table", message) from None
        raise invalid("Table", str(error)) from None
    uuid = catalog.row(database, body["name"])["uuid"]
    catalog.remember(uuid, prepared.clauses)
    return {"data": {"uuid": uuid}}


@operation
def delete_table(call: Call) -> dict[str, Any]:
    """Delete a table; views are deleted by a statement."""
    name = _require(call, "TABLE", call.text("table_name"))
    call.emulator.engine.run(f"DROP TABLE IF EXISTS {name} SYNC")
    return {}


@operation
def delete_dictionary(call: Call) -> dict[str, Any]:
    """Delete a dictionary."""
    name = _require(call, "DICTIONARY", call.text("dict_name"))
    call.emulator.engine.run(f"DROP DICTIONARY IF EXISTS {name} SYNC")
    return {}


@operation
def update_table(call: Call) -> dict[str, Any]:
    """Change the columns or the time to live of a table, all in one step."""
    name = _require(call, "TABLE", call.text("table_name"))
    row = call.emulator.catalog.row(call.text("db_name"), call.text("table_name"))
    nullable = {c["name"]: c["nullable"] for c in call.emulator.catalog.table(row)["columns"]}
    commands = list(_commands(call.body, nullable))
    if not commands:
        raise invalid("Table", "The request asks for no change.")
    [statement] = split(f"ALTER TABLE {name} {', '.join(commands)}")
    try:
        call.emulator.engine.run(prepare(statement, "ansi_sql", lambda: ()).text)
    except EngineError as error:
        raise invalid("Table", str(error)) from None
    return {}


def _require(call: Call, wanted: str, name: str) -> str:
    kind = wanted.capitalize()
    row = call.emulator.catalog.row(call.text("db_name"), name, kind)
    if (found := TYPES.get(row["engine"], "TABLE")) != wanted:
        raise invalid(kind, f"{name!r} is no {kind.lower()} but a {found.lower()}.")
    return full_name(row["database"], name)


def _create_statement(database: str, body: dict[str, Any]) -> str:
    if not body["columns"]:
        raise invalid("Table", "A table needs at least one column.")
    names = [column.get("name", "") for column in body["columns"]]
    for name in names:
        check_name("Column", name)
    if len(set(names)) < len(names):
        raise invalid("Table", "Two columns have the same name.")
    columns = ", ".join(_column(column) for column in body["columns"])
    table = full_name(database, body["name"])
    clauses = " ".join(_clauses(body, names))
    return f"CREATE TABLE {table} ({columns}) ENGINE = CnchMergeTree {clauses}"


def _clauses(body: dict[str, Any], names: list[str]) -> Iterator[str]:
    if keys := body.get("partitionKeys"):
        yield f"PARTITION BY ({', '.join(_partition(key, names) for key in keys)})"
    if (cluster := body.get("clusterKey")) is not None:
        yield _cluster(cluster)
    yield f"ORDER BY {_key(body['orderByKeys'], names)}"
    if keys := body.get("primaryKeys"):
        yield f"PRIMARY KEY {_key(keys, names)}"
    if (unique := body.get("uniqueKey")) is not None:
        yield f"UNIQUE KEY {_unique(unique, names)}"
    if sampling := body.get("samplingKey"):
        yield f"SAMPLE BY {_key([sampling], names)}"
    if (ttl := body.get("ttl")) is not None:
        yield f"TTL {_ttl(ttl)}"
    if description := body.get("description"):
        yield f"COMMENT {quote_string(description)}"


def _commands(body: dict[str, Any], nullable: dict[str, bool]) -> Iterator[str]:
    for column in body.get("addColumns", ()):
        yield f"ADD COLUMN {_column(column)}"
    for name in body.get("dropColumns", ()):
        yield f"DROP COLUMN {quote_identifier(name)}"
    for column in body.get("modifyColumns", ()):
        name = column.get("name", "")
        if name not in nullable:
            raise not_found("Column", name)
        # A column that says nothing of it stays as nullable as it is (inferred); of some types
        # it is the type that says it.
        kind = column.get("type", "").partition("(")[0].strip().lower()
        kept = {"nullable": nullable[name]} if kind and kind not in NEVER_NULL else {}
        yield f"MODIFY COLUMN {_column(kept | column, new=False)}"
    for rename in body.get("renameColumns", ()):
        old, new = rename.get("name"), rename.get("newName")
        if not isinstance(old, str) or not isinstance(new, str):
            message = "renameColumns takes objects with the keys 'name' and 'newName' (inferred)."
            raise invalid("Table", message)
        yield f"RENAME COLUMN {quote_identifier(old)} TO {quote_identifier(new)}"
    if body.get("isRemoveTTL") and "ttl" in body:
        raise invalid("Table", "A time to live cannot be set and removed in one request.")
    if body.get("isRemoveTTL"):
        yield "REMOVE TTL"
    if (ttl := body.get("ttl")) is not None:
        yield f"MODIFY TTL {_ttl(ttl)}"


def _column(column: dict[str, Any], *, new: bool = True) -> str:
    name, kind = column.get("name", ""), column.get("type", "")
    check_name("Column", name)
    pieces = [quote_identifier(name)]
    if kind or new:
        pieces.append(_fragment("type of a column", kind))
    nullable = column.get("nullable")
    if kind.lower().startswith("nullable"):
        if nullable is False and new:
            raise invalid("Table", f"The column {name!r} is both Nullable and not nullable.")
    elif nullable is not None:
        pieces.append("NULL" if nullable else "NOT NULL")
    if "defaultValue" in column:
        pieces.append(f"DEFAULT {quote_string(column['defaultValue'])}")
    if "comment" in column:
        pieces.append(f"COMMENT {quote_string(column['comment'])}")
    return " ".join(pieces)


def _key(names: list[str], columns: list[str]) -> str:
    for name in names:
        if name not in columns:
            raise invalid("Table", f"The key {name!r} is not one of the columns.")
    return f"({', '.join(quote_identifier(name) for name in names)})"


def _partition(key: dict[str, Any], columns: list[str]) -> str:
    if expression := key.get("expression"):
        return _fragment("partition expression", expression)
    name, granularity = key.get("column", ""), key.get("granularity")
    quoted = _key([name], columns)[1:-1]
    if not granularity:
        return quoted
    if granularity.lower() not in _UNITS:
        units = ", ".join(_UNITS)
        raise invalid("Table", f"The granularity {granularity!r} is none of {units}.")
    return f"toStartOf{_UNITS[granularity.lower()]}({quoted})"


def _unique(key: dict[str, Any], columns: list[str]) -> str:
    if names := key.get("columns"):
        return _key(names, columns)
    if expression := key.get("expression"):
        return _fragment("unique key", expression)
    raise invalid("Table", "uniqueKey takes the key 'columns' or 'expression' (inferred).")


def _cluster(key: dict[str, Any]) -> str:
    expression, buckets = key.get("expr"), key.get("numBuckets")
    if not expression or not isinstance(buckets, int) or buckets < 1:
        message = "clusterKey takes the keys 'expr' and 'numBuckets', a number above 0 (inferred)."
        raise invalid("Table", message)
    return f"CLUSTER BY {_fragment('cluster key', expression)} INTO {buckets} BUCKETS"


def _ttl(ttl: dict[str, Any]) -> str:
    if expression := ttl.get("expression"):
        return _fragment("time to live", expression)
    column, value, unit = ttl.get("column"), ttl.get("value"), str(ttl.get("unit", "")).upper()
    if not column or not isinstance(value, int) or unit not in _INTERVALS:
        message = "ttl takes the keys 'column', 'value' and 'unit', or 'expression' (inferred)."
        raise invalid("Table", message)
    return f"{quote_identifier(column)} + INTERVAL {value} {unit}"


def _fragment(what: str, text: str) -> str:
    """Answer with a piece of SQL that stays a piece when it is put into a statement."""
    found = tokens(text)
    end, whole = 0, bool(found)
    for token in found:
        whole = whole and not text[end : token.start].strip() and token.depth >= 0
        whole = whole and not (token.depth == 0 and token.text in {",", ";"})
        if token.kind in {"string", "quoted"}:
            whole = whole and len(token.text) > 1 and token.text[-1] == token.text[0]
        end = token.end
    opened = sum(token.text in {"(", "["} and token.kind == "symbol" for token in found)
    closed = sum(token.text in {")", "]"} and token.kind == "symbol" for token in found)
    if not whole or text[end:].strip() or opened != closed:
        raise EmulatorError(400, "Table_InvalidExpression", f"This is no {what}: {text[:80]!r}.")
    return text
