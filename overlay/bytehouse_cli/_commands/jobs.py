"""`bytehouse jobs`: import jobs, which load data."""

from __future__ import annotations

from typing import Any

import click

from .._output import print_word
from .._query import pairs
from .._resources import ResourceGroup
from .._settings import global_options
from .._watching import wait_option
from .._watching import watch as watch_execution

command = ResourceGroup("jobs")


@command.command(
    examples="""
    bytehouse jobs start 7
    bytehouse jobs start 7 --file orders.csv --watch
    """
)
@click.argument("job_id", type=int)
@click.option("--file", "file_names", multiple=True, metavar="NAME", help="Load it (repeatable).")
@click.option(
    "--argument",
    "arguments",
    multiple=True,
    metavar="NAME=VALUE",
    callback=pairs("argument"),
    help="Further argument; `start-arguments` may list them (repeatable).",
)
@click.option("--watch", is_flag=True, help="Wait until it has ended; Ctrl-C stops the job.")
@wait_option
def start(
    job_id: int,
    file_names: tuple[str, ...],
    arguments: dict[str, str],
    *,
    watch: bool,
    wait_timeout: float | None,
) -> int:
    """Start a job, and print the id of the execution or, with --watch, how it ended."""
    given: dict[str, Any] = {"file_names": list(file_names), "arguments": arguments}
    with global_options().client(changes=True) as client:
        handle = client.import_jobs.start(job_id, **{k: v for k, v in given.items() if v})
        if watch:
            return watch_execution(handle, wait_timeout)
        print_word("execution_id", handle.id)
    return 0
