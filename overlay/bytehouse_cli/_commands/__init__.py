"""The commands, each in the module of its name.

Modules of this package are found by name: `databases.py` adds `bytehouse databases`. Each defines a
click command or group named `command`, and imports heavy modules inside functions.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import click


def names() -> list[str]:
    """Return the names of all commands."""
    return sorted(
        module.name.replace("_", "-")
        for module in iter_modules(__path__)
        if not module.name.startswith("_")
    )


def load(name: str) -> click.Command | None:
    """Return the command of a name; None if there is none."""
    if name not in names():
        return None
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    command: click.Command = module.command
    return command
