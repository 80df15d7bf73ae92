"""Connections.

The types of sources, the maximum length of names and that secrets are returned masked are
documented. That names are unique, and that a connection in use cannot be deleted, is inferred.
"""

from __future__ import annotations

from typing import Any

from bytehouse_emulator.calls.authorization import manage_loading
from bytehouse_emulator.calls.call import Call, operation
from bytehouse_emulator.calls.envelope import success
from bytehouse_emulator.calls.pagination import cursor_page
from bytehouse_emulator.calls.validation import check_storable, check_title
from bytehouse_emulator.errors import illegal_state
from bytehouse_emulator.loading.documents import Connection, require_free_name
from bytehouse_emulator.loading.masking import mask, unmask
from bytehouse_emulator.model.account import CREATOR


@operation(manage_loading)
def create_connection(call: Call) -> dict[str, Any]:
    """Create a connection."""
    loading, now = call.emulator.loading, call.emulator.clock.now()
    with loading.lock:
        _check(call)
        connection = Connection(
            id=loading.ids.next(),
            name=call.body["name"],
            type=call.body["type"],
            data=call.body["data"],
            created_at=now,
            modified_at=now,
        )
        loading.connections.put(str(connection.id), connection)
    return success(_describe(connection))


@operation(manage_loading)
def list_connections(call: Call) -> dict[str, Any]:
    """Return a page of connections, their secrets masked."""
    return cursor_page(call, call.emulator.loading.connections.all(), lambda c: c.id, _describe)


@operation(manage_loading)
def get_connection(call: Call) -> dict[str, Any]:
    """Return one connection, its secrets masked."""
    return success(_describe(call.emulator.loading.connection(call.integer("id"))))


@operation(manage_loading)
def update_connection(call: Call) -> dict[str, Any]:
    """Replace name and data; a secret whose mask is sent back is unchanged (inferred)."""
    loading = call.emulator.loading
    with loading.lock:
        connection = loading.connection(call.integer("id"))
        _check(call, connection.id)
        connection.name = call.body["name"]
        connection.data = unmask(call.body["data"], connection.data)
        connection.modified_at = call.emulator.clock.now()
        loading.connections.put(str(connection.id), connection)
    return success()


@operation(manage_loading)
def delete_connection(call: Call) -> dict[str, Any]:
    """Delete a connection that no job uses."""
    loading = call.emulator.loading
    with loading.lock:
        connection = loading.connection(call.integer("id"))
        users = [job.name for job in loading.jobs.all() if job.connection_id == connection.id]
        if users:
            names = ", ".join(users[:5])
            message = f"The connection {connection.name!r} is used by import jobs: {names}."
            raise illegal_state("Connection", message)
        loading.connections.delete(str(connection.id))
    return success()


def _check(call: Call, own_id: int = 0) -> None:
    name = call.body["name"]
    check_title("Connection", name)
    check_storable("Connection", call.body)
    require_free_name("Connection", name, call.emulator.loading.connections.all(), own_id)


def _describe(connection: Connection) -> dict[str, Any]:
    return {
        "id": connection.id,
        "name": connection.name,
        "type": connection.type,
        "data": mask(connection.data),
        "createdBy": CREATOR,
        "createdAt": connection.created_at,
        "lastModifiedAt": connection.modified_at,
    }
