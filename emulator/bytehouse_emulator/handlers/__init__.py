"""The handlers of the operations; importing this registers them."""

from bytehouse_emulator.handlers import (
    connections,
    databases,
    executions,
    iam,
    import_jobs,
    metadata,
    partitions,
    permissions,
    queries,
    tables,
    usage,
    warehouses,
)

__all__ = [
    "connections",
    "databases",
    "executions",
    "iam",
    "import_jobs",
    "metadata",
    "partitions",
    "permissions",
    "queries",
    "tables",
    "usage",
    "warehouses",
]
