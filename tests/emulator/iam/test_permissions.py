"""Roles: their assignments and permissions."""

from __future__ import annotations

from typing import Any

import pytest

from bytehouse_emulator import RunningEmulator
from bytehouse_raw.operations import ROLE_HEADER
from tests.emulator.api import Api
from tests.emulator.conftest import Caller

pytestmark = pytest.mark.usefixtures("fresh")

DENIED = (403, "Auth_PermissionDenied")
USER = 1336688750
_PERIOD = {"startTime": "2021-11-23T09:23:55Z", "endTime": "2021-11-23T09:23:55Z"}
_OF_ADMIN = {
    "RoleName": "SystemAdmin",
    "ByteHouseResourceID": "*",
    "SecureObjectTypeName": "ACCOUNT",
}

UNPERMITTED: list[tuple[str, Any, dict[str, Any]]] = [
    ("list_roles", None, {}),
    ("list_assignments", None, {}),
    ("assign_role", {"UserID": USER, "RoleName": "SystemAdmin"}, {}),
    ("unassign_role", {"UserID": USER, "RoleName": "SystemAdmin"}, {}),
    ("list_permissions", None, {"params": _OF_ADMIN}),
    ("get_storage_usage", None, {"params": _PERIOD}),
    ("get_warehouse_usage", None, {"params": _PERIOD}),
    ("list_connections", None, {}),
    ("list_import_jobs", None, {}),
    ("list_executions", None, {}),
    ("create_warehouse", {"name": "mine", "configID": 123451}, {}),
    ("update_warehouse", {"status": "down"}, {"name": "vw_default"}),
    ("delete_warehouse", None, {"name": "vw_default"}),
    ("delete_dictionary", None, {"db_name": "sales", "dict_name": "words"}),
]

WITHOUT_EFFECT = [
    ({"RoleName": "Nobody"}, (404, "Role_NotFound")),
    ({"RoleName": ""}, (400, "Permission_Invalid")),
    ({"ByteHouseResourceID": "nowhere"}, (404, "Database_NotFound")),
    ({"SecureObjectTypeName": "GALAXY"}, (400, "Permission_Invalid")),
    ({"SecureObjectTypeName": "TABLE"}, (404, "Table_NotFound")),
    ({"ActionName": "DANCE"}, (400, "Permission_Invalid")),
]

# Subqueries that the engine evaluates before it can be asked what the statement reads.
EVALUATED_EARLY = [
    "SELECT (SELECT groupArray(a) FROM sales.refunds)",
    "SELECT arrayMap(x -> x, (SELECT groupArray(a) FROM sales.refunds))",
    "WITH (SELECT groupArray(a) FROM sales.refunds) AS z SELECT z",
    "WITH c AS (SELECT 1 AS a) SELECT (SELECT groupArray(a) FROM c WHERE a IN sales.refunds)",
    "SELECT a FROM sales.orders ORDER BY (SELECT groupArray(a) FROM sales.refunds)[1]",
    "SELECT a FROM sales.orders LIMIT (SELECT max(a) FROM sales.refunds)",
    "SELECT a FROM sales.orders WHERE has((SELECT groupArray(a) FROM sales.refunds), a)",
    "SELECT (SELECT throwIf(max(a) > 0) FROM sales.refunds)",
    "SELECT (SELECT groupArray(number) FROM merge('sales', 'refunds'))",
]

