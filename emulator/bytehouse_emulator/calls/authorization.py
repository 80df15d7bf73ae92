"""What a role must be permitted for an operation: what `@operation` of a handler names.

Which permission the service asks for is not documented: all of it is inferred, from the names of
the permissions (see `iam/permissions.py`) and from what each operation does.
"""

from __future__ import annotations

from collections.abc import Callable

from bytehouse_emulator.calls.call import Authorize, Call
from bytehouse_emulator.errors import not_found, permission_denied
from bytehouse_emulator.iam.permissions import ACCOUNT, Resource

Find = Callable[[Call], Resource]


def any_role(_: Call) -> None:
    """Let every role call an operation: it needs no permission, or the handler checks its own."""


def requires(action: str, find: Find) -> Authorize:
    """Require the permission for an action on a resource."""

    def authorize(call: Call) -> None:
        call.emulator.permissions.require(call.role, action, find(call))

    return authorize


def account(_: Call) -> Resource:
    """Return the account."""
    return ACCOUNT


def database(call: Call) -> Resource:
    """Return the database that the path names."""
    return call.emulator.permissions.database(call.string("db_name"))


def table(call: Call) -> Resource:
    """Return the table that the path names."""
    return _in_database(call, "table_name")


def materialized_view(call: Call) -> Resource:
    """Return the materialized view that the path names."""
    return _in_database(call, "mv_name")


def dictionary(call: Call) -> Resource:
    """Return the dictionary that the path names."""
    return _in_database(call, "dict_name")


def warehouse(call: Call) -> Resource:
    """Return the virtual warehouse that the path names."""
    found = call.emulator.warehouses.find(call.string("name"))
    if found is None:
        raise not_found("Warehouse", call.string("name"))
    return call.emulator.permissions.warehouse(found.id)


def query_of_same_role(call: Call) -> None:
    """Require the role under which the query was submitted."""
    query = call.emulator.queries.get(call.string("id"))
    _require_same_role(call, "VIEW", query.id, query.role)


def session_of_same_role(call: Call) -> None:
    """Require the role under which the running queries of the session were submitted."""
    session = call.string("X-QuerySession-ID")
    for query in call.emulator.queries.running(session) if session else ():
        _require_same_role(call, "KILL", query.id, query.role)


def own_role(call: Call) -> None:
    """Require `MANAGE ROLES` for any role but the caller's own."""
    if call.string("RoleName") != call.role:
        call.emulator.permissions.require(call.role, "MANAGE ROLES", ACCOUNT)


def query_text(call: Call) -> None:
    """Require what running the query would."""
    call.emulator.admission.authorize_lineage(call.role, call.body.get("query", ""))


def _in_database(call: Call, parameter: str) -> Resource:
    return call.emulator.permissions.table(call.string("db_name"), call.string(parameter))


def _require_same_role(call: Call, action: str, query_id: str, role: str) -> None:
    if role != call.role:
        raise permission_denied(
            f"The role {call.role!r} lacks the permission {action} on QUERY {query_id!r}, which was"
            f" submitted under the role {role!r}."
        )


manage_roles = requires("MANAGE ROLES", account)
manage_loading = requires("MANAGE DATA LOADING", account)
view_usage = requires("VIEW USAGE", account)
show_database = requires("SHOW", database)
show_table = requires("SHOW", table)
