"""Watch executions of import jobs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ._errors import ROWS_REFUSED
from ._formats import is_terminal, note, warnings_as_notes
from ._output import print_value

if TYPE_CHECKING:
    from bytehouse import ExecutionHandle

wait_option = click.option(
    "--wait-timeout",
    type=float,
    metavar="SECONDS",
    help="How long to wait at most; an hour if not given, after which it goes on.",
)


class StatusNotes:
    """Tell each new status on standard error, if somebody sees it.

    Attributes:
        last: The last status; empty before the first.
    """

    def __init__(self) -> None:
        self.last = ""

    def __call__(self, now: object) -> None:
        """Take what has the status now; if it does not say, that is still the last."""
        status = str(getattr(now, "status", self.last))
        if status != self.last and is_terminal(sys.stderr):
            note(status)
        self.last = status


def watch(handle: ExecutionHandle, wait_timeout: float | None) -> int:
    """Tell each new status of an execution on standard error, and print what it loaded.

    Returns:
        The exit code, which says whether rows were refused.
    """
    progress = StatusNotes()
    with warnings_as_notes(f"`bytehouse executions logs {handle.id}`"):
        report = handle.wait(wait_timeout, on_progress=progress)
    counts = {name: getattr(report, name) for name in ("rows_read", "rows_written", "rows_refused")}
    print_value({"execution_id": handle.id, "status": progress.last, **counts})
    return ROWS_REFUSED if report.rows_refused else 0
