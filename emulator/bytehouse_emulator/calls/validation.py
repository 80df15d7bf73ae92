"""What names and bodies must be like beyond what the specification says."""

from __future__ import annotations

from typing import Final

from bytehouse_emulator.errors import invalid

_MAX_LENGTH: Final = 128
_MAX_DEPTH: Final = 50


def check_title(kind: str, name: str) -> None:
    """Refuse a name that no connection or import job can have."""
    if not name.strip() or len(name) > _MAX_LENGTH:
        raise invalid(kind, f"A name takes 1 to {_MAX_LENGTH} characters, and not blanks alone.")


def check_storable(kind: str, value: object, depth: int = 0) -> None:
    """Refuse a body that is nested too deeply, or holds a number too large, to be stored."""
    if depth > _MAX_DEPTH:
        raise invalid(kind, f"The body is nested more than {_MAX_DEPTH} levels deep.")
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        raise invalid(kind, f"The number {str(value)[:40]} takes more than 64 bits.")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            check_storable(kind, inner, depth + 1)
