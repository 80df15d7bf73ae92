"""Answer the operations on connections.

The sources' kinds, the longest name and that secrets come back masked are documented. That names
are unique, and that a connection in use cannot be deleted, is inferred.
"""

from __future__ import annotations

from typing import Any, Final

from .._call import Call, operation
from .._catalog import USER
from .._envelope import success
from .._errors import conflict, invalid
from .._loading.documents import Connection, name_is_taken
from .._loading.masking import mask, unmask
from .._loading.pages import cursor_page

_LONGEST: Final = 128
_DEEPEST: Final = 50


def check_entry_name(kind: str, name: str) -> None:
    """Refuse a name that is empty or too long."""
    if not name.strip() or len(name) > _LONGEST:
        raise invalid(kind, f"A name takes 1 to {_LONGEST} characters, and not blanks alone.")


def check_body(kind: str, value: object, depth: int = 0) -> None:
    """Refuse what is nested too deeply, or holds a number too large, to be kept."""
    if depth > _DEEPEST:
        raise invalid(kind, f"The body is nested more than {_DEEPEST} levels deep.")
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        raise invalid(kind, f"The number {str(value)[:40]} takes more than 64 bits.")
    for inner in value.values() if isinstance(value, dict) else _entries(value):
        check_body(kind, inner, depth + 1)


def _entries(value: object) -> list[object]:
    return value if isinstance(value, list) else []


@operation
def create_connection(call: Call) -> dict[str, Any]:
    """Keep a connection."""
    loading, now = call.emulator.loading, call.emulator.clock.now()
    name = call.body["name"]
    check_entry_name("Connection", name)
    check_body("Connection", call.body)
    with loading.lock:
        _require_free(call, name)
        connection = Connection(
            id=loading.numbers.next(),
            name=name,
            type=call.body["type"],
            data=call.body["data"],
            created_at=now,
            modified_at=now,
        )
        loading.connections.put(str(connection.id), connection)
    return success(_shown(connection))


@operation
def list_connections(call: Call) -> dict[str, Any]:
    """Answer with a page of connections, their secrets masked."""
    return cursor_page(call, call.emulator.loading.connections.all(), lambda c: c.id, _shown)


@operation
def get_connection(call: Call) -> dict[str, Any]:
    """Answer with one connection, its secrets masked."""
    return success(_shown(call.emulator.loading.connection(call.number("id"))))


@operation
def update_connection(call: Call) -> dict[str, Any]:
    """Replace name and data; a mask that is sent back keeps the secret behind it (inferred)."""
    loading, name = call.emulator.loading, call.body["name"]
    check_entry_name("Connection", name)
    check_body("Connection", call.body)
    with loading.lock:
        connection = loading.connection(call.number("id"))
        _require_free(call, name, connection.id)
        connection.name = name
        connection.data = unmask(call.body["data"], connection.data)
        connection.modified_at = call.emulator.clock.now()
        loading.connections.put(str(connection.id), connection)
    return success()


@operation
def delete_connection(call: Call) -> dict[str, Any]:
    """Delete a connection that no job uses."""
    loading = call.emulator.loading
    with loading.lock:
        connection = loading.connection(call.number("id"))
        users = [job.name for job in loading.jobs.all() if job.connection_id == connection.id]
        if users:
            names = ", ".join(users[:5])
            message = f"The connection {connection.name!r} is used by import jobs: {names}."
            raise conflict("Connection", message)
        loading.connections.delete(str(connection.id))
    return success()


def _require_free(call: Call, name: str, own: int = 0) -> None:
    if name_is_taken(name, call.emulator.loading.connections.all(), own):
        raise conflict("Connection", f"The connection {name!r} exists.")


def _shown(connection: Connection) -> dict[str, Any]:
    return {
        "id": connection.id,
        "name": connection.name,
        "type": connection.type,
        "data": mask(connection.data),
        "createdBy": USER,
        "createdAt": connection.created_at,
        "lastModifiedAt": connection.modified_at,
    }
