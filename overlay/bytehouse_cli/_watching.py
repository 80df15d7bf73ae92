"""Watch executions of import jobs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from ._formats import is_terminal, note
from ._resources import print_returned

if TYPE_CHECKING:
    from bytehouse import ExecutionHandle

wait_option = click.option(
    "--wait-timeout",
    type=float,
    metavar="SECONDS",
    help="How long to wait at most; an hour if not given, after which it goes on.",
)


def watch(handle: ExecutionHandle, wait_timeout: float | None) -> None:
    """Tell each new status of an execution on standard error, and print how it ended."""
    last = ""

    def progress(execution: Any) -> None:
        nonlocal last
        status = str(execution.status or "Running")
        if status != last and is_terminal(sys.stderr):
            note(status)
        last = status

    ended = handle.wait(wait_timeout, on_progress=progress)
    print_returned(getattr(ended, "execution", None) or ended)
