"""`bytehouse routes`: which method and path each operation takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import click

from .._given import Group, given
from .._output import print_json, print_table

if TYPE_CHECKING:
    from bytehouse.routes import Pulled


@click.group(cls=Group)
def command() -> None:
    """See and correct the methods and paths of the operations."""


@command.command("list")
def list_() -> None:
    """Show the routes, and where each came from."""
    from bytehouse import routes

    known = routes.known(host=given().host, profile=given().profile)
    if given().json:
        print_json([attrs.asdict(one) for one in known])
    else:
        rows = [(one.operation, one.method, one.path, one.origin) for one in known]
        print_table([("OPERATION", "METHOD", "PATH", "ORIGIN"), *rows])


@command.command()
def path() -> None:
    """Show the file that the routes of the host are kept in."""
    from bytehouse import routes

    host = given().config(routes={}).host
    if host is None:
        raise click.UsageError("No host given: set --host or BYTEHOUSE_HOST.")
    file = str(routes.file_of(host))
    if given().json:
        print_json({"file": file})
    else:
        click.echo(file)


def _header(_context: click.Context, _parameter: click.Parameter, values: Any) -> dict[str, str]:
    pairs = [value.partition(":") for value in values]
    if not all(name.strip() and colon for name, colon, _ in pairs):
        raise click.BadParameter("must look like 'Name: value'.")
    return {name.strip(): value.strip() for name, _, value in pairs}


@command.command()
@click.argument("source")
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
    """Take the routes from a tenant's own API document.

    SOURCE is the address of its docs page, or the address or file of its OpenAPI document. Clients
    of the host take the routes from then on by themselves.
    """
    from bytehouse import routes

    shared = given()
    pulled = routes.pull(
        source,
        host=shared.host,
        file=file,
        headers=headers,
        profile=shared.profile,
        timeout=shared.config(routes={}).timeout,
    )
    if shared.json:
        print_json({**attrs.asdict(pulled), "file": str(pulled.file)})
    else:
        _tell(pulled)


def _tell(pulled: Pulled) -> None:
    changed = [one for one in pulled.taken if one.is_changed]
    count = len(pulled.taken) + len(pulled.kept)
    click.echo(f"{len(pulled.taken)} of {count} operations are in {pulled.address}.")
    if changed:
        click.echo(f"\n{len(changed)} routes differ from the built-in ones:")
        print_table(("", one.operation, one.built_in, "->", one.route) for one in changed)
    if pulled.kept:
        click.echo(f"\n{len(pulled.kept)} operations keep the built-in route:")
        print_table(("", one.operation, one.route, f"({one.reason})") for one in pulled.kept)
    if pulled.unknown:
        click.echo(f"\n{len(pulled.unknown)} operations there are not known here:")
        print_table(("", route) for route in pulled.unknown)
    click.echo(f"\nThe routes were written to {pulled.file}")
