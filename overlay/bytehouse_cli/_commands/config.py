"""`bytehouse config`: the settings and their sources."""

from __future__ import annotations

import click

from .._output import print_rows
from .._settings import Group, global_options


@click.group(cls=Group)
def command() -> None:
    """Show and change the configuration."""


@command.command(
    examples="""
    bytehouse config explain
    bytehouse config explain --profile prod --columns name,source
    """
)
def explain() -> None:
    """Show every setting, its value and its source; secrets are shown as ***."""
    settings = global_options().config().explain()
    print_rows(("name", "value", "source"), [[(n, v or None, s) for n, v, s in settings]])
