"""Keep the secrets of a connection from being read back.

That they can be overwritten and never read is documented; which keys hold secrets is not, for no
key of a connection's data is. A key is taken for one by the words its name is made of, and in doubt
it is masked.
"""

from __future__ import annotations

import re
from typing import Any, Final

from .._errors import invalid

MASK: Final = "******"
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET: Final = frozenset(
    "auth credential credentials jaas keytab pass passphrase passwd password pwd sas secret"
    " signature sk token tokens".split()
)
_ENDING: Final = frozenset({"key", "keys"})
# `accessKeyID`, `tokenURL` and `secretName` tell about a secret without holding it.
_TELLING: Final = frozenset("algorithm endpoint expiry id mode name type uri url".split())
_USER_IN_URL: Final = re.compile(r"^[\w+.-]+:/+[^/@\s]*:[^/@\s]*@")


def mask(data: dict[str, Any]) -> dict[str, Any]:
    """Answer with a connection's data, each secret replaced by asterisks."""
    return {key: _mask(value, hidden=is_secret(key)) for key, value in data.items()}


def unmask(data: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """Put the kept secrets where the asterisks that stand for them were sent back."""
    return {
        key: _unmask(value, kept.get(key), where=key, hidden=is_secret(key))
        for key, value in data.items()
    }


def is_secret(key: str) -> bool:
    """Tell whether a key is likely to hold a secret."""
    words = [word.lower() for word in _WORD.findall(key)]
    if not words or words[-1] in _TELLING or words[0] == "public":
        return False
    joined = "".join(words)
    return (
        not _SECRET.isdisjoint(words)
        or words[-1] in _ENDING
        # Names in one case cannot be cut into words.
        or joined.endswith(("password", "passwd", "secret", "token", "key"))
    )


def _mask(value: Any, *, hidden: bool) -> Any:
    if isinstance(value, dict):
        return {k: _mask(v, hidden=hidden or is_secret(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_mask(entry, hidden=hidden) for entry in value]
    return MASK if _hides(value, hidden=hidden) else value


def _hides(value: object, *, hidden: bool) -> bool:
    if isinstance(value, str):
        return bool(value) and (hidden or _USER_IN_URL.match(value) is not None)
    return hidden and value is not None and not isinstance(value, bool)


def _unmask(value: Any, kept: Any, *, where: str, hidden: bool) -> Any:
    if isinstance(value, dict):
        old = kept if isinstance(kept, dict) else {}
        return {
            k: _unmask(v, old.get(k), where=f"{where}.{k}", hidden=hidden or is_secret(k))
            for k, v in value.items()
        }
    if isinstance(value, list):
        entries = kept if isinstance(kept, list) else []
        entries = entries + [None] * (len(value) - len(entries))
        return [
            _unmask(entry, old, where=f"{where}[{place}]", hidden=hidden)
            for place, (entry, old) in enumerate(zip(value, entries, strict=False))
        ]
    if value != MASK:
        return value
    if _hides(kept, hidden=hidden):
        return kept
    if hidden:
        raise invalid("Connection", f"{where} is masked, and there is no secret of old to keep.")
    return value
