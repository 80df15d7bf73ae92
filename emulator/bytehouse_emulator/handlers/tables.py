"""Tables, views and dictionaries.

A table is created with ByteHouse's own CREATE TABLE, which runs like a caller's statement, so that
the same rules apply to both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from bytehouse_emulator.calls.authorization import (
    any_role,
    database,
    dictionary,
    materialized_view,
    requires,
    show_table,
    table,
)
from bytehouse_emulator.calls.call import Call, operation
from bytehouse_emulator.calls.pagination import filtered_page
from bytehouse_emulator.errors import EmulatorError, already_exists, invalid, not_found
from bytehouse_emulator.model.catalog import (
    described_ttl,
    expressions,
    object_type,
    partition_key,
)
from bytehouse_emulator.sql.ddl import NEVER_NULL
from bytehouse_emulator.sql.dialect import prepare
from bytehouse_emulator.sql.engine import EngineError
from bytehouse_emulator.sql.lexer import full_name, quote_identifier, quote_string, split, tokens
from bytehouse_emulator.sql.names import check_name
from bytehouse_emulator.sql.parsed import parsed

_DATE: Final = re.compile(r"(Nullable\()?Date(32)?\)?", re.IGNORECASE)
_UNITS: Final = {"minute": "Minute", "hour": "Hour", "day": "Day", "month": "Month"}
_INTERVALS: Final = frozenset("SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR".split())


@operation(any_role)
def list_tables(call: Call) -> dict[str, Any]:
    """Return a page of the tables that the role sees."""
    return _page(call, "TABLE")


@operation(any_role)
def list_tables_and_views(call: Call) -> dict[str, Any]:
    """Return a page of tables, views and materialized views, as far as the role sees them."""
    return _page(call, "TABLE", "VIEW", "MATERIALIZED_VIEW")


@operation(any_role)
def list_materialized_views(call: Call) -> dict[str, Any]:
    """Return a page of the materialized views that the role sees."""
    return _page(call, "MATERIALIZED_VIEW")


@operation(show_table)
def get_table(call: Call) -> dict[str, Any]:
    """Return one table or view."""
    catalog = call.emulator.catalog
    return {"data": catalog.table(catalog.row(call.string("db_name"), call.string("table_name")))}


@operation(requires("SHOW", materialized_view))
def get_materialized_view(call: Call) -> dict[str, Any]:
    """Return one materialized view."""
    catalog, kind, name = call.emulator.catalog, "MaterializedView", call.string("mv_name")
    row = catalog.row(call.string("db_name"), name, kind)
    if row["engine"] != kind:
        raise not_found(kind, name)
    return {"data": catalog.table(row)}


@operation(requires("CREATE", database))
def create_table(call: Call) -> dict[str, Any]:
    """Create a table."""
    catalog, body = call.emulator.catalog, call.body
    database_name = catalog.require_database(call.string("db_name"))
    check_name("Table", body["name"])
    [statement] = split(_create_statement(database_name, body))
    # The documented example leaves `nullable` out for a column beside one that is "not null", so a
    # column without it is read as in `ansi_sql` (inferred).
    prepared = prepare(statement, "ansi_sql", lambda: ())
    try:
        _run(call, prepared.text)
    except EngineError as error:
        if error.name == "TABLE_ALREADY_EXISTS":
            message = f"The table {database_name}.{body['name']} exists."
            raise already_exists("Table", message) from None
        raise error.about("Table") from None
    uuid = catalog.row(database_name, body["name"])["uuid"]
    catalog.record(uuid, prepared.clauses)
    return {"data": {"uuid": uuid}}


@operation(requires("DROP", table))
def delete_table(call: Call) -> dict[str, Any]:
    """Delete a table; views are deleted by a statement."""
    name = _require(call, "TABLE", call.string("table_name"))
    call.emulator.engine.run(f"DROP TABLE IF EXISTS {name} SYNC")
    return {}


@operation(requires("DROP", dictionary))
def delete_dictionary(call: Call) -> dict[str, Any]:
    """Delete a dictionary."""
    name = _require(call, "DICTIONARY", call.string("dict_name"))
    call.emulator.engine.run(f"DROP DICTIONARY IF EXISTS {name} SYNC")
    return {}


@operation(requires("ALTER", table))
def update_table(call: Call) -> dict[str, Any]:
    """Change the columns or the time to live of a table, all at once."""
    name = _require(call, "TABLE", call.string("table_name"))
    row = call.emulator.catalog.row(call.string("db_name"), call.string("table_name"))
    nullable = {c["name"]: c["nullable"] for c in call.emulator.catalog.table(row)["columns"]}
    commands = list(_commands(call.body, nullable))
    if not commands:
        raise invalid("Table", "The request asks for no change.")
    [statement] = split(f"ALTER TABLE {name} {', '.join(commands)}")
    try:
        _run(call, prepare(statement, "ansi_sql", lambda: ()).text)
    except EngineError as error:
        call.emulator.catalog.end_changes((row["database"], row["name"]), failed=True)
        raise invalid("Table", str(error)) from None
    return {}


def _run(call: Call, sql: str) -> None:
    """Run a statement that has expressions of the caller."""
    with call.emulator.engine.session() as session:
        # A type or key may read what the role may not.
        call.emulator.admission.authorize(call.role, session, parsed(session, sql))
        session.run(sql)


def _page(call: Call, *types: str) -> dict[str, Any]:
    name, permissions = call.string("db_name"), call.emulator.permissions
    entries = call.emulator.catalog.tables(name, types)
    sees, around = permissions.sees(call.role, "SHOW"), permissions.database(name).path
    visible = [entry for entry in entries if sees([f"table:{entry['uuid']}", *around])]
    return filtered_page(call, visible)


def _require(call: Call, wanted: str, name: str) -> str:
    """Return the full name of an object; 400 if it is of another type."""
    kind = wanted.capitalize()
    row = call.emulator.catalog.row(call.string("db_name"), name, kind)
    if (found := object_type(row["engine"])) != wanted:
        raise invalid(kind, f"{name!r} is no {kind.lower()} but a {found.lower()}.")
    return full_name(row["database"], name)


def _create_statement(database_name: str, body: dict[str, Any]) -> str:
    if not body["columns"]:
        raise invalid("Table", "A table needs at least one column.")
    names = [column.get("name", "") for column in body["columns"]]
    for name in names:
        check_name("Column", name)
    if len(set(names)) < len(names):
        raise invalid("Table", "Two columns have the same name.")
    columns = ", ".join(_column(column) for column in body["columns"])
    name = full_name(database_name, body["name"])
    clauses = " ".join(_clauses(body, names))
    return f"CREATE TABLE {name} ({columns}) ENGINE = CnchMergeTree {clauses}"


def _clauses(body: dict[str, Any], names: list[str]) -> Iterator[str]:
    if keys := body.get("partitionKeys"):
        types = {column["name"]: column.get("type", "") for column in body["columns"]}
        yield f"PARTITION BY ({', '.join(_partition(key, types) for key in keys)})"
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
        # Without `nullable` a column stays as it is (inferred), unless its type decides.
        kind = column.get("type", "").partition("(")[0].strip().lower()
        unchanged = {"nullable": nullable[name]} if kind and kind not in NEVER_NULL else {}
        yield f"MODIFY COLUMN {_column(unchanged | column, new=False)}"
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
    parts = [quote_identifier(name)]
    if kind or new:
        parts.append(_fragment("type of a column", kind))
    nullable = column.get("nullable")
    if kind.lower().startswith("nullable"):
        if nullable is False and new:
            raise invalid("Table", f"The column {name!r} is both Nullable and not nullable.")
    elif nullable is not None:
        parts.append("NULL" if nullable else "NOT NULL")
    if "defaultValue" in column:
        parts.append(f"DEFAULT {quote_string(column['defaultValue'])}")
    if "comment" in column:
        parts.append(f"COMMENT {quote_string(column['comment'])}")
    return " ".join(parts)


def _key(names: list[str], columns: list[str]) -> str:
    for name in names:
        if name not in columns:
            raise invalid("Table", f"The key {name!r} is not one of the columns.")
    return f"({', '.join(quote_identifier(name) for name in names)})"


def _partition(key: dict[str, Any], types: dict[str, str]) -> str:
    if expression := key.get("expression"):
        _require_same("A partition key", key, partition_key(expression))
        return _fragment("partition expression", expression)
    name, granularity = key.get("column", ""), key.get("granularity")
    quoted = _key([name], list(types))[1:-1]
    if not granularity:
        return quoted
    # Documented: a Date has days and months.
    units = list(_UNITS)[2:] if _DATE.fullmatch(types[name]) else list(_UNITS)
    if granularity.lower() not in units:
        raise invalid("Table", f"The granularity {granularity!r} is none of {', '.join(units)}.")
    return f"toStartOf{_UNITS[granularity.lower()]}({quoted})"


def _require_same(what: str, given: dict[str, Any], meant: dict[str, Any]) -> None:
    """Refuse what an expression does not mean; what a response has of a table can be sent back."""
    for name, value in given.items():
        if value is not None and meant.get(name) != value:
            raise invalid("Table", f"{what} takes 'expression' or {name!r}, which differ here.")


def _unique(key: dict[str, Any], columns: list[str]) -> str:
    if (names := key.get("columns")) and (expression := key.get("expression")):
        meant = {"columns": expressions(expression), "expression": expression}
        _require_same("uniqueKey", key, meant)
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
        _require_same("ttl", ttl, described_ttl(expression))
        return _fragment("time to live", expression)
    column, value, unit = ttl.get("column"), ttl.get("value"), str(ttl.get("unit", "")).upper()
    if not column or not isinstance(value, int) or value < 1 or unit not in _INTERVALS:
        message = "ttl takes the keys 'column', 'value' and 'unit', or 'expression' (inferred)."
        raise invalid("Table", message)
    return f"{quote_identifier(column)} + INTERVAL {value} {unit}"


def _fragment(what: str, text: str) -> str:
    """Return SQL that remains one expression when it is inserted into a statement."""
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
