"""The functions that answer operations, each named after its own."""

from __future__ import annotations

from importlib import import_module
from typing import Final

_MODULES: Final = (
    "databases",
    "tables",
    "partitions",
    "queries",
    "connections",
    "import_jobs",
    "executions",
    "cluster_status",
    "iam",
    "permissions",
    "usage",
    "statistics",
    "warehouses",
    "metadata",
)


def load() -> None:
    """Import every module, which registers what is in it."""
    for name in _MODULES:
        import_module(f"{__name__}.{name}")
