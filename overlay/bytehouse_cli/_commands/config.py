"""`bytehouse config`: the settings, their sources and the profiles."""

from __future__ import annotations

import click

from bytehouse._core.config import ATTRIBUTES

from .._formats import note
from .._output import print_rows
from .._settings import Group, complete_profile, global_options


def _complete_setting(_context: object, _parameter: object, incomplete: str) -> list[str]:
    """Return the settings whose names begin so, for the completion of a shell."""
    return [one.name for one in ATTRIBUTES if one.name.startswith(incomplete)]


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


@command.command("list", examples="bytehouse config list")
def list_() -> None:
    """List the profiles; the one that is used where none is named is marked."""
    from .._profiles import ConfigFile, shown

    file = ConfigFile()
    columns = ("profile", "default", "host", "role", "warehouse", "api_key")
    rows = [
        (name, name == file.default, *(
            shown(column, table[column]) if column in table else None for column in columns[2:]
        ))
        for name, table in file.profiles.items()
    ]  # fmt: skip
    print_rows(columns, [rows])


@command.command(examples="bytehouse config use prod")
@click.argument("name", shell_complete=complete_profile)
def use(name: str) -> None:
    """Use a profile where none is named."""
    from .._profiles import ConfigFile

    file = ConfigFile()
    file.use(name)
    note(f"{file.path} now uses the profile {name}.")


@command.command(
    "set",
    examples="""
    bytehouse config set warehouse etl
    bytehouse config set api_key env:MY_KEY --profile prod
    """,
)
@click.argument("name", shell_complete=_complete_setting)
@click.argument("value")
def set_(name: str, value: str) -> None:
    """Write a setting into the profile that --profile names, or else into the default one.

    An API key is set by reference alone; `bytehouse init` stores the key itself.
    """
    from .._profiles import ConfigFile, shown

    if name == "api_key" and shown(name, value) == "***":
        raise click.UsageError(
            "Give a reference such as env:NAME, file:PATH or keyring:SERVICE/USER: other users of "
            "this machine can read command lines. `bytehouse init` asks for the key itself."
        )
    file = ConfigFile()
    profile = global_options().profile or file.default
    file.set(profile, {name: value})
    note(f"Set {name} of the profile {profile} in {file.path}.")


@command.command(examples="bytehouse config unset warehouse --profile prod")
@click.argument("name", shell_complete=_complete_setting)
def unset(name: str) -> None:
    """Remove a setting from a profile."""
    from .._profiles import ConfigFile

    file = ConfigFile()
    profile = global_options().profile or file.default
    file.set(profile, {name: None})
    note(f"Removed {name} from the profile {profile} in {file.path}.")
