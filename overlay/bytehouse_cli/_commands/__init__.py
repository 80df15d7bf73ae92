"""The commands, each in the module of its name.

Modules of this package are found by name: `databases.py` adds `bytehouse databases`. Each defines a
click command or group named `command`, of the classes `Command` and `Group` of `_settings`, and
imports heavy modules inside functions. A command looks like this:

    @command.command("drop", changes=True, examples="bytehouse databases drop sales --yes")
    @click.argument("name")
    def drop(name: str) -> None:
        "Drop a database."  # the first line is what lists of commands show
        with global_options().client(changes=True) as client:  # or client(), if it only reads
            confirm(f"Drop the database {name}")
            client.databases.delete(name)
        note(f"Dropped {name}.")  # beside the output, on standard error

What is printed goes through `print_value` (models, mappings and lists of them; `columns=` is what a
table shows), `print_rows` or `print_word` of `_output`. Errors of the client are left to `_main`.
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
