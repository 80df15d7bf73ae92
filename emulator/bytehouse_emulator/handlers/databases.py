"""Databases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bytehouse_emulator.calls.authorization import (
    account,
    any_role,
    database,
    requires,
    show_database,
)
from bytehouse_emulator.calls.call import Call, operation
from bytehouse_emulator.calls.pagination import filtered_page
from bytehouse_emulator.errors import EmulatorError, already_exists
from bytehouse_emulator.iam.users import ADMINS
from bytehouse_emulator.sql.engine import EngineError
from bytehouse_emulator.sql.lexer import quote_identifier, quote_string
from bytehouse_emulator.sql.names import check_name


@operation(any_role)
def list_databases(call: Call) -> dict[str, Any]:
    """Return a page of the databases that the role sees, or in which it sees something."""
    catalog = call.emulator.catalog
    databases = catalog.databases()
    if call.role not in ADMINS:
        sees = call.emulator.permissions.sees(call.role, "SHOW")
        tables = catalog.tables_by_database()
        databases = [
            entry
            for entry in databases
            if sees([f"database:{entry['uuid']}", *_keys(tables.get(entry["name"], ()))])
        ]
    return filtered_page(call, databases)


def _keys(tables: Iterable[str]) -> Iterator[str]:
    return (f"table:{uuid}" for uuid in tables)


@operation(requires("CREATE DATABASE", account))
def create_database(call: Call) -> dict[str, Any]:
    """Create a database; its name is stored in lower case."""
    catalog, name = call.emulator.catalog, call.body["name"].lower()
    check_name("Database", name)
    comment = call.body.get("description", "")
    sql = f"CREATE DATABASE {quote_identifier(name)}"
    try:
        call.emulator.engine.run(sql + (f" COMMENT {quote_string(comment)}" if comment else ""))
    except EngineError as error:
        if error.name == "DATABASE_ALREADY_EXISTS":
            raise already_exists("Database", f"The database {name!r} exists.") from None
        raise error.about("Database") from None
    return {"data": {"uuid": catalog.database(name)["uuid"]}}


@operation(show_database)
def get_database(call: Call) -> dict[str, Any]:
    """Return one database."""
    return {"data": call.emulator.catalog.database(call.string("db_name"))}


@operation(requires("DROP", database))
def delete_database(call: Call) -> dict[str, Any]:
    """Delete a database with everything in it."""
    name = call.emulator.catalog.require_database(call.string("db_name"))
    call.emulator.engine.run(f"DROP DATABASE IF EXISTS {quote_identifier(name)} SYNC")
    return {}


@operation(show_database)
def get_mysql_sync_status(call: Call) -> dict[str, Any]:
    """Return the status of a mirror of a MySQL database; only a seed makes a database one."""
    catalog, name = call.emulator.catalog, call.string("db_name")
    tables = [table["name"] for table in catalog.tables(name, {"TABLE"})]
    if found := call.emulator.mysql_syncs.status(catalog.database(name), tables):
        return {"data": found}
    raise EmulatorError(
        400, "Database_NotMaterializedMySQL", f"The database {name!r} mirrors no MySQL database."
    )
