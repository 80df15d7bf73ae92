"""The commands, each in the module that bears its name.

A module here is found by being here: `databases.py` adds `bytehouse databases`. It has a click
command or group by the name of `command`, and imports what is heavy where it is used.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import click

__all__ = ["load", "names"]


def names() -> list[str]:
    """Return the names of all commands."""
    return sorted(
        module.name.replace("_", "-")
        for module in iter_modules(__path__)
        if not module.name.startswith("_")
    )


def load(name: str) -> click.Command | None:
    """Return a command; None if there is none of that name."""
    if name not in names():
        return None
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    command: click.Command = module.command
    return command
