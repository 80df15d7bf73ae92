"""Answer the operations on databases."""

from __future__ import annotations

import re
from typing import Any, Final

from .._call import Call, operation, page
from .._engine import EngineError
from .._errors import EmulatorError, conflict, invalid
from .._lexer import quote_identifier, quote_string

# What a name may be is not documented. These would make paths or files ambiguous.
_BAD_NAME: Final = re.compile(r"^\s*$|^\.{1,2}$|[/\\\x00-\x1f\x7f]")
_LONGEST: Final = 128


def check_name(kind: str, name: str) -> None:
    """Refuse a name that nothing can be called by."""
    if _BAD_NAME.search(name) or len(name) > _LONGEST:
        raise EmulatorError(
            400,
            f"{kind}_InvalidName",
            f"{name[:_LONGEST]!r} cannot be the name of a {kind.lower()}: 1 to {_LONGEST}"
            " characters without slashes or control characters, other than '.' and '..'.",
        )


@operation
def list_databases(call: Call) -> dict[str, Any]:
    """Answer with a page of databases."""
    return page(call, call.emulator.catalog.databases())


@operation
def create_database(call: Call) -> dict[str, Any]:
    """Create a database; its name is kept in lower case."""
    catalog, name = call.emulator.catalog, call.body["name"].lower()
    check_name("Database", name)
    comment = call.body.get("description", "")
    sql = f"CREATE DATABASE {quote_identifier(name)}"
    try:
        call.emulator.engine.run(sql + (f" COMMENT {quote_string(comment)}" if comment else ""))
    except EngineError as error:
        if error.name == "DATABASE_ALREADY_EXISTS":
            raise conflict("Database", f"The database {name!r} exists.") from None
        raise invalid("Database", str(error)) from None
    return {"data": {"uuid": catalog.database(name)["uuid"]}}


@operation
def get_database(call: Call) -> dict[str, Any]:
    """Answer with one database."""
    return {"data": call.emulator.catalog.database(call.text("db_name"))}


@operation
def delete_database(call: Call) -> dict[str, Any]:
    """Delete a database with everything in it."""
    name = call.emulator.catalog.require_database(call.text("db_name"))
    call.emulator.engine.run(f"DROP DATABASE IF EXISTS {quote_identifier(name)} SYNC")
    return {}


@operation
def get_mysql_sync_status(call: Call) -> dict[str, Any]:
    """Tell how far a mirror of a MySQL database has come; only a seed makes a database one."""
    catalog, name = call.emulator.catalog, call.text("db_name")
    tables = [table["name"] for table in catalog.tables(name, {"TABLE"})]
    if found := call.emulator.mirrors.status(catalog.database(name), tables):
        return {"data": found}
    raise EmulatorError(
        400, "Database_NotMaterializedMySQL", f"The database {name!r} mirrors no MySQL database."
    )
