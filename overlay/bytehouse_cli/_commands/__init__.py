"""The commands, each in the module of its name.

The commands of a resource of the client are derived from its methods, if it is in the table
`RESOURCES` of `_resource_table`; what a shell needs beside them is in the module of the resource.

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

import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import click

from .._resource_table import RESOURCES


def names() -> list[str]:
    """Return the names of all commands."""
    return sorted({*_modules(), *RESOURCES})


def _modules() -> set[str]:
    return {
        module.name.replace("_", "-")
        for module in iter_modules(__path__)
        if not module.name.startswith("_")
    }


def summary(name: str) -> str:
    """Return what a command does, in a line: that of the table of resources, or of its module's
    docstring, which is read without importing the module, or else of its help."""
    if name in RESOURCES:
        return RESOURCES[name].help
    for folder in __path__:
        file = Path(folder) / f"{name.replace('-', '_')}.py"
        if file.exists():
            with file.open(encoding="utf-8") as lines:
                described = re.match(r'"""`bytehouse [\w-]+`: (.+\.)"""$', lines.readline())
            if described:
                return described[1][0].upper() + described[1][1:]
    command = find(name)
    return command.get_short_help_str(limit=100) if command else ""


def find(name: str) -> click.Command | None:
    """Return the command of a name; None if there is none."""
    if name not in _modules():
        if name not in RESOURCES:
            return None
        from .._resources import ResourceGroup

        return ResourceGroup(name)
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    command: click.Command = module.command
    return command
