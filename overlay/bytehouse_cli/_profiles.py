"""Read and change the configuration file, with its comments kept, and keep the API key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import tomlkit
from tomlkit.exceptions import TOMLKitError

from bytehouse import ConfigError
from bytehouse._core.config import ATTRIBUTES, config_file, default_profile, parse_setting
from bytehouse._core.credentials import REFERENCES
from bytehouse._core.files import atomic_file

from ._settings import end_dry_run, global_options

_SECRETS = {attribute.name for attribute in ATTRIBUTES if attribute.sensitive}
_NAMES = [attribute.name for attribute in ATTRIBUTES]


class ConfigFile:
    """The configuration file.

    Attributes:
        path: Where it is, or will be.

    Raises:
        ConfigError: It cannot be read.
    """

    def __init__(self) -> None:
        given = global_options().config_file or os.environ.get("BYTEHOUSE_CONFIG_FILE")
        self.path = config_file(given).expanduser()
        text = self.path.read_text("utf-8-sig") if self.path.exists() else ""
        reason = ""
        try:
            self._document = tomlkit.parse(text)
        except TOMLKitError as error:
            reason = f"line {getattr(error, 'line', '?')}"
        if reason:
            # Raised here: the frames of the parser hold the contents of the file.
            raise ConfigError(f"The configuration file {self.path} is not TOML: {reason}")

    @property
    def default(self) -> str:
        """Name of the profile that is used where none is named."""
        return default_profile(self._document)

    @property
    def profiles(self) -> dict[str, Mapping[str, Any]]:
        """The profiles by name."""
        return {k: v for k, v in self._document.items() if isinstance(v, Mapping)}

    def use(self, profile: str) -> None:
        """Let a profile be used where none is named."""
        if profile not in self.profiles:
            known = ", ".join(self.profiles) or "none"
            raise ConfigError(f"There is no profile {profile} in {self.path}. Profiles: {known}.")
        if "profile" in self._document:
            self._document["profile"] = profile
        else:  # the first line: below a table it would be one of its settings
            text = tomlkit.document()
            text["profile"] = profile
            self._document = tomlkit.parse(tomlkit.dumps(text) + self._text())
        self._write()

    def set(self, profile: str, settings: Mapping[str, Any]) -> None:
        """Write settings of a profile; None removes one.

        Raises:
            ConfigError: There is no such setting, or its value is invalid.
        """
        written = {name: _written(name, value) for name, value in settings.items()}
        table = self._document.setdefault(profile, tomlkit.table())
        for name, value in written.items():
            if value is None:
                table.pop(name, None)
            else:
                table[name] = value
        self._write()

    def _text(self) -> str:
        return tomlkit.dumps(self._document)

    def _write(self) -> None:
        end_dry_run(f"write {self.path}")
        write_private(self.path, self._text())


def _written(name: str, value: Any) -> Any:
    """Return the value of a setting as it stands in the file."""
    if name not in _NAMES:
        raise ConfigError(f"There is no setting {name}. Known: {', '.join(_NAMES)}.")
    if value is None:
        return None
    parsed = parse_setting(name, value, "the command line")
    return parsed if isinstance(parsed, int | float) else value


def shown(name: str, value: Any) -> str:
    """Return the value of a setting as it may be shown."""
    text = str(value)
    is_reference = name == "api_key" and text.startswith(REFERENCES)
    return "***" if name in _SECRETS and not is_reference else text


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read; it gets its name when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with atomic_file(path.resolve(), "w", private=True) as file:  # a link stays one
        file.write(text)


def store_key(profile: str, key: str, store: str | None) -> str:
    """Keep a key, and return the reference by which the client finds it.

    Args:
        profile: Profile that it is for.
        key: The key.
        store: ``keyring`` or ``file``; the keyring if there is one, if not given.
    """
    if store != "file" and _to_keyring(profile, key, required=store == "keyring"):
        return f"keyring:bytehouse/{profile}"
    path = config_file().expanduser().parent / "keys" / quote(profile, safe="")
    write_private(path, f"{key}\n")
    return f"file:{path}"


def _to_keyring(profile: str, key: str, *, required: bool) -> bool:
    try:
        import keyring

        keyring.set_password("bytehouse", profile, key)
    except Exception as error:  # noqa: BLE001 - each back end has its own errors
        if required:
            raise click.UsageError(
                f"The keyring cannot keep the key ({type(error).__name__}); use --store file."
            ) from None
        return False
    return True
