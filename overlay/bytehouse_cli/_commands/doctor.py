"""`bytehouse doctor`: find problems between this machine and the service."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import attrs
import click

from .._errors import exit_code
from .._output import output_format, print_value
from .._settings import Command, global_options

if TYPE_CHECKING:
    from bytehouse._diagnostics.doctor import Check


@click.command(
    cls=Command,
    examples="""
    bytehouse doctor
    bytehouse doctor --format json -o report.json
    """,
)
def command() -> int:
    """Find problems between this machine and the service.

    Checks configuration, name resolution, TLS, key, role and routes, runs SELECT 1 on the
    configured warehouse (which may resume for it), and calls every operation that reads and has no
    required arguments. Nothing is changed. It takes about a minute at most, and ends early if the
    service does not respond. With --format json, the output is fit for a support ticket: it has no
    secrets. The exit code is that of the first check that failed.
    """
    from bytehouse._diagnostics.doctor import examine

    shared, checks = global_options(), []
    lines = output_format() == "table" and shared.query is None
    for check in examine(shared.settings, profile=shared.profile):
        checks.append(check)
        if lines:
            _print_check(check)
    if not lines:
        print_value(_report(checks))
    else:
        for hint in dict.fromkeys(check.hint for check in checks if check.hint):
            click.echo(f"\n{hint}")
    failed = [check for check in checks if check.status == "failed"]
    return next((exit_code(check.error) for check in failed if check.error), 1 if failed else 0)


def _print_check(check: Check) -> None:
    color = {"ok": "green", "warning": "yellow", "failed": "red"}.get(check.status)
    took = "" if check.seconds is None else f" ({check.seconds * 1000:.0f} ms)"
    status = click.style(check.status.ljust(7), fg=color)
    click.echo(f"{status}  {check.name.ljust(29)}  {check.detail}{took}")


def _report(checks: list[Check]) -> dict[str, object]:
    from bytehouse._version import __version__

    return {
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "checks": [
            attrs.asdict(check, filter=lambda attribute, _: attribute.name != "error")
            for check in checks
        ],
    }
