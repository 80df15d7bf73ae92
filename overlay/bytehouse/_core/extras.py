"""Import optional dependencies, with an error that says how to install a missing one."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import ConfigError


def import_optional(module: str, extra: str) -> Any:
    """Return a module of an optional dependency.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"This needs {module.partition('.')[0]}, which cannot be imported: {error}",
            hint=f"pip install 'bytehouse-sdk[{extra}]'",
        ) from None
