"""`bytehouse warehouses`: virtual warehouses."""

from __future__ import annotations

import click

from .._formats import note
from .._resources import ResourceGroup
from .._settings import global_options
from .._signatures import NumberOrText

command = ResourceGroup("warehouses")


@command.command(examples="bytehouse warehouses resize etl M")
@click.argument("name")
@click.argument("size", type=NumberOrText())
def resize(name: str, size: int | str) -> None:
    """Give a warehouse another size, or resource setting, named as `configurations` lists them."""
    with global_options().client(changes=True) as client:
        client.warehouses.update(name, config_id=size)
    note("Done.")
