"""Evaluate reprs as a user would who has imported the public names."""

from __future__ import annotations

from typing import Any

import bytehouse


def evaluated(value: object) -> Any:
    """Return what the repr of a value gives, with the names of `bytehouse` alone."""
    return eval(repr(value), {name: getattr(bytehouse, name) for name in dir(bytehouse)})
