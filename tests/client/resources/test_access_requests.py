"""Each method sends what its operation takes, and returns what its response holds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bytehouse import ByteHouse, InvalidArgument, ResponseDecodeError
from bytehouse_raw.models import (
    AccountStatus,
    ApiKey,
    ClusterStatus,
    Permission,
    QueryStatistics,
    Role,
    RoleAssignment,
    StorageUsage,
    Table,
    WarehouseUsage,
)
from bytehouse_raw.operations import ROLE_HEADER
from bytehouse_raw.types import Model
from tests.support.cases import cases
from tests.support.flavours import KEY
from tests.support.server import Reply, ScriptedServer, data
from tests.support.wire import asked, request_line

Call = Callable[[ByteHouse], Any]
START = "2021-11-23T09:23:55.840932013Z"
END = "2021-11-24T09:23:55Z"
WINDOW = "startTime=2021-11-23T09%3A23%3A55.840932013Z&endTime=2021-11-24T09%3A23%3A55Z"
LAST_DAY = "startTime=2023-11-13T22%3A13%3A20Z&endTime=2023-11-14T22%3A13%3A20Z"
GRANT = {
    "RoleName": "analyst", "ByteHouseResourceID": "r-1", "SecureObjectTypeName": "TABLE",
    "ActionName": "SELECT",
}  # fmt: skip
ASSIGNMENT = {"UserID": 2**60, "RoleName": "SystemAdmin"}
PERMISSIONS = "RoleName=analyst&ByteHouseResourceID=r-1&SecureObjectTypeName=TABLE"

# Call, request line, body.
SENT: list[tuple[Call, str, Any]] = [
    (
        lambda bh: bh.views.list("d/b", filter="v%").all(),
        request_line("list_tables_and_views", "filter=v%25&limit=100&offset=0", db_name="d/b"),
        None,
    ),
    (
        lambda bh: bh.views.materialized("db", limit=3).all(),
        request_line("list_materialized_views", "limit=3&offset=0", db_name="db"),
        None,
    ),
    (
        lambda bh: bh.views.get_materialized("db", "m v"),
        request_line("get_materialized_view", db_name="db", mv_name="m v"),
        None,
    ),
    (
        lambda bh: bh.dictionaries.delete("db", "dict"),
        request_line("delete_dictionary", db_name="db", dict_name="dict"),
        None,
    ),
    (
        lambda bh: bh.api_keys.create(expires_in="90d", comment="ci"),
        request_line("create_api_key"),
        {"noExpiry": False, "expiryInDays": 90, "comment": "ci"},
    ),
    (
        lambda bh: bh.api_keys.create(expires_in=timedelta(weeks=1)),
        request_line("create_api_key"),
        {"noExpiry": False, "expiryInDays": 7},
    ),
    (
        lambda bh: bh.api_keys.create(no_expiry=True),
        request_line("create_api_key"),
        {"noExpiry": True},
    ),
    (lambda bh: bh.api_keys.list().all(), request_line("list_api_keys"), None),
    (lambda bh: bh.api_keys.delete("k/1"), request_line("delete_api_key", api_key_id="k/1"), None),
    (
        lambda bh: bh.api_keys.set_status("k1", "DISABLED"),
        request_line("set_api_key_status", api_key_id="k1"),
        {"status": "DISABLED"},
    ),
    (
        lambda bh: bh.api_keys.enable("k1"),
        request_line("set_api_key_status", api_key_id="k1"),
        {"status": "ENABLED"},
    ),
    (
        lambda bh: bh.api_keys.disable("k1"),
        request_line("set_api_key_status", api_key_id="k1"),
        {"status": "DISABLED"},
    ),
    (
        lambda bh: bh.api_keys.extend("k1", "4w"),
        request_line("extend_api_key_expiry", api_key_id="k1"),
        {"addExpiryInDays": 28},
    ),
    (lambda bh: bh.roles.list().all(), request_line("list_roles"), None),
    (lambda bh: bh.assignments.list().all(), request_line("list_assignments"), None),
    (
        lambda bh: bh.assignments.list(user_id=2**60).all(),
        request_line("list_assignments", "UserID=1152921504606846976"),
        None,
    ),
    (
        lambda bh: bh.assignments.assign(2**60, "SystemAdmin"),
        request_line("assign_role"),
        ASSIGNMENT,
    ),
    (
        lambda bh: bh.assignments.unassign(2**60, "SystemAdmin"),
        request_line("unassign_role"),
        ASSIGNMENT,
    ),
    (
        lambda bh: bh.permissions.list("analyst", on="r-1", kind="TABLE").all(),
        request_line("list_permissions", PERMISSIONS),
        None,
    ),
    (
        lambda bh: bh.permissions.grant(
            "analyst", "SELECT", on="r-1", kind="TABLE", grant_option=True
        ),
        request_line("grant_permission"),
        {**GRANT, "GrantOption": True},
    ),
    (
        lambda bh: bh.permissions.grant("analyst", "SELECT", on="r-1", kind="TABLE"),
        request_line("grant_permission"),
        {**GRANT, "GrantOption": False},
    ),
    (
        lambda bh: bh.permissions.revoke("analyst", "SELECT", on="r-1", kind="TABLE"),
        request_line("revoke_permission"),
        GRANT,
    ),
    (lambda bh: bh.account.status(), request_line("get_account_status"), None),
    (
        lambda bh: bh.usage.storage(START, END, database="db"),
        request_line("get_storage_usage", f"{WINDOW}&dbName=db"),
        None,
    ),
    (
        lambda bh: bh.usage.warehouse(START, END, warehouse="etl"),
        request_line("get_warehouse_usage", f"{WINDOW}&vwName=etl"),
        None,
    ),
    (lambda bh: bh.usage.storage("1d"), request_line("get_storage_usage", LAST_DAY), None),
    (lambda bh: bh.statistics.query("q-1"), request_line("get_query_statistics", id="q-1"), None),
    (
        lambda bh: bh.tables.cluster_status("db", "t"),
        request_line("get_cluster_status", db_name="db", table_name="t"),
        None,
    ),
    (lambda bh: bh.metadata.subscribe(7, 2**60, "jwt"), request_line("subscribe_metadata"), None),
    (
        lambda bh: bh.metadata.unsubscribe("7", "8", "jwt"),
        request_line("unsubscribe_metadata"),
        None,
    ),
]
WITHOUT_ROLE = {
    "get_cluster_status",
    "subscribe_metadata",
    "unsubscribe_metadata",
    "get_account_status",
}


@cases(("call", "line", "body"), SENT)
def test_a_method_sends_what_its_operation_takes(
    bh: ByteHouse, server: ScriptedServer, call: Call, line: str, body: Any
) -> None:
    """One request is sent, with method, path, query, body and key, and a role if it takes one."""
    operation, _ = asked(*line.split(" ", 1))
    plural = operation.startswith("list_")
    server.script(data([] if plural else {"id": "k9", "apiKey": "hush"}))
    call(bh.with_options(role="Auditor"))
    [seen] = server.seen
    assert seen.line == line
    assert (seen.json if seen.body else None) == body
    assert seen.header("Authorization") == f"Bearer {KEY}"
    takes_role = operation not in WITHOUT_ROLE
    assert seen.header(ROLE_HEADER) == ("Auditor" if takes_role else None)


def test_the_acting_role_is_not_the_role_that_is_assigned(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """`role` of a call goes into the header, `role_name` into the body."""
    server.script(data({}))
    bh.assignments.assign(1, "Analyst", role="SystemAdmin")
    [seen] = server.seen
    assert seen.header(ROLE_HEADER) == "SystemAdmin"
    assert seen.json["RoleName"] == "Analyst"


def test_a_subscription_sends_account_user_and_token_in_headers(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """The three headers have the values as they are, the token in plain text."""
    server.script(Reply(body={"message": "Success"}))
    bh.metadata.subscribe(7, "u-8", "eyJ.hush.hush")
    [seen] = server.seen
    names = ("X-Account-ID", "X-User-ID", "X-Bytehouse-Token")
    assert [seen.header(name) for name in names] == ["7", "u-8", "eyJ.hush.hush"]


RETURNED: list[tuple[Call, Any, type[Model]]] = [
    (lambda bh: bh.views.list("db").first(), [{"name": "v", "type": "VIEW", "new": 1}], Table),
    (lambda bh: bh.views.materialized("db").first(), [{"name": "v", "new": 1}], Table),
    (lambda bh: bh.views.get_materialized("db", "v"), {"name": "v", "new": 1}, Table),
    (lambda bh: bh.api_keys.list()[0], [{"id": "k1", "new": 1}], ApiKey),
    (lambda bh: bh.roles.list()[0], {"roles": [{"name": "r", "new": 1}]}, Role),
    (lambda bh: bh.roles.list()[0], {"total": 1, "items": [{"name": "r", "new": 1}]}, Role),
    (lambda bh: bh.assignments.list()[0], {"assignments": [{"UserID": 1, "new": 1}]},
     RoleAssignment),
    (lambda bh: bh.assignments.assign(1, "r"), {"UserID": 1, "new": 1}, RoleAssignment),
    (lambda bh: bh.assignments.unassign(1, "r"), {"UserID": 1, "new": 1}, RoleAssignment),
    (lambda bh: bh.permissions.list("r", on="i", kind="t")[0],
     {"permissions": [{"ActionName": "SELECT", "new": 1}]}, Permission),
    (lambda bh: bh.permissions.grant("r", "a", on="i", kind="t"), {"RoleName": "r", "new": 1},
     Permission),
    (lambda bh: bh.account.status(), {"status": "NORMAL", "new": 1}, AccountStatus),
    (lambda bh: bh.usage.storage("1d").responses[0], {"new": 1}, StorageUsage),
    (lambda bh: bh.usage.warehouse("1d").responses[0], {"new": 1}, WarehouseUsage),
    (lambda bh: bh.statistics.query("q"), {"new": 1}, QueryStatistics),
    (lambda bh: bh.tables.cluster_status("d", "t"), {"cluster_progress": 0.5, "new": 1},
     ClusterStatus),
]  # fmt: skip


@cases(("call", "response", "kind"), RETURNED)
def test_a_method_returns_a_model_that_keeps_unknown_fields(
    bh: ByteHouse, server: ScriptedServer, call: Call, response: Any, kind: type[Model]
) -> None:
    """The result is the operation's model; a field that the specification lacks is kept."""
    server.script(data(response, message="Success", error={}))
    result = call(bh)
    assert type(result) is kind
    assert result["new"] == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda bh: bh.dictionaries.delete("db", "d"),
        lambda bh: bh.api_keys.delete("k"),
        lambda bh: bh.api_keys.enable("k"),
        lambda bh: bh.api_keys.extend("k", 1),
        lambda bh: bh.permissions.revoke("r", "a", on="i", kind="t"),
        lambda bh: bh.metadata.subscribe(1, 2, "jwt"),
    ],
)
def test_a_method_without_a_result_returns_none(
    bh: ByteHouse, server: ScriptedServer, call: Call
) -> None:
    """A response that only reports success is not a result."""
    server.script(Reply(body={"message": "Success", "error": {}}))
    assert call(bh) is None


