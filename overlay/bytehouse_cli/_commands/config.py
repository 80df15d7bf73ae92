"""`bytehouse config`: what the configuration says, and where."""

from __future__ import annotations

import click

from .._given import Group, given
from .._output import print_json, print_table


@click.group(cls=Group)
def command() -> None:
    """See the configuration."""


@command.command()
def explain() -> None:
    """Show every setting, its value and where it came from; a secret is shown as ***."""
    settings = given().config().explain()
    if given().json:
        print_json([{"name": n, "value": v or None, "source": s} for n, v, s in settings])
    else:
        print_table([("SETTING", "VALUE", "SOURCE"), *settings])
