"""Turn what the client returns into plain values: dicts, lists, strings and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any


def plain(value: Any) -> Any:
    """Return a value with models as dicts, by the names of their attributes.

    Fields that may hold a secret become ``***``.
    """
    import attrs  # takes longer than the help of a command

    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        from bytehouse_raw.types import Timestamp

        return str(value) if isinstance(value, Timestamp) else value.isoformat()
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if attrs.has(type(value)):
        return _fields(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return value


def _fields(value: Any) -> dict[str, Any]:
    import attrs

    found: dict[str, Any] = {}
    for field in attrs.fields(type(value)):
        inner: Any = getattr(value, field.name, None)  # None if the service left it out
        if field.name == "additional_properties":
            found |= {name: plain(item) for name, item in inner.items() if name not in found}
        elif not field.name.startswith("_"):
            found[field.name] = plain(inner) if field.repr or inner is None else "***"
    return found
