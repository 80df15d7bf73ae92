"""Keyrings of systems: one that works, and one that is locked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class Working(KeyringBackend):
    """Keeps passwords in a file of the home directory."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """Return a password."""
        found: dict[str, str] = json.loads(_file().read_text()) if _file().exists() else {}
        return found.get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a password."""
        known = json.loads(_file().read_text()) if _file().exists() else {}
        _file().write_text(json.dumps({**known, f"{service}/{username}": password}))


class Locked(KeyringBackend):
    """Opens for nobody."""

    priority = 1

    def get_password(self, service: str, username: str) -> NoReturn:
        """Refuse."""
        raise KeyringLocked(f"Failed to unlock {service}/{username}!")

    def set_password(self, service: str, username: str, password: str) -> NoReturn:
        """Refuse."""
        del password
        self.get_password(service, username)


def _file() -> Path:
    return Path.home() / "keyring.json"