# Statements that read or change more than the table sales.orders.
BEYOND = [
    "INSERT INTO sales.orders SELECT a FROM sales.refunds",
    "INSERT INTO sales.orders VALUES ((SELECT max(a) FROM sales.refunds))",
    "CREATE TABLE sales.copy ENGINE = CnchMergeTree ORDER BY a AS SELECT a FROM sales.refunds",
    "CREATE VIEW sales.peek AS SELECT a FROM sales.refunds",
    "CREATE TABLE sales.copy AS sales.refunds",
    "SELECT * FROM merge('sales', 'refunds')",
    "SELECT * FROM view(SELECT * FROM sales.refunds)",
    "SELECT name FROM system.tables",
    "SELECT * FROM sales.totals",
    "ALTER TABLE sales.orders DELETE WHERE a IN (SELECT a FROM sales.refunds)",
    "ALTER TABLE sales.orders DELETE WHERE a IN sales.refunds",
    "ALTER TABLE sales.orders REPLACE PARTITION tuple() FROM sales.refunds",
    "ALTER TABLE sales.orders MOVE PARTITION tuple() TO TABLE sales.refunds",
    "DESCRIBE (SELECT a FROM sales.refunds)",
    "SELECT hasColumnInTable('sales', 'refunds', 'a')",
    "SELECT * FROM sales.orders SETTINGS additional_result_filter = 'a IN sales.refunds'",
    "RENAME TABLE sales.orders TO sales.other",
    "KILL QUERY WHERE 1",
    "SHOW",
    "CREATE TABLE",
]


def grant(api: Api, kind: str, resource: str, *actions: str, **more: Any) -> None:
    """Grant Analyst actions on an object."""
    for action in actions:
        api.ok("grant_permission", _permission(kind, resource, action, **more))


def _permission(kind: str, resource: str, action: str, **more: Any) -> dict[str, Any]:
    return {
        "RoleName": "Analyst",
        "ByteHouseResourceID": resource,
        "SecureObjectTypeName": kind,
        "ActionName": action,
        **more,
    }


@pytest.fixture
def analyst(caller: Caller) -> Api:
    """Return a caller under a role that was granted nothing."""
    return caller(role="Analyst")


@pytest.fixture
def sales(api: Api, fresh: None) -> str:
    """Create a database with two tables, and return its uuid."""
    del fresh  # it comes first
    uuid: str = api.ok("create_database", {"name": "sales"})["data"]["uuid"]
    for name in ("orders", "refunds"):
        table = f"CREATE TABLE sales.{name} (a Int32) ENGINE = CnchMergeTree ORDER BY a"
        api.results(f"{table}; INSERT INTO sales.{name} VALUES (1), (2)")
    api.results("CREATE VIEW sales.totals AS SELECT sum(a) AS a FROM sales.refunds")
    return uuid


def test_a_role_is_granted_what_it_was_refused(api: Api, analyst: Api, sales: str) -> None:
    """A read is refused by name, works once it is granted, and is refused once it is revoked."""
    assert analyst.refused("SELECT 1") == DENIED
    grant(api, "VIRTUAL_WAREHOUSE", "vw_default", "USE")
    refusal = analyst.submit("SELECT sum(a) FROM sales.orders")
    assert refusal.status_code == 403
    for word in ("Analyst", "SELECT", "sales.orders"):
        assert word in refusal.json()["message"]
    grant(api, "TABLE", "sales.orders", "SELECT")
    assert analyst.rows("SELECT sum(a) FROM sales.orders") == [["3"]]
    assert analyst.refused("SELECT sum(a) FROM sales.refunds") == DENIED
    grant(api, "DATABASE", sales, "SELECT")
    assert analyst.rows("SELECT sum(a) FROM sales.refunds") == [["3"]]
    api.ok("revoke_permission", _permission("DATABASE", sales, "SELECT"))
    assert analyst.refused("SELECT sum(a) FROM sales.refunds") == DENIED
    assert analyst.rows("SELECT count() FROM sales.orders") == [["2"]]


