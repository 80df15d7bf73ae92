"""Mask the secrets of a connection.

That they can be overwritten and never read is documented; which keys are secrets is not, nor is any
key of a connection's data. A key is classified by the words of its name; an ambiguous one is
masked.
"""

from __future__ import annotations

import re
from typing import Any, Final

from bytehouse_emulator.errors import invalid

MASK: Final = "******"
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET: Final = frozenset(
    "auth credential credentials jaas keytab pass passphrase passwd password pwd sas secret"
    " signature sk token tokens".split()
)
_ENDING: Final = frozenset({"key", "keys"})
# `accessKeyID`, `tokenURL` and `secretName` describe a secret without being one.
_DESCRIBING: Final = frozenset("algorithm endpoint expiry id mode name type uri url".split())
_USER_IN_URL: Final = re.compile(r"^[\w+.-]+:/+[^/@\s]*:[^/@\s]*@")


def mask(data: dict[str, Any]) -> dict[str, Any]:
    """Return a connection's data, each secret replaced by asterisks."""
    return {key: _mask(value, hidden=is_secret(key)) for key, value in data.items()}


def unmask(data: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """Return new data in which asterisks are replaced by the stored secrets."""
    return {
        key: _unmask(value, stored.get(key), where=key, hidden=is_secret(key))
        for key, value in data.items()
    }


def is_secret(key: str) -> bool:
    """Return whether the value of a key is likely to be a secret."""
    words = [word.lower() for word in _WORD.findall(key)]
    if not words or words[-1] in _DESCRIBING or words[0] == "public":
        return False
    joined = "".join(words)
    return (
        not _SECRET.isdisjoint(words)
        or words[-1] in _ENDING
        # Names in one case cannot be split into words.
        or joined.endswith(("password", "passwd", "secret", "token", "key"))
    )


def _mask(value: Any, *, hidden: bool) -> Any:
    if isinstance(value, dict):
        return {k: _mask(v, hidden=hidden or is_secret(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_mask(entry, hidden=hidden) for entry in value]
    return MASK if _is_masked(value, hidden=hidden) else value


def _is_masked(value: object, *, hidden: bool) -> bool:
    if isinstance(value, str):
        return bool(value) and (hidden or _USER_IN_URL.match(value) is not None)
    return hidden and value is not None and not isinstance(value, bool)


def _unmask(value: Any, stored: Any, *, where: str, hidden: bool) -> Any:
    if isinstance(value, dict):
        old = stored if isinstance(stored, dict) else {}
        return {
            k: _unmask(v, old.get(k), where=f"{where}.{k}", hidden=hidden or is_secret(k))
            for k, v in value.items()
        }
    if isinstance(value, list):
        entries = stored if isinstance(stored, list) else []
        entries = entries + [None] * (len(value) - len(entries))
        return [
            _unmask(entry, old, where=f"{where}[{index}]", hidden=hidden)
            for index, (entry, old) in enumerate(zip(value, entries, strict=False))
        ]
    if value != MASK:
        return value
    if _is_masked(stored, hidden=hidden):
        return stored
    if hidden:
        raise invalid("Connection", f"{where} is masked, and no secret is stored for it.")
    return value
