"""`bytehouse tables`: tables, created and changed as files describe them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .._formats import note
from .._output import output_format, print_value
from .._query import pairs, read_text
from .._resources import ResourceGroup, print_returned
from .._settings import confirm, global_options

if TYPE_CHECKING:
    from bytehouse import ByteHouse, TablePlan, TableSpec

command = ResourceGroup("tables")
_file = click.option(
    "-f",
    "--file",
    required=True,
    metavar="FILE",
    type=click.Path(),
    help="YAML or JSON file with the tables as they should be; - for standard input.",
)


def _column(_context: click.Context, _parameter: click.Parameter, values: Any) -> Any:
    """Split columns into names and types."""
    pairs_of_words = [tuple(value.split(None, 1)) for value in values]
    if any(len(pair) != 2 for pair in pairs_of_words):
        raise click.BadParameter("must be 'NAME TYPE', such as 'id UInt64'.")
    return pairs_of_words


_renames = click.option(
    "--rename",
    "renames",
    multiple=True,
    metavar="OLD=NEW",
    callback=pairs("column"),
    help="Rename a column; without it, one is dropped and one is added (repeatable).",
)


@command.command(examples="bytehouse tables describe sales.orders")
@click.argument("table", metavar="DATABASE.NAME")
def describe(table: str) -> None:
    """List the columns of a table."""
    from .._signatures import split_name

    with global_options().client() as client:
        print_returned(client.tables.get(*split_name(table)).columns or [])


@command.command(
    examples="""
    bytehouse tables create sales.orders --column "id UInt64" --column "day Date" --order-by id
    bytehouse tables create -f orders.yaml
    bytehouse tables create -f orders.sql
    """
)
@click.argument("table", metavar="[DATABASE.NAME]", required=False)
@click.option(
    "-f",
    "--file",
    metavar="FILE",
    type=click.Path(),
    help="YAML or JSON file with the tables, or SQL file with statements; - for standard input.",
)
@click.option(
    "--column",
    "new_columns",
    multiple=True,
    metavar="'NAME TYPE'",
    callback=_column,
    help="Column (repeatable).",
)
@click.option("--order-by", multiple=True, metavar="COLUMN", help="Sort key (repeatable).")
@click.option("--partition-by", multiple=True, metavar="COLUMN", help="Partition (repeatable).")
@click.option("--description", help="Free text.")
@click.option("--if-not-exists", is_flag=True, help="Leave a table that exists as it is.")
def create(table: str | None, file: str | None, *, if_not_exists: bool, **fields: Any) -> None:
    r"""Create a table, or the tables that a file describes.

    A YAML file has the keys name, columns, order_by and, if wanted, database, primary_key,
    partition_by, unique_key, cluster_key, sample_by, ttl and description:

    \b
        name: sales.orders
        columns:
          id: UInt64
          note: {type: String, nullable: true}
        order_by: id
    """
    from .._table_files import read_specs

    if (table is None) == (file is None):
        raise click.UsageError("Give either DATABASE.NAME or --file.")
    if file is not None and file.endswith(".sql"):
        with global_options().client(changes=True) as client:
            client.queries.execute(read_text(file))
        note("Done.")
        return
    specs = read_specs(file) if file is not None else [_spec(str(table), fields)]
    with global_options().client(changes=True) as client:
        for database, spec in specs:
            _create(client, database, spec, if_not_exists=if_not_exists)


def _spec(table: str, fields: dict[str, Any]) -> tuple[str, TableSpec]:
    from bytehouse import TableSpec

    from .._signatures import split_name

    database, name = split_name(table)
    columns, order_by = fields.pop("new_columns"), fields.pop("order_by")
    more = {name: value for name, value in fields.items() if value}
    return database, TableSpec(name, columns, order_by=order_by, **more)


def _create(client: ByteHouse, database: str, spec: TableSpec, *, if_not_exists: bool) -> None:
    client.tables.create(database, spec, if_not_exists=if_not_exists)
    note(f"{'There is' if if_not_exists else 'Created'} {database}.{spec.name}.")


@command.command(examples="bytehouse tables plan -f orders.yaml")
@_file
@_renames
def plan(file: str, renames: dict[str, str]) -> None:
    """Show what would change tables into what a file describes."""
    from .._table_files import read_specs

    specs, changes = read_specs(file), []
    with global_options().client() as client:
        for database, spec in specs:
            found = client.tables.plan(database, spec, renames=renames or None)
            if output_format() == "table" and global_options().query is None:
                click.echo(str(found))
            changes += _records(found)
    if output_format() != "table" or global_options().query is not None:
        print_value(changes)


def _records(found: TablePlan) -> list[dict[str, Any]]:
    names = ("kind", "name", "actual", "wanted", "destructive", "blocked", "reason")
    table = f"{found.database}.{found.desired.name}"
    return [
        {"table": table, **{name: getattr(change, name) for name in names}}
        for change in found.actions
    ]


@command.command(
    changes=True,
    examples="""
    bytehouse tables apply -f orders.yaml
    bytehouse tables apply -f orders.yaml --rename note=remark --yes
    """,
)
@_file
@_renames
@click.option("--allow-destructive", is_flag=True, help="Do what loses data, too.")
@click.option("--ignore-blocked", is_flag=True, help="Do the rest where the API cannot do all.")
def apply(
    file: str, renames: dict[str, str], *, allow_destructive: bool, ignore_blocked: bool
) -> None:
    """Change tables into what a file describes, and create those that are missing."""
    from .._table_files import read_specs

    specs = read_specs(file)
    with global_options().client(changes=True) as client:
        for database, spec in specs:
            name = f"{database}.{spec.name}"
            found = client.tables.plan(database, spec, renames=renames or None)
            note(str(found))
            if found.is_empty:
                continue
            # What cannot be applied is refused below, and needs no question.
            loses = bool(found.destructive) and not allow_destructive
            if not loses and (ignore_blocked or not found.blocked):
                confirm(f"Make the table {name} like this")
            found.apply(allow_destructive=allow_destructive, ignore_blocked=ignore_blocked)
            note(f"{'Created' if found.live is None else 'Changed'} {name}.")
