"""Say of every operation which permission it asks for.

What the service asks for is not documented: the whole table is inferred, from the names of the
permissions (see `_access.py`) and from what each operation does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from ._access import ACCOUNT, Resource
from ._call import Call
from ._errors import EmulatorError, not_found
from ._iam import ADMINS

Find = Callable[[Call], Resource]


class Rule(NamedTuple):
    """What an operation asks for: an action on an object, or a check of its own."""

    action: str = ""
    find: Find | None = None
    check: Callable[[Call], None] | None = None


def check(call: Call) -> None:
    """Refuse a call under a role that lacks the permission."""
    if call.role in ADMINS:
        return
    rule = RULES[call.operation]
    if rule.check:
        rule.check(call)
    elif rule.find:
        call.emulator.access.require(call.role, rule.action, rule.find(call))


def _account(_: Call) -> Resource:
    return ACCOUNT


def _database(call: Call) -> Resource:
    return call.emulator.access.database(call.text("db_name"))


def _object(parameter: str) -> Find:
    def find(call: Call) -> Resource:
        return call.emulator.access.table(call.text("db_name"), call.text(parameter))

    return find


def _warehouse(call: Call) -> Resource:
    found = call.emulator.warehouses.find(call.text("name"))
    if found is None:
        raise not_found("Warehouse", call.text("name"))
    return call.emulator.access.warehouse(found.id)


def _own_query(call: Call) -> None:
    query = call.emulator.queries.get(call.text("id"))
    if query.role != call.role:
        raise EmulatorError(
            403,
            "Auth_PermissionDenied",
            f"The role {call.role!r} lacks the permission VIEW on QUERY {query.id!r}, which was"
            f" submitted under the role {query.role!r}.",
        )


def _own_session(call: Call) -> None:
    session = call.text("X-QuerySession-ID")
    for query in call.emulator.queries.running(session) if session else ():
        if query.role != call.role:
            raise EmulatorError(
                403,
                "Auth_PermissionDenied",
                f"The role {call.role!r} lacks the permission KILL on QUERY {query.id!r}, which was"
                f" submitted under the role {query.role!r}.",
            )


def _roles_of_another(call: Call) -> None:
    if call.text("RoleName") != call.role:
        call.emulator.access.require(call.role, "MANAGE ROLES", ACCOUNT)


def _lineage(call: Call) -> None:
    call.emulator.admission.authorize_lineage(call.role, call.body.get("query", ""))


_FREE: Final = Rule()
# The caller's own keys, whatever the role.
_OWN: Final = Rule()
# Each statement asks for something of its own when its turn comes; see `_statements.py`.
_STATEMENTS: Final = Rule()
# Whoever holds a permission with the option may pass it on; the handler sees to that.
_GRANTING: Final = Rule()
_QUERY: Final = Rule(check=_own_query)
_DATABASE: Final = Rule("SHOW", _database)
_TABLE: Final = _object("table_name")
_ROLES: Final = Rule("MANAGE ROLES", _account)
_LOADING: Final = Rule("MANAGE DATA LOADING", _account)
_USAGE: Final = Rule("VIEW USAGE", _account)

RULES: Final[dict[str, Rule]] = {
    "subscribe_metadata": _FREE,
    "unsubscribe_metadata": _FREE,
    "list_databases": Rule("SHOW", _account),
    "create_database": Rule("CREATE DATABASE", _account),
    "delete_database": Rule("DROP", _database),
    "get_database": _DATABASE,
    "list_tables": _DATABASE,
    "create_table": Rule("CREATE", _database),
    "list_tables_and_views": _DATABASE,
    "get_mysql_sync_status": _DATABASE,
    "delete_table": Rule("DROP", _TABLE),
    "update_table": Rule("ALTER", _TABLE),
    "get_table": Rule("SHOW", _TABLE),
    "list_partitions": Rule("SHOW", _TABLE),
    "delete_partitions": Rule("ALTER", _TABLE),
    "get_partition_bounds": Rule("SHOW", _TABLE),
    "list_materialized_views": _DATABASE,
    "get_materialized_view": Rule("SHOW", _object("mv_name")),
    "delete_dictionary": Rule("DROP", _object("dict_name")),
    "get_cluster_status": _FREE,
    "submit_sync_query": _STATEMENTS,
    "abort_sync_query": Rule(check=_own_session),
    "kill_sync_query": _QUERY,
    "submit_async_query": _STATEMENTS,
    "kill_async_query": _QUERY,
    "get_async_query_status": _QUERY,
    "get_async_query_result": _QUERY,
    "get_query_lineage": Rule(check=_lineage),
    "list_dialects": _FREE,
    "create_api_key": _OWN,
    "list_api_keys": _OWN,
    "delete_api_key": _OWN,
    "set_api_key_status": _OWN,
    "extend_api_key_expiry": _OWN,
    "list_roles": _ROLES,
    "list_assignments": _ROLES,
    "assign_role": _ROLES,
    "unassign_role": _ROLES,
    "grant_permission": _GRANTING,
    "revoke_permission": _ROLES,
    "list_permissions": Rule(check=_roles_of_another),
    "get_account_status": _FREE,
    "get_storage_usage": _USAGE,
    "get_warehouse_usage": _USAGE,
    "get_query_statistics": _QUERY,
    "create_connection": _LOADING,
    "list_connections": _LOADING,
    "update_connection": _LOADING,
    "delete_connection": _LOADING,
    "get_connection": _LOADING,
    "create_import_job": _LOADING,
    "list_import_jobs": _LOADING,
    "get_import_job": _LOADING,
    "update_import_job": _LOADING,
    "delete_import_job": _LOADING,
    "rename_import_job": _LOADING,
    "describe_import_job": _LOADING,
    "get_import_job_start_arguments": _LOADING,
    "start_import_job": _LOADING,
    "stop_import_job": _LOADING,
    "list_import_job_executions": _LOADING,
    "list_executions": _LOADING,
    "get_execution": _LOADING,
    "get_execution_logs": _LOADING,
    "get_kafka_history": _LOADING,
    "list_warehouses": Rule("VIEW", _account),
    "create_warehouse": Rule("CREATE VIRTUAL WAREHOUSE", _account),
    "get_warehouse": Rule("VIEW", _warehouse),
    "update_warehouse": Rule("ALL", _warehouse),
    "delete_warehouse": Rule("ALL", _warehouse),
    "list_warehouse_configurations": Rule("VIEW", _account),
}
