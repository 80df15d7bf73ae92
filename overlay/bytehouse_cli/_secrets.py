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
        scheme, _, place = value.partition(":")
        try:
            if scheme == "env":
                return Secret(os.environ[place])
            if scheme == "file":
                return Secret(Path(place).expanduser().read_text("utf-8").rstrip("\r\n"))
        except KeyError:
            self.fail(f"the environment variable {place} is not set.", param, ctx)
        except (OSError, RuntimeError, UnicodeDecodeError) as error:
            self.fail(f"{place} cannot be read: {type(error).__name__}.", param, ctx)
        # What was given is not shown: it may be the secret.
        self.fail(
            "must be env:NAME or file:PATH: other users of this machine can read command lines.",
            param,
            ctx,
        )


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
    return Secret(click.prompt(what, hide_input=True, err=True, prompt_suffix=": "))
