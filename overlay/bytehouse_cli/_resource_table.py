"""Which groups of commands there are for the resources of the client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Resource(NamedTuple):
    """Describe a group of commands.

    Attributes:
        attribute: The attribute of the client that has the methods.
        help: What the commands do.
        name: What something is called in examples.
        commands: Names of commands, by that of the method; None if there is no command for it.
        examples: What follows the name of a command in its example, by the method, where that is
            more than what must be given.
    """

    attribute: str
    help: str
    name: str = ""
    commands: Mapping[str, str | None] = {}
    examples: Mapping[str, str] = {}


_DROP = {"delete": "drop"}

RESOURCES: Mapping[str, Resource] = {
    "account": Resource("account", "Show the state of the account."),
    "assignments": Resource("assignments", "Show, add and remove the roles of users."),
    "connections": Resource(
        "connections", "Keep addresses and credentials of data sources.", "broker"
    ),
    "databases": Resource("databases", "List, create, show and drop databases.", "sales", _DROP),
    "dictionaries": Resource("dictionaries", "Drop dictionaries.", "", _DROP),
    "executions": Resource(
        "executions", "List, show and watch runs of import jobs.", "", {"handle": None}
    ),
    "jobs": Resource(
        "import_jobs",
        "List, define, change, start and stop import jobs.",
        "nightly",
        {"describe": "set-description"},
    ),
    "keys": Resource("api_keys", "List, create, rotate and delete API keys."),
    "metadata": Resource("metadata", "Subscribe users to metadata, and unsubscribe them."),
    "partitions": Resource("partitions", "List and drop partitions of tables.", "", _DROP),
    "permissions": Resource(
        "permissions", "Show, grant and revoke permissions of roles.", "", {"list": "show"}
    ),
    "roles": Resource("roles", "List roles."),
    "tables": Resource(
        "tables",
        "List, create, show, change and drop tables.",
        "",
        {**_DROP, "ensure": None},
        {"update": "sales.orders --add note=String --rename day=date"},
    ),
    "usage": Resource("usage", "Show what was stored and computed."),
    "views": Resource("views", "List views and show materialized views."),
    "warehouses": Resource(
        "warehouses",
        "List, create, change, resume and suspend virtual warehouses.",
        "etl",
        examples={
            "create": "etl --config-id S --auto-suspend 10",
            "resume": "etl --wait",
            "update": "etl --auto-suspend 10",
        },
    ),
}
