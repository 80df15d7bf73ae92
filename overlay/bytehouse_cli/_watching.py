"""Watch executions of import jobs."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

import click

from ._errors import ROWS_REFUSED
from ._formats import is_terminal, note
from ._output import print_value

if TYPE_CHECKING:
    from bytehouse import ExecutionHandle
    from bytehouse_raw.models import Execution

wait_option = click.option(
    "--wait-timeout",
    type=float,
    metavar="SECONDS",
    help="How long to wait at most; an hour if not given, after which it goes on.",
)


def watch(handle: ExecutionHandle, wait_timeout: float | None) -> int:
    """Tell each new status of an execution on standard error, and print what it loaded.

    Returns:
        The exit code, which says whether rows were refused.
    """
    last = ""

    def progress(execution: Execution) -> None:
        nonlocal last
        status = str(execution.status)
        if status != last and is_terminal(sys.stderr):
            note(status)
        last = status

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        report = handle.wait(wait_timeout, on_progress=progress)
    for warning in told:
        note(f"Warning: {warning.message}")
    counts = {name: getattr(report, name) for name in ("rows_read", "rows_written", "rows_refused")}
    print_value({"execution_id": handle.id, "status": last, **counts})
    return ROWS_REFUSED if report.rows_refused else 0