@cases(
    "call",
    [
        lambda bh: bh.views.get_materialized("db", ""),
        lambda bh: bh.views.list("").all(),
        lambda bh: bh.dictionaries.delete("db", ".."),
        lambda bh: bh.api_keys.create(),
        lambda bh: bh.api_keys.create(expires_in=1, no_expiry=True),
        lambda bh: bh.api_keys.create(expires_in="36h"),
        lambda bh: bh.api_keys.create(expires_in=0),
        lambda bh: bh.api_keys.create(no_expiry=True, comment=5),
        lambda bh: bh.api_keys.delete(None),
        lambda bh: bh.api_keys.set_status("k", "PAUSED"),
        lambda bh: bh.api_keys.extend("k", "1h"),
        lambda bh: bh.api_keys.expiring("soon"),
        lambda bh: bh.api_keys.rotate(store=print),
        lambda bh: bh.api_keys.rotate(store=None, expires_in=1),
        lambda bh: bh.assignments.list(user_id="me").all(),
        lambda bh: bh.assignments.assign(True, "r"),
        lambda bh: bh.assignments.assign(1, ""),
        lambda bh: bh.assignments.unassign(-1, "r"),
        lambda bh: bh.permissions.list("r", on="", kind="t").all(),
        lambda bh: bh.permissions.grant("r", " ", on="i", kind="t"),
        lambda bh: bh.permissions.grant("r", "a", on="i", kind="t", grant_option="no"),
        lambda bh: bh.permissions.revoke("", "a", on="i", kind="t"),
        lambda bh: bh.usage.storage(datetime(2021, 1, 1)),
        lambda bh: bh.usage.storage("1d", database=""),
        lambda bh: bh.usage.warehouse("1d", "2d"),
        lambda bh: bh.statistics.query(""),
        lambda bh: bh.tables.cluster_status("db", "."),
        lambda bh: bh.metadata.subscribe("", 1, "jwt"),
        lambda bh: bh.metadata.subscribe(1, "a\nb", "jwt"),
        lambda bh: bh.metadata.subscribe(1, 1, "two words"),
        lambda bh: bh.metadata.unsubscribe(1, True, "jwt"),
        lambda bh: bh.metadata.unsubscribe(1, 1, None),
    ],
)
def test_an_invalid_argument_is_refused_before_anything_is_sent(
    bh: ByteHouse, server: ScriptedServer, call: Call
) -> None:
    """A wrong argument raises InvalidArgument, and no request goes out."""
    with pytest.raises(InvalidArgument):
        call(bh)
    assert server.seen == []


