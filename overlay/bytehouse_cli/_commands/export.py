"""`bytehouse export`: write the result of a query to a file."""

from __future__ import annotations

import time

import click

from .._formats import FORMATS, format_of, note
from .._output import print_value
from .._query import pairs, run_statements, typed
from .._settings import Command, global_options


@click.command(
    cls=Command,
    examples="""
    bytehouse export sales.orders orders.parquet
    bytehouse export "SELECT day, sum(amount) FROM sales.orders GROUP BY day" days.csv
    """,
)
@click.argument("query")
@click.argument("file", type=click.Path())
@click.option(
    "-p",
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    callback=pairs("parameter"),
    help="Value of a parameter, as of `bytehouse query` (repeatable).",
)
def command(query: str, file: str, params: dict[str, str]) -> None:
    """Write the result of QUERY, or a table with that name, to FILE.

    The format is that of --format, or else of the ending of FILE. FILE gets its name when it is
    complete, and replaces one of that name.
    """
    shared = global_options()
    form = shared.format or format_of(file)
    if form is None:
        raise click.UsageError(f"Give --format: {file} does not name one of {', '.join(FORMATS)}.")
    sql = query if len(query.split()) > 1 else _select_all(query)
    shared.format, shared.output = form, file
    shared.check_output()
    began = time.monotonic()
    with shared.client() as client:
        note(f"Writing {form} to {'standard output' if file == '-' else file}.")
        count = run_statements(client, sql, params=typed(sql, params))
    if file == "-":
        return
    shared.format, shared.output, shared.columns, shared.query = None, None, (), None
    seconds = round(time.monotonic() - began, 3)
    print_value({"file": file, "format": form, "rows": count, "seconds": seconds})


def _select_all(table: str) -> str:
    from bytehouse._sql.insert import target_of

    return f"SELECT * FROM {target_of(table)}"  # noqa: S608 - quoted as the name of a table
