"""Derive the commands of a resource from its methods.

A group has a command for each public method of a resource of the client. Its arguments, options and
help are those of the method, so that nothing of a method is written twice. What a shell needs
beside that is a command in the module of the group, `_commands/tables.py` for `bytehouse tables`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import click

from ._errors import NOT_FOUND
from ._formats import note
from ._output import print_value
from ._plain import plain
from ._resource_table import RESOURCES, Resource
from ._settings import Command, Group, confirm, global_options

# What stands for an argument in examples.
_SAMPLES = {
    "account_id": "210000001",
    "action": "SELECT",
    "by": "30d",
    "config_id": "123451",
    "connection_id": "3",
    "configuration": "@job.json",
    "database": "sales",
    "description": '"Orders of the day"',
    "execution_id": "0c3c217b",
    "granularity": "5m",
    "job_id": "7",
    "key_id": "k-1",
    "name": "",
    "names": "20261101",
    "on": "sales.orders",
    "partition": "0",
    "period": "1h",
    "qualified": "sales.orders",
    "role_name": "Analyst",
    "start": "7d",
    "status": "DISABLED",
    "token": "env:TOKEN",
    "user_id": "1336688750",
}
# Methods that change nothing, though their docstrings name no route: they call others.
_READS = frozenset({"exists", "expiring"})


class ResourceGroup(Group):
    """The commands of a resource: those of its module, and for its other methods derived ones.

    Args:
        name: Name of the group.
    """

    def __init__(self, name: str) -> None:
        self.resource = RESOURCES[name]
        super().__init__(name, help=self.resource.help)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands."""
        return list(dict.fromkeys([*self._methods(), *self.commands]))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        method = self._methods().get(cmd_name)
        if method is None:
            return None
        return _Derived(f"{self.name} {cmd_name}", self.resource, method, self.show)

    def names_in_python(self) -> Mapping[str, str | None]:
        """Return the names of commands by those of the methods."""
        return self.resource.commands

    def show(self, value: Any) -> None:
        """Print what a method returned."""
        print_returned(value)

    def _methods(self) -> dict[str, str]:
        """Return the methods by the name of the command."""
        found: dict[str, str] = {}
        for method, value in vars(resource_class(self.resource)).items():
            name = self.resource.commands.get(method, method.replace("_", "-"))
            if name and not method.startswith("_") and inspect.isfunction(value):
                found[name] = method
        return found


def resource_class(resource: Resource) -> type[Any]:
    """Return the class of a resource, which is in the module of its name."""
    module = import_module(f"bytehouse._sync.resources.{resource.attribute}")
    found: type[Any] = getattr(module, resource.attribute.title().replace("_", ""))
    return found


class _Derived(Command):
    """A call of a method."""

    def __init__(
        self, path: str, resource: Resource, method: str, show: Callable[[Any], None]
    ) -> None:
        from ._docstrings import describe
        from ._signatures import Signature

        function: Callable[..., Any] = getattr(resource_class(resource), method)
        self._resource, self._method, self._show = resource, method, show
        self._description = description = describe(function)
        self._signature = Signature(function, description)
        deletes = "DELETE" in description.methods
        paragraphs = [description.summary, *description.paragraphs, description.routes]
        super().__init__(
            path.partition(" ")[2],
            params=list(self._signature.parameters),
            callback=self._call,
            help="\n\n".join(filter(None, paragraphs)),
            short_help=f"{description.sentence}.",
            examples=f"bytehouse {path} {self._example()}{' --yes' if deletes else ''}".strip(),
            changes=deletes,
        )

    def _example(self) -> str:
        if self._method in self._resource.examples:
            return self._resource.examples[self._method]
        from ._signatures import argument_of

        words: list[str] = []
        for one in self._signature.parameters:
            name = argument_of(one)
            sample = _SAMPLES.get(name, "") or self._resource.name or name.upper()
            if isinstance(one, click.Argument):
                words.append(sample)
            elif one.required or name == "token":
                words += [one.opts[0], sample]
        return " ".join(words)

    def _call(self, **values: Any) -> int:
        arguments = self._signature.arguments(values)
        reads = self._method in _READS or self._description.methods == {"GET"}
        with global_options().client(changes=not reads) as client:
            if "DELETE" in self._description.methods:
                confirm(f"{self._description.sentence}: {_listed(arguments)}")
            method = getattr(getattr(client, self._resource.attribute), self._method)
            found = method(**arguments)
            self._show(found)
        return NOT_FOUND if found is False else 0  # so that a shell can test for it


def _listed(arguments: Mapping[str, Any]) -> str:
    """Return what a command is about, for the question whether to do it."""
    words = {
        name: ", ".join(value) if isinstance(value, list) else str(value)
        for name, value in arguments.items()
        if name != "token"
    }
    whole = ".".join(words.pop(name) for name in ("database", "table", "name") if name in words)
    if not whole and len(words) == 1:
        return words.popitem()[1]
    rest = [f"{n.removesuffix('_name').replace('_', ' ')} {value}" for n, value in words.items()]
    return ", ".join([whole, *rest] if whole else rest)


def print_returned(value: Any) -> None:
    """Print what a method returned; of a list, a table has the columns that fit into a cell."""
    if value is None:
        note("Done.")
        return
    value = plain(value)
    columns: list[str] = []
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        names = dict.fromkeys(name for item in value for name in item)
        columns = [name for name in names if _is_simple([item.get(name) for item in value])]
    print_value(value, columns)


def _is_simple(values: list[Any]) -> bool:
    """Return whether a column has values, none of them a list or an object."""
    known = [value for value in values if value is not None]
    return bool(known) and not any(isinstance(value, list | dict) for value in known)
