"""Keep the role that a `with` block sets, separately for each thread and task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_Roles = Mapping[int, str | None]
# One variable for all clients, as context variables are never freed; keyed by the client's id.
_roles: ContextVar[_Roles] = ContextVar("bytehouse_roles", default=MappingProxyType({}))


@contextmanager
def use_role(client: object, role: str | None) -> Iterator[None]:
    """Set the role of a client for the block."""
    token = _roles.set({**_roles.get(), id(client): role})
    try:
        yield
    finally:
        _roles.reset(token)


def current_role(client: object) -> Mapping[str, str | None]:
    """Return the role that a block has set, as call options; empty if none has."""
    roles = _roles.get()
    return {"role": roles[id(client)]} if id(client) in roles else {}
