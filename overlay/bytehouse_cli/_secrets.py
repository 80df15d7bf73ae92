"""Take secrets from where no other user of the machine can read them, and keep them there."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from bytehouse._core.secrets import Secret


class SecretReference(click.ParamType[Secret]):
    """Where a secret is: ``env:NAME`` or ``file:PATH``."""

    name = "reference"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Secret:
        """Read the secret."""
        if isinstance(value, Secret):
            return value
        try:
            return read_secret(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class StoreReference(click.ParamType[str]):
    """Where a new key is kept: ``file:PATH`` or ``keyring:SERVICE/USER``."""

    name = "reference"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check that it is such a place."""
        scheme, _, place = str(value).partition(":")
        if scheme not in ("file", "keyring") or not place.rpartition("/")[2]:
            self.fail("must be file:PATH or keyring:SERVICE/USER.", param, ctx)
        return str(value)


def read_secret(reference: str) -> Secret:
    """Return the secret that is at ``env:NAME`` or ``file:PATH``.

    Raises:
        ValueError: It is not there. What was given is not shown: it may be the secret itself.
    """
    scheme, _, place = reference.partition(":")
    if scheme == "env":
        if place not in os.environ:
            raise ValueError(f"the environment variable {place} is not set.")
        return Secret(os.environ[place])
    if scheme != "file":
        raise ValueError(
            "must be env:NAME or file:PATH: other users of this machine can read command lines."
        )
    try:
        return Secret(Path(place).expanduser().read_text("utf-8").rstrip("\r\n"))
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        raise ValueError(f"{place} cannot be read: {type(error).__name__}.") from None


def ask_secret(what: str, option: str) -> Secret:
    """Ask for a secret, without showing what is typed.

    Args:
        what: Name of the secret.
        option: Option that gives it otherwise, for the error.

    Raises:
        UsageError: There is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise click.UsageError(f"No {what} given: add {option}.")
    return Secret(click.prompt(what, hide_input=True, err=True))


def store_secret(reference: str, secret: Secret) -> None:
    """Keep a secret at ``file:PATH``, which only the user can read, or ``keyring:SERVICE/USER``.

    Raises:
        OSError: The file or the keyring cannot be written.
        ConfigError: keyring is not installed.
    """
    scheme, _, place = reference.partition(":")
    if scheme == "keyring":
        from bytehouse._core.extras import import_optional

        service, _, user = place.rpartition("/")
        keyring = import_optional("keyring", "keyring")
        try:
            keyring.set_password(service or "bytehouse", user, secret.reveal())
        except Exception as error:  # noqa: BLE001 - each back end has its own errors
            raise OSError(f"The keyring failed: {type(error).__name__}: {error}") from None
        return
    from ._profiles import write_private

    write_private(Path(place).expanduser(), secret.reveal() + "\n")
