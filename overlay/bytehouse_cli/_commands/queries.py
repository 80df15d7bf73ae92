"""`bytehouse queries`: what runs, or ran, on the service."""

from __future__ import annotations

import click

from .._formats import note
from .._output import print_value
from .._query import print_results
from .._settings import Group, global_options
from .._watching import StatusNotes

_wait_option = click.option(
    "--wait-timeout",
    type=float,
    default=3600.0,
    metavar="SECONDS",
    show_default=True,
    help="How long to wait at most.",
)


@click.group(cls=Group)
def command() -> None:
    """Watch, wait for and stop queries by their ids."""


@command.command(
    examples="""
    bytehouse queries history --since 1h --failed
    bytehouse queries history --limit 3 --format vertical
    """
)
@click.option("--since", metavar="DURATION", help="How long ago the period begins, such as 1h.")
@click.option("--failed/--succeeded", default=None, help="Those that failed, or did not, alone.")
@click.option("--limit", type=click.IntRange(0), default=100, show_default=True, help="At most.")
def history(since: str | None, failed: bool | None, limit: int) -> None:
    """List the queries that have ended, the latest first, with their times and errors.

    They are read from the log of the engine, `system.query_log`, which a role may not see.
    """
    with global_options().client() as client:
        print_results(client.history(since=since, failed=failed, limit=limit))


@command.command(examples="bytehouse queries status 7c1d8a52")
@click.argument("query_id", metavar="ID")
def status(query_id: str) -> None:
    """Show the status of a query in the background."""
    with global_options().client() as client:
        print_value(client.queries.status(query_id))


@command.command(examples="bytehouse queries wait 7c1d8a52 --wait-timeout 600")
@click.argument("query_id", metavar="ID")
@_wait_option
def wait(query_id: str, wait_timeout: float) -> None:
    """Wait until a query in the background has ended.

    Ctrl-C ends the wait, and the query goes on.
    """
    with global_options().client() as client:
        handle = client.queries.handle(query_id)
        print_value(handle.wait(wait_timeout, on_progress=StatusNotes()))


@command.command(examples="bytehouse queries result 7c1d8a52 --format csv -o result.csv")
@click.argument("query_id", metavar="ID")
@click.option("--max-rows", type=click.IntRange(0), help="Read so many rows per result at most.")
@_wait_option
def result(query_id: str, max_rows: int | None, wait_timeout: float) -> None:
    """Wait for a query in the background, and print its results."""
    with global_options().client() as client:
        handle = client.queries.handle(query_id)
        with handle.result(wait_timeout, max_rows=max_rows) as found:
            print_results(found)


@command.command(
    examples="""
    bytehouse queries cancel 7c1d8a52
    bytehouse queries cancel 7c1d8a52 --running
    """
)
@click.argument("query_id", metavar="ID")
@click.option("--running", is_flag=True, help="It was not started in the background.")
def cancel(query_id: str, running: bool) -> None:
    """Stop a query.

    Stopping one that has ended does nothing.
    """
    with global_options().client(changes=True) as client:
        if running:
            client.queries.kill(query_id)
        else:
            client.queries.handle(query_id).cancel()
    note(f"Cancelled {query_id}.")


@command.command(examples="bytehouse queries abort my-session")
@click.argument("session_id", metavar="SESSION")
def abort(session_id: str) -> None:
    """Stop what runs in a session."""
    with global_options().client(changes=True) as client:
        client.queries.abort(session_id)
    note(f"Aborted what ran in the session {session_id}.")


@command.command(examples="bytehouse queries stats 7c1d8a52")
@click.argument("query_id", metavar="ID")
def stats(query_id: str) -> None:
    """Show what a query read, wrote and cost."""
    with global_options().client() as client:
        print_value(client.statistics.query(query_id))


@command.command(examples='bytehouse queries lineage "SELECT * FROM sales.orders"')
@click.argument("sql")
def lineage(sql: str) -> None:
    """Show the tables and views that a statement reads, without running it."""
    with global_options().client() as client:
        print_value(client.queries.lineage(sql))


@command.command(examples="bytehouse queries dialects")
def dialects() -> None:
    """List the SQL dialects that the user may choose."""
    with global_options().client() as client:
        print_value(client.queries.dialects().all())
