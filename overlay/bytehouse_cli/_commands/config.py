"""`bytehouse config`: the settings and their sources."""

from __future__ import annotations

import click

from .._options import Group, global_options
from .._output import print_json, print_table


@click.group(cls=Group)
def command() -> None:
    """Show the configuration."""


@command.command()
def explain() -> None:
    """Show every setting, its value and its source; secrets are shown as ***."""
    settings = global_options().config().explain()
    if global_options().json:
        print_json([{"name": n, "value": v or None, "source": s} for n, v, s in settings])
    else:
        print_table([("SETTING", "VALUE", "SOURCE"), *settings])
