"""`bytehouse warehouses`: virtual warehouses."""

from __future__ import annotations

import click

from .._formats import note
from .._resources import ResourceGroup
from .._settings import global_options

command = ResourceGroup("warehouses")


@command.command(examples="bytehouse warehouses resize etl 123452")
@click.argument("name")
@click.argument("config_id", type=int)
def resize(name: str, config_id: int) -> None:
    """Give a warehouse another resource setting; `configurations` lists them."""
    with global_options().client(changes=True) as client:
        client.warehouses.update(name, config_id=config_id)
    note("Done.")