@pytest.mark.parametrize("empty", [{}, {"roles": None}, {"roles": []}, {"total": 0}, None, []])
def test_every_form_of_no_entries_is_an_empty_list(
    bh: ByteHouse, server: ScriptedServer, empty: Any
) -> None:
    """Null, missing and empty."""
    server.script(data(empty))
    assert bh.roles.list().all() == []


def test_the_expected_key_precedes_other_lists(bh: ByteHouse, server: ScriptedServer) -> None:
    """Where the list is under the likely key, other lists beside it are ignored."""
    server.script(data({"users": [1], "roles": [{"name": "r"}]}))
    assert [role.name for role in bh.roles.list()] == ["r"]


@pytest.mark.parametrize("unclear", [{"a": [1], "b": []}, {"result": {"roles": []}}, "roles", 5])
def test_an_unclear_list_is_an_error_and_not_an_empty_list(
    bh: ByteHouse, server: ScriptedServer, unclear: Any
) -> None:
    """A response that does not hold exactly one list is refused."""
    server.script(data(unclear))
    with pytest.raises(ResponseDecodeError, match="list_roles") as caught:
        bh.roles.list().all()
    assert caught.value.raw_response is not None


def test_expiring_keys_are_sorted_and_complete(bh: ByteHouse, server: ScriptedServer) -> None:
    """Keys that expire within the time, have expired, or have no date; not those without expiry."""
    now = datetime.fromtimestamp(bh._clock.now(), UTC)

    def key(name: str, **more: Any) -> dict[str, Any]:
        return {"id": name, **more}

    def at(days: int) -> str:
        return (now + timedelta(days=days)).isoformat()

    server.script(
        data([
            key("in 14 days", expiresAt=at(14)), key("in 15 days", expiresAt=at(15)),
            key("odd", expiresAt="soon"), key("past", expiresAt=at(-1)), key("silent"),
            key("for good", noExpiry=True), key("odd, for good", noExpiry=True, expiresAt=at(0)),
        ])
    )  # fmt: skip
    assert [key.id for key in bh.api_keys.expiring()] == ["past", "in 14 days", "odd", "silent"]
    assert len(bh.api_keys.expiring(timedelta(days=15))) == 5
    assert len(bh.api_keys.expiring("100000w")) == 5
