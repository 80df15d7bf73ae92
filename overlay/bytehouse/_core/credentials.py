"""Read the API key, anew for each request, from where it is stored."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial

from ..errors import ConfigError
from .config import KeySource
from .secrets import NotAString, Secret


def read_key(source: KeySource) -> Secret:
    """Return the key as it is now.

    Raises:
        ConfigError: The key is not where the reference says, or cannot be sent in a header.
    """
    key = _read(source)
    if not key.check(_VISIBLE):
        raise ConfigError(
            "The API key cannot be sent: it is empty, or has spaces or non-ASCII characters.",
            hint="Check for a line break or a placeholder; the key itself is not shown.",
        )
    return key


def _read(source: KeySource) -> Secret:
    if callable(source):
        try:
            return Secret.returned_by(source).map(str.strip)
        except NotAString as error:
            kind = str(error)
        raise ConfigError(f"The api_key callable returned {kind}, not a string.")
    secret = Secret(source)
    # A key may itself contain a colon, so only the known schemes are references.
    if not secret.check(_REFERENCE):
        return secret
    scheme, _, place = secret.reveal().partition(":")
    return Secret.returned_by(partial(_READERS[scheme], place))


def _from_environment(name: str) -> str:
    if not os.environ.get(name):
        raise ConfigError(f"The environment variable {name}, which api_key refers to, is not set.")
    return os.environ[name].strip()


def _from_file(path: str) -> str:
    from .files import read_text  # most programs have no such file

    try:
        return read_text(path).strip()
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The file {path}, which api_key refers to, cannot be read: {type(error).__name__}."
        ) from None


def _from_keyring(place: str) -> Secret:
    try:
        import keyring
    except ImportError:
        hint = "pip install 'bytehouse-sdk[keyring]'"
        raise ConfigError("api_key refers to a keyring.", hint=hint) from None
    service, _, user = place.rpartition("/")
    try:
        key = Secret(keyring.get_password(service or "bytehouse", user) or "").map(str.strip)
    except Exception as error:  # noqa: BLE001 - each back end has its own errors
        reason = type(error).__name__
        raise ConfigError(f"The keyring, which api_key refers to, failed: {reason}.") from None
    if not key:
        raise ConfigError(f"The keyring has no password for {place}, which api_key refers to.")
    return key


_VISIBLE = re.compile(r"[!-~]+").fullmatch
_READERS: dict[str, Callable[[str], str | Secret]] = {
    "env": _from_environment,
    "file": _from_file,
    "keyring": _from_keyring,
}
REFERENCES = tuple(f"{scheme}:" for scheme in _READERS)
"""How references to a key begin."""
_REFERENCE = re.compile("|".join(REFERENCES)).match
