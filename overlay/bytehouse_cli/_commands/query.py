"""`bytehouse query`: run statements and print their results."""

from __future__ import annotations

import sys
from typing import Any

import click

from .._output import print_word
from .._query import json_value, pairs, read_text, run_statements, typed
from .._settings import Command, global_options


@click.command(
    cls=Command,
    examples="""
    bytehouse query "SELECT count() FROM sales.orders"
    bytehouse query "SELECT * FROM sales.orders WHERE day >= {from:Date}" --param from=2026-11-01
    bytehouse query -f report.sql --format csv -o report.csv
    bytehouse query "SELECT * FROM sales.orders" --format ndjson | head
    bytehouse query --async "INSERT INTO sales.old SELECT * FROM sales.orders"
    """,
)
@click.argument("sql", required=False)
@click.option(
    "-f",
    "--file",
    metavar="FILE",
    type=click.Path(),
    help="Read the statements from a file; - for stdin.",
)
@click.option(
    "-p",
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    callback=pairs("parameter"),
    help="Value of a parameter (repeatable). The engine converts that of {name:Type}; that of "
    "{name} may be JSON such as 7, true or null, and is a string otherwise.",
)
@click.option(
    "--setting",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    callback=pairs("setting"),
    help="Setting of the engine for these statements (repeatable).",
)
@click.option("--max-rows", type=click.IntRange(0), help="Read so many rows per result at most.")
@click.option("--session", "session_id", metavar="ID", help="Session to run in.")
@click.option("--query-id", metavar="ID", help="Id to give the query.")
@click.option(
    "--async",
    "detached",
    is_flag=True,
    help="Start it in the background, print its id and end; see `bytehouse queries`.",
)
def command(  # noqa: PLR0917 - click gives them by name
    sql: str | None,
    file: str | None,
    params: dict[str, str],
    settings: dict[str, str],
    max_rows: int | None,
    session_id: str | None,
    query_id: str | None,
    detached: bool,
) -> None:
    """Run SQL, one statement or several with ; between, and print the results.

    SQL is the text of the statements; without it, and without --file, they are read from standard
    input. Rows are printed as they come, in constant memory. Ctrl-C kills the query on the service,
    and so does the end of what reads the output. With --query (JMESPath), all rows are read first.
    """
    statements = _statements(sql, file)
    arguments: dict[str, Any] = {"params": typed(statements, params), "query_id": query_id}
    if settings:
        arguments["settings"] = {name: json_value(text) for name, text in settings.items()}
    with global_options().client() as client:
        if detached:
            handle = client.queries.submit(statements, **arguments)
            for one in handle.ids:
                print_word("query_id", one)
            return
        arguments |= {"max_rows": max_rows, "session_id": session_id}
        run_statements(client, statements, **arguments)


def _statements(sql: str | None, file: str | None) -> str:
    if sql is not None and file is not None:
        raise click.UsageError("Give SQL or --file, not both.")
    if sql is not None and sql != "-":
        return sql
    if file is None and sys.stdin.isatty() and sql != "-":
        raise click.UsageError("Give SQL, or --file FILE, or statements on standard input.")
    return read_text(file or "-")
