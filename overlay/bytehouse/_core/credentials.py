"""Read the API key, anew for each request, from where it is stored."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..errors import ConfigError
from .config import KeySource
from .secrets import Secret


def read_key(source: KeySource) -> Secret:
    """Return the key as it is now.

    Raises:
        ConfigError: The key is not where the reference says, or cannot be sent in a header.
    """
    key = _read(source)
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(
            "The API key cannot be sent: it is empty, or has spaces or non-ASCII characters.",
            hint="Check for a line break or a placeholder; the key itself is not shown.",
        )
    return Secret(key)


def _read(source: KeySource) -> str:
    if callable(source):
        key = source()
        if not isinstance(key, str):
            raise ConfigError(f"The api_key callable returned {type(key).__name__}, not a string.")
        return Secret(key.strip())
    scheme, _, place = source.partition(":")
    reader = _READERS.get(scheme)
    # A key may itself contain a colon, so only the known schemes are references.
    return Secret(reader(place)) if reader else source


def _from_environment(name: str) -> str:
    if not os.environ.get(name):
        raise ConfigError(f"The environment variable {name}, which api_key refers to, is not set.")
    return os.environ[name].strip()


def _from_file(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The file {path}, which api_key refers to, cannot be read: {type(error).__name__}."
        ) from None


def _from_keyring(place: str) -> str:
    try:
        import keyring
    except ImportError:
        raise ConfigError("api_key refers to a keyring.", hint="pip install keyring") from None
    service, _, user = place.rpartition("/")
    try:
        key = keyring.get_password(service or "bytehouse", user)
    except Exception as error:  # noqa: BLE001 - each back end has its own errors
        reason = type(error).__name__
        raise ConfigError(f"The keyring, which api_key refers to, failed: {reason}.") from None
    if not key:
        raise ConfigError(f"The keyring has no password for {place}, which api_key refers to.")
    return str(key).strip()


_READERS: dict[str, Callable[[str], str]] = {
    "env": _from_environment,
    "file": _from_file,
    "keyring": _from_keyring,
}