@pytest.mark.parametrize(
    ("action", "statements"),
    [
        (
            "SELECT",
            [
                "SELECT * FROM sales.orders",
                "USE sales; SELECT * FROM orders",
                "SELECT (SELECT max(a) FROM sales.orders)",
                "SELECT 1 WHERE 1 IN (SELECT a FROM sales.orders)",
                "SELECT 1 IN sales.orders",
                "WITH t AS (SELECT * FROM sales.orders) SELECT * FROM t",
                "SELECT * FROM sales.totals",
                "EXPLAIN SELECT * FROM sales.orders",
            ],
        ),
        (
            "SHOW",
            [
                "DESCRIBE TABLE sales.orders",
                "SHOW CREATE TABLE sales.orders",
                "SHOW TABLES FROM sales",
                "EXISTS TABLE sales.orders",
            ],
        ),
        (
            "INSERT",
            [
                "INSERT INTO sales.orders VALUES (3)",
                "INSERT INTO sales.orders SELECT number FROM numbers(3)",
            ],
        ),
        (
            "CREATE",
            [
                "CREATE TABLE sales.new (a Int32) ENGINE = CnchMergeTree ORDER BY a",
            ],
        ),
        (
            "DROP",
            [
                "DROP TABLE sales.orders",
                "DROP DATABASE sales",
            ],
        ),
        (
            "ALTER",
            [
                "ALTER TABLE sales.orders ADD COLUMN b Int32",
                "ALTER TABLE sales.orders DELETE WHERE a IN (1)",
            ],
        ),
        (
            "TRUNCATE",
            [
                "TRUNCATE TABLE sales.orders",
            ],
        ),
        (
            "OPTIMIZE",
            [
                "OPTIMIZE TABLE sales.orders",
            ],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.usefixtures("sales")
def test_a_statement_requires_its_action(
    api: Api, analyst: Api, action: str, statements: list[str]
) -> None:
    """Each kind of statement is refused without its action on the database and runs with it."""
    grant(api, "VIRTUAL_WAREHOUSE", "vw_default", "USE")
    if action != "SHOW":
        others = {"SELECT", "SHOW", "INSERT", "CREATE", "DROP", "ALTER", "TRUNCATE"} - {action}
        grant(api, "DATABASE", "sales", *sorted(others))
    assert [analyst.refused(statement) for statement in statements] == [DENIED] * len(statements)
    grant(api, "DATABASE", "sales", action)
    for statement in statements:
        analyst.results(statement)


@pytest.mark.usefixtures("sales")
def test_a_statement_does_no_more_than_its_role_may(api: Api, analyst: Api) -> None:
    """Whatever reaches beyond the one table of a role is refused and has no effect."""
    grant(api, "VIRTUAL_WAREHOUSE", "vw_default", "USE")
    grant(api, "TABLE", "sales.orders", "ALL")
    grant(api, "DATABASE", "sales", "CREATE")
    statuses = {statement: analyst.refused(statement)[0] for statement in BEYOND}
    assert set(statuses.values()) <= {400, 403, 501}, statuses
    before = [["orders"], ["refunds"], ["totals"]]
    assert api.rows("SELECT name FROM system.tables WHERE database = 'sales'") == before
    assert api.rows("SELECT sum(a) FROM sales.orders") == [["3"]]


@pytest.mark.usefixtures("sales")
def test_a_subquery_is_refused_before_it_runs(api: Api, analyst: Api) -> None:
    """Wherever it stands: neither its rows nor an error of its own reach the role."""
    grant(api, "VIRTUAL_WAREHOUSE", "vw_default", "USE")
    grant(api, "TABLE", "sales.orders", "ALL")
    statuses = {statement: analyst.refused(statement)[0] for statement in EVALUATED_EARLY}
    assert set(statuses.values()) <= {403, 501}, statuses
    grant(api, "TABLE", "sales.refunds", "SELECT")
    assert analyst.rows("SELECT (SELECT count() FROM sales.refunds) >= 0") == [[1]]


@pytest.mark.usefixtures("sales")
def test_lineage_has_the_tables_of_evaluated_subqueries(api: Api) -> None:
    """The engine's own tree of such a statement does not name them."""
    query = {"query": EVALUATED_EARLY[0]}
    [found] = api.ok("get_query_lineage", query)["data"]["tables"]
    assert found["name"] == "refunds"


@pytest.mark.usefixtures("sales")
def test_operations_are_refused_like_statements(api: Api, analyst: Api) -> None:
    """An operation asks for its action on its object; SHOW comes with any other."""
    assert analyst.fails("get_table", db_name="sales", table_name="orders") == DENIED
    assert analyst.fails("delete_table", db_name="sales", table_name="orders") == DENIED
    assert analyst.fails("create_database", {"name": "mine"}) == DENIED
    grant(api, "TABLE", "sales.orders", "DROP")
    analyst.ok("get_table", db_name="sales", table_name="orders")
    assert (
        analyst.fails("update_table", {"dropColumns": ["a"]}, db_name="sales", table_name="orders")
        == DENIED
    )
    analyst.ok("delete_table", db_name="sales", table_name="orders")
    grant(api, "ACCOUNT", "*", "CREATE DATABASE")
    analyst.ok("list_databases")
    analyst.ok("create_database", {"name": "mine"})
    assert analyst.fails("delete_database", db_name="mine") == DENIED


@pytest.mark.usefixtures("sales")
def test_a_list_has_what_the_role_sees(api: Api, analyst: Api) -> None:
    """Nothing at first; a grant on a table shows it and its database, one around it all in it."""

    def seen(operation: str, **others: Any) -> list[str]:
        listed = analyst.ok(operation, **others)
        assert len(listed["data"]) == listed["meta"]["total"]
        return [entry["name"] for entry in listed["data"]]

    of_sales: dict[str, Any] = {"db_name": "sales"}
    api.ok("create_database", {"name": "other"})
    for operation, others in (("list_databases", {}), ("list_tables", of_sales)):
        assert seen(operation, **others) == []
    assert seen("list_warehouses") == []
    assert analyst.fails("list_tables", db_name="nowhere") == (404, "Database_NotFound")
    assert seen("list_warehouse_configurations") != []
    grant(api, "TABLE", "sales.orders", "SELECT")
    grant(api, "VIRTUAL_WAREHOUSE", "vw_default", "USE")
    assert seen("list_databases") == ["sales"]
    assert seen("list_tables_and_views", **of_sales) == ["orders"]
    assert seen("list_warehouses") == ["vw_default"]
    assert analyst.fails("list_partitions", table_name="refunds", **of_sales) == DENIED
    grant(api, "DATABASE", "sales", "SHOW")
    assert seen("list_tables_and_views", **of_sales) == ["orders", "refunds", "totals"]
    grant(api, "ACCOUNT", "*", "SHOW")
    assert seen("list_databases") == ["other", "sales"]


def test_a_permission_is_deleted_with_its_object(api: Api, analyst: Api) -> None:
    """An object of the same name that is created later is another object."""
    for granted in (False, True):
        api.ok("create_database", {"name": "again"})
        assert analyst.fails("get_database", db_name="again") == DENIED
        if not granted:
            grant(api, "DATABASE", "again", "ALL")
            analyst.ok("get_database", db_name="again")
        api.ok("delete_database", db_name="again")
    warehouse = {"name": "mine", "configID": 123451}
    for _ in range(2):
        api.ok("create_warehouse", warehouse)
        assert analyst.fails("get_warehouse", name="mine") == DENIED
        grant(api, "VIRTUAL_WAREHOUSE", "mine", "VIEW")
        analyst.ok("get_warehouse", name="mine")
        api.ok("delete_warehouse", name="mine")


def test_a_role_may_do_nothing_until_it_is_granted_something(analyst: Api) -> None:
    """Every group of operations refuses a role without permissions."""
    for operation, body, others in UNPERMITTED:
        assert analyst.fails(operation, body, **others) == DENIED, operation


def test_the_predefined_roles_may_do_everything(api: Api, caller: Caller) -> None:
    """AccountAdmin and SystemAdmin hold every permission, and none of it can be changed."""
    admin = caller(role="SystemAdmin")
    admin.ok("create_database", {"name": "sales"})
    query = {
        "RoleName": "SystemAdmin",
        "ByteHouseResourceID": "sales",
        "SecureObjectTypeName": "DATABASE",
    }
    listed = admin.ok("list_permissions", params=query)["data"]["permissions"]
    assert {p["ActionName"] for p in listed} >= {"SELECT", "DROP"}
    assert all(p["GrantOption"] for p in listed)
    change = {**query, "ActionName": "SELECT"}
    assert api.fails("grant_permission", change) == (400, "Permission_Invalid")
    assert api.fails("revoke_permission", change) == (400, "Permission_Invalid")


def test_a_permission_is_listed_and_replaced(api: Api, analyst: Api, sales: str) -> None:
    """A second grant changes the option only; a role sees its own permissions."""
    grant(api, "DATABASE", sales, "SELECT")
    grant(api, "DATABASE", "sales", "SELECT", "INSERT", GrantOption=True)
    query = {
        "RoleName": "Analyst",
        "ByteHouseResourceID": sales,
        "SecureObjectTypeName": "DATABASE",
    }
    listed = analyst.ok("list_permissions", params=query)["data"]["permissions"]
    assert [(p["ActionName"], p["GrantOption"]) for p in listed] == [
        ("SELECT", True),
        ("INSERT", True),
    ]
    assert {p["ByteHouseResourceID"] for p in listed} == {sales}


def test_the_grant_option_lets_a_role_pass_on_what_it_holds(
    api: Api, analyst: Api, emulator: RunningEmulator, sales: str
) -> None:
    """With the option a role grants that action on that object, and nothing else."""
    emulator.add_role("Junior")
    wanted = {**_permission("TABLE", "sales.orders", "SELECT"), "RoleName": "Junior"}
    grant(api, "DATABASE", sales, "SELECT")
    assert analyst.fails("grant_permission", wanted) == DENIED
    grant(api, "DATABASE", sales, "SELECT", GrantOption=True)
    analyst.ok("grant_permission", wanted)
    assert analyst.fails("grant_permission", {**wanted, "ActionName": "DROP"}) == DENIED
    assert analyst.fails("revoke_permission", wanted) == DENIED
    grant(api, "ACCOUNT", "*", "MANAGE ROLES")
    analyst.ok("revoke_permission", wanted)


@pytest.mark.usefixtures("sales")
def test_a_grant_that_could_have_no_effect_is_refused(api: Api) -> None:
    """Unknown names are errors."""
    permission = _permission("DATABASE", "sales", "SELECT")
    for change, expected in WITHOUT_EFFECT:
        assert api.fails("grant_permission", permission | change) == expected, change


def test_revoking_what_is_not_there_is_not_found(api: Api) -> None:
    """A second revoke says so."""
    grant(api, "ACCOUNT", "*", "VIEW USAGE")
    permission = _permission("ACCOUNT", "*", "VIEW USAGE")
    api.ok("revoke_permission", permission)
    assert api.fails("revoke_permission", permission) == (404, "Permission_NotFound")


def test_a_user_acts_under_the_roles_he_holds(
    api: Api, caller: Caller, emulator: RunningEmulator
) -> None:
    """A role works while it is assigned; without one nothing does."""
    other = caller(emulator.add_user(USER))
    assert other.fails("list_dialects") == (403, "Role_NotFound")
    assignment = {"UserID": USER, "RoleName": "SystemAdmin"}
    made = api.ok("assign_role", assignment)["data"]
    assert made == api.ok("assign_role", assignment)["data"]
    other.ok("list_databases")
    under = {ROLE_HEADER: "AccountAdmin"}
    assert other.fails("list_databases", headers=under) == (403, "Role_NotFound")
    listed = api.ok("list_assignments", params={"UserID": USER})["data"]["assignments"]
    assert listed == [made]
    api.ok("unassign_role", assignment)
    assert other.fails("list_databases") == (403, "Role_NotFound")
    assert api.fails("unassign_role", assignment) == (404, "Assignment_NotFound")


@pytest.mark.parametrize(
    ("assignment", "answer"),
    [
        ({"UserID": 5, "RoleName": "SystemAdmin"}, (404, "User_NotFound")),
        ({"UserID": USER, "RoleName": "Nobody"}, (404, "Role_NotFound")),
        ({"UserID": USER, "RoleName": "AccountAdmin"}, (400, "Assignment_Invalid")),
        ({"RoleName": "SystemAdmin"}, (400, "Assignment_Invalid")),
        ({"UserID": USER}, (400, "Assignment_Invalid")),
    ],
)
def test_an_assignment_needs_a_user_and_a_role(
    api: Api, emulator: RunningEmulator, assignment: dict[str, Any], answer: tuple[int, str]
) -> None:
    """Both must exist, and AccountAdmin belongs to the account's first user alone."""
    emulator.add_user(USER)
    assert api.fails("assign_role", assignment) == answer


def test_roles_are_listed_under_a_key_with_ids_too_large_for_a_float(api: Api) -> None:
    """The list of roles sits in an object; ids are exact integers beyond 2^53."""
    answer = api.ok("list_roles")
    roles = answer["data"]["roles"]
    assert [role["name"] for role in roles] == ["AccountAdmin", "SystemAdmin", "Analyst"]
    assert answer["meta"] == {"offset": 0, "total": 3}
    assert all(role["id"] > 2**53 and int(float(role["id"])) != role["id"] for role in roles)


def test_a_query_belongs_to_the_role_it_was_submitted_under(api: Api, analyst: Api) -> None:
    """Another role neither sees nor ends it; the predefined roles do."""
    grant(api, "VIRTUAL_WAREHOUSE", "vw_default", "USE")
    body = {"query": "SELECT sleep(3)", "mode": "ansi_sql", "queryID": "admins"}
    headers = {"X-QuerySession-ID": "s"}
    api.ok("submit_async_query", body)
    assert analyst.fails("get_async_query_status", id="admins") == DENIED
    assert analyst.fails("kill_async_query", id="admins") == DENIED
    assert analyst.fails("get_query_statistics", id="admins") == DENIED
    api.ok("kill_async_query", id="admins")
    analyst.results("SELECT 1", queryID="analysts")
    analyst.ok("get_async_query_result", id="analysts")
    api.ok("get_async_query_result", id="analysts")
    analyst.ok("abort_sync_query", headers=headers)


@pytest.mark.usefixtures("sales")
def test_lineage_requires_the_permission_to_read(api: Api, analyst: Api) -> None:
    """The lineage of a query is refused under a role that may not run it."""
    query = {"query": "SELECT * FROM sales.orders"}
    assert analyst.fails("get_query_lineage", query) == DENIED
    grant(api, "TABLE", "sales.orders", "SELECT")
    analyst.ok("get_query_lineage", query)


def test_the_account_is_active_whatever_the_role(api: Api) -> None:
    """Account status takes no role, so one that does not exist is ignored."""
    headers = {ROLE_HEADER: "Nobody"}
    assert api.ok("get_account_status", headers=headers)["data"]["status"] == "ACTIVE"


@pytest.mark.usefixtures("sales")
def test_overwriting_takes_the_right_to_delete(api: Api, analyst: Api) -> None:
    """INSERT alone is not enough for INSERT OVERWRITE."""
    grant(api, "VIRTUAL_WAREHOUSE", "vw_default", "USE")
    grant(api, "TABLE", "sales.orders", "INSERT")
    overwrite = "INSERT OVERWRITE sales.orders VALUES (7)"
    assert analyst.refused(overwrite) == DENIED
    grant(api, "TABLE", "sales.orders", "TRUNCATE")
    analyst.results(overwrite)
    assert api.rows("SELECT a FROM sales.orders") == [[7]]
    reading = "INSERT OVERWRITE sales.orders SELECT a FROM sales.refunds"
    assert analyst.refused(reading) == DENIED
