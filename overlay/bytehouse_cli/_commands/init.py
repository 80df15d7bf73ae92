"""`bytehouse init`: ask for host and key, check them, and write a profile."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from .._formats import is_terminal, note
from .._output import print_value
from .._settings import Command, end_dry_run, global_options


@click.command(
    cls=Command,
    examples="""
    bytehouse init
    bytehouse init --profile prod --host HOST --role Analyst --warehouse etl
    bytehouse init --host HOST --api-key env:MY_KEY --no-check
    """,
)
@click.option(
    "--store",
    type=click.Choice(["keyring", "file"]),
    help="Where the key is kept; in the system's keyring, if there is one, or else in a file that "
    "you alone can read.",
)
@click.option("--check/--no-check", default=True, help="Whether host and key are tried first.")
def command(store: str | None, check: bool) -> None:
    """Ask for host and API key, try them, and write a profile of the configuration file.

    What is given by options is not asked; all settings among them are written. The key is asked
    without being shown, or read as the first line of standard input if that is no terminal. It is
    not written into the file, which has a reference to where it is kept.
    """
    from .._profiles import ConfigFile, store_key

    shared, file = global_options(), ConfigFile()
    profile = shared.profile or file.default
    settings: dict[str, Any] = dict(shared.settings)
    settings["host"] = settings.get("host") or _ask_host(file.profiles.get(profile, {}).get("host"))
    end_dry_run(f"try {settings['host']} and write the profile {profile} of {file.path}")
    given = settings.get("api_key")
    key = given or _ask_key()
    if check:
        _check(settings, key)
    settings["api_key"] = given or store_key(profile, key, store)
    file.set(profile, settings)
    note(f"Wrote the profile {profile}. `bytehouse doctor` checks more.")
    print_value({"profile": profile, "file": str(file.path), **settings})


def _ask_host(current: str | None) -> str:
    from bytehouse._core.config import parse_setting

    current = current or os.environ.get("BYTEHOUSE_HOST")
    if not is_terminal(sys.stdin):
        if current is None:
            raise click.UsageError("Give --host: there is no terminal to ask.")
        return current
    host = click.prompt("Host, as the console of the tenant shows it", default=current, err=True)
    return str(parse_setting("host", host, "your answer"))


def _ask_key() -> str:
    if is_terminal(sys.stdin):
        return str(click.prompt("API key (not shown)", hide_input=True, err=True)).strip()
    key = sys.stdin.readline().strip()
    if not key:
        raise click.UsageError("Give --api-key REFERENCE, or the key on standard input.")
    return key


def _check(settings: dict[str, Any], key: str) -> None:
    """Try host and key by a call that changes nothing.

    Raises:
        ByteHouseError: They do not work.
    """
    from bytehouse import ByteHouse

    with ByteHouse(**{**settings, "api_key": key}) as client:
        client.account.status()
    note("Host and key work.")
