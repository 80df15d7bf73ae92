"""`bytehouse routes`: which method and path each operation takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import click

from .._output import output_format, print_value, print_word
from .._settings import Group, end_dry_run, global_options

if TYPE_CHECKING:
    from bytehouse.routes import Pulled


@click.group(cls=Group)
def command() -> None:
    """Show and correct the methods and paths of the operations."""


@command.command("list", examples="bytehouse routes list --columns operation,path")
def list_() -> None:
    """List the routes and their sources."""
    from bytehouse import routes

    shared = global_options()
    known = routes.known(host=shared.settings.get("host"), profile=shared.profile)
    print_value(known, columns=("operation", "method", "path", "origin"))


@command.command(examples="bytehouse routes path")
def path() -> None:
    """Show the routes file of the host."""
    from bytehouse import routes

    host = global_options().config(routes={}).host
    if host is None:
        raise click.UsageError("No host given: set --host or BYTEHOUSE_HOST.")
    print_word("file", str(routes.file_of(host)))


def _header(_context: click.Context, _parameter: click.Parameter, values: Any) -> dict[str, str]:
    pairs = [value.partition(":") for value in values]
    if not all(name.strip() and colon for name, colon, _ in pairs):
        raise click.BadParameter("must look like 'Name: value'.")
    return {name.strip(): value.strip() for name, _, value in pairs}


@command.command(examples="bytehouse routes pull https://YOUR-CONSOLE/docs")
@click.argument("source", type=click.Path())
@click.option("--file", type=click.Path(dir_okay=False), help="Write this file instead.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    callback=_header,
    help="Header for requests to the host of SOURCE (repeatable).",
)
def pull(source: str, file: str | None, headers: dict[str, str]) -> None:
    """Read the routes from a tenant's own API document.

    SOURCE is the address of its docs page, or the address or file of its OpenAPI document. Clients
    of the host use the routes from then on.
    """
    from bytehouse import routes

    shared = global_options()
    end_dry_run(f"read {source} and write the routes")
    pulled = routes.pull(
        source,
        host=shared.settings.get("host"),
        file=file,
        headers=headers,
        profile=shared.profile,
        timeout=shared.config(routes={}).timeout,
    )
    if output_format() == "table":
        _print_pulled(pulled)
    else:
        print_value({**attrs.asdict(pulled), "file": str(pulled.file)})


def _print_pulled(pulled: Pulled) -> None:
    changed = [one for one in pulled.matched if one.is_changed]
    count = len(pulled.matched) + len(pulled.unmatched)
    click.echo(f"{len(pulled.matched)} of {count} operations are in {pulled.address}.")
    if changed:
        click.echo(f"\n{len(changed)} routes differ from the built-in ones:")
        _print_aligned(("", one.operation, one.built_in, "->", one.route) for one in changed)
    if pulled.unmatched:
        click.echo(f"\n{len(pulled.unmatched)} operations keep the built-in route:")
        _print_aligned(
            ("", one.operation, one.route, f"({one.reason})") for one in pulled.unmatched
        )
    if pulled.unknown:
        click.echo(f"\n{len(pulled.unknown)} operations there are not known here:")
        _print_aligned(("", route) for route in pulled.unknown)
    click.echo(f"\nThe routes were written to {pulled.file}")


def _print_aligned(rows: Iterable[Sequence[str]]) -> None:
    listed = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    for row in listed:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
