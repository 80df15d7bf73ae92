"""Virtual warehouses: created, suspended, resumed by a query."""

from __future__ import annotations

from typing import Any

import pytest

from bytehouse_emulator import RunningEmulator
from tests.emulator.api import Api
from tests.emulator.conftest import Caller

pytestmark = pytest.mark.usefixtures("fresh")

XS, XL = 123451, 123455


def create(api: Api, name: str = "etl", **body: Any) -> str:
    """Create a warehouse and return its id."""
    found: str = api.ok("create_warehouse", {"name": name, "configID": XS, **body})["vwID"]
    return found


def status(api: Api, name: str = "etl") -> str:
    """Return the status of a warehouse."""
    found: str = api.ok("get_warehouse", name=name)["status"]
    return found


def test_a_warehouse_is_created_and_changed(api: Api) -> None:
    """The response is flat, a null leaves a field unchanged, and the others are as requested."""
    vw = create(api, autoSuspend=5, autoResume=True, description="loads")
    made = api.ok("get_warehouse", name="etl")
    assert made["message"] == "Success"
    assert (made["id"], made["configID"], made["status"]) == (vw, XS, "up")
    change = {"description": None, "configID": XL, "autoResume": False}
    api.ok("update_warehouse", change, name="etl")
    changed = api.ok("get_warehouse", name="etl")
    assert (changed["description"], changed["configID"]) == ("loads", XL)
    assert (changed["autoSuspend"], changed["autoResume"]) == (5, False)
    assert changed["createdAt"] == made["createdAt"] <= changed["lastModifiedAt"]
    api.ok("delete_warehouse", name="etl")
    assert api.fails("get_warehouse", name="etl") == (404, "Warehouse_NotFound")


@pytest.mark.parametrize("name", ["", "Etl", "9etl", "etl_", "e" * 32, "e-tl", "e tl"])
def test_a_name_follows_the_documented_rules(api: Api, name: str) -> None:
    """Lower-case letters, digits and `_`, from a letter to no `_`, below 32 characters."""
    body = {"name": name, "configID": XS}
    assert api.fails("create_warehouse", body) == (400, "Request_Invalid")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"configID": 0}, "Request_Invalid"),
        ({"configID": 7}, "Warehouse_Invalid"),
        ({"configID": XS, "autoSuspend": -1}, "Request_Invalid"),
        ({"configID": XS, "status": "paused"}, "Warehouse_Invalid"),
    ],
)
def test_invalid_settings_are_refused(api: Api, body: dict[str, Any], code: str) -> None:
    """A warehouse has one of the configurations; a refused one leaves nothing behind."""
    assert api.fails("create_warehouse", {"name": "etl", **body}) == (400, code)
    assert api.call("get_warehouse", name="etl").status_code == 404


def test_two_warehouses_cannot_have_one_name(api: Api) -> None:
    """The second is a conflict."""
    create(api)
    body = {"name": "etl", "configID": XS}
    assert api.fails("create_warehouse", body) == (400, "Warehouse_AlreadyExists")


def test_lists_are_capped_silently(api: Api) -> None:
    """Ten without a limit, and a hundred whatever the limit."""
    for number in range(105):
        create(api, f"vw{number}", status="down")
    total = 106  # with the one that is there from the start
    for limit, length in ((None, 10), (3, 3), (0, 0), (120, 100)):
        answer = api.ok("list_warehouses", params={} if limit is None else {"limit": limit})
        assert len(answer["data"]) == length
        assert answer["meta"] == {"offset": 0, "total": total}
    assert len(api.ok("list_warehouses", params={"limit": 120, "offset": 100})["data"]) == 6
    assert api.fails("list_warehouses", params={"limit": -1}) == (400, "Parameter_Invalid")
    sizes = [entry["size"] for entry in api.ok("list_warehouse_configurations")["data"]]
    assert sizes == ["XS", "S", "M", "L", "XL"]


def test_a_query_resumes_a_suspended_warehouse(api: Api) -> None:
    """Suspended by an update, it is up again after the query."""
    vw = create(api, autoResume=True)
    api.ok("update_warehouse", {"status": "down"}, name="etl")
    assert status(api) == "down"
    assert api.rows("SELECT 1", vwID=vw) == [[1]]
    assert status(api) == "up"


def test_a_query_is_refused_where_nothing_resumes(api: Api) -> None:
    """Without autoResume the refusal says what to do, and doing it helps."""
    vw = create(api, status="down")
    refusal = api.submit("SELECT 1", vwID=vw)
    assert refusal.status_code == 422
    assert refusal.json()["error"]["code"] == "errbook_Warehouse_Suspended"
    assert "autoResume" in refusal.json()["message"]
    api.ok("update_warehouse", {"status": "up"}, name="etl")
    assert api.rows("SELECT 1", vwID=vw) == [[1]]


def test_a_refused_query_leaves_its_id_free(api: Api) -> None:
    """A query that never ran can be submitted again under its id."""
    vw = create(api, status="down")
    assert api.refused("SELECT 1", vwID=vw, queryID="once") == (422, "Warehouse_Suspended")
    api.ok("update_warehouse", {"status": "up"}, name="etl")
    assert api.rows("SELECT 1", vwID=vw, queryID="once") == [[1]]


def test_a_warehouse_that_does_not_exist_runs_nothing(api: Api) -> None:
    """A name is no id, and an id of nothing is refused."""
    create(api)
    for vw in ("etl", "vw-1-etl", "nothing"):
        assert api.refused("SELECT 1", vwID=vw) == (404, "Warehouse_NotFound")


def test_queries_that_name_no_warehouse_have_one(api: Api) -> None:
    """It is there from the start, resumes by itself, and stays."""
    assert status(api, "vw_default") == "up"
    api.ok("update_warehouse", {"status": "down"}, name="vw_default")
    assert api.rows("SELECT 1") == [[1]]
    assert status(api, "vw_default") == "up"
    assert api.fails("delete_warehouse", name="vw_default") == (422, "Warehouse_IllegalState")


def test_an_idle_warehouse_suspends_itself(api: Api, emulator: RunningEmulator) -> None:
    """After its minutes without a query; one query begins them anew, and 0 means never."""
    vw = create(api, autoSuspend=5)
    create(api, "always")
    emulator.advance_clock(4 * 60)
    assert status(api) == "up"
    api.rows("SELECT 1", vwID=vw)
    emulator.advance_clock(4 * 60)
    assert status(api) == "up"
    emulator.advance_clock(60)
    assert status(api) == "down"
    emulator.advance_clock(10**6)
    assert status(api, "always") == "up"


def test_a_warehouse_with_a_running_query_is_not_idle(api: Api, emulator: RunningEmulator) -> None:
    """While a query runs it stays up, and an update to suspend it waits for the query."""
    vw = create(api, autoSuspend=1)
    body = {"query": "SELECT sleep(3) FROM numbers(9)", "mode": "ansi_sql", "queryID": "long"}
    api.ok("submit_async_query", {**body, "vwID": vw})
    api.wait_for("long", "Running")
    emulator.advance_clock(3600)
    assert status(api) == "up"
    api.ok("update_warehouse", {"status": "down"}, name="etl")
    assert status(api) == "suspending"
    api.ok("kill_async_query", id="long")
    assert status(api) == "down"


def test_a_start_takes_as_many_polls_as_configured(api: Api, emulator: RunningEmulator) -> None:
    """With `polls` so many reads return the status in between."""
    emulator.transitions("polls", polls=2)
    create(api)
    assert [status(api) for _ in range(3)] == ["starting", "starting", "up"]
    api.ok("update_warehouse", {"status": "down"}, name="etl")
    assert [status(api) for _ in range(3)] == ["suspending", "suspending", "down"]


def test_a_start_waits_for_a_step(api: Api, emulator: RunningEmulator) -> None:
    """With `manual` the status stays until a step, and a query waits for it."""
    vw = create(api, autoResume=True, status="down")
    emulator.transitions("manual")
    body = {"query": "SELECT 7", "mode": "ansi_sql", "queryID": "waits", "vwID": vw}
    api.ok("submit_async_query", body)
    assert [status(api) for _ in range(5)] == ["starting"] * 5
    assert api.status("waits") == "NotStarted"
    assert emulator.step("warehouse", "etl") == 1
    assert api.wait_for("waits", "Finished", "Failed") == "Finished"
    assert api.ok("get_async_query_result", id="waits")["data"][0]["rows"] == [[7]]
    assert status(api) == "up"


def test_a_query_that_waits_for_its_warehouse_can_be_killed(
    api: Api, emulator: RunningEmulator
) -> None:
    """It ends as killed, and the warehouse still starts."""
    emulator.transitions("manual")
    vw = create(api)
    body = {"query": "SELECT 1", "mode": "ansi_sql", "queryID": "waits", "vwID": vw}
    api.ok("submit_async_query", body)
    api.ok("kill_async_query", id="waits")
    assert api.wait_for("waits", "Killed") == "Killed"
    assert status(api) == "starting"


def test_a_limited_role_needs_the_warehouse(api: Api, caller: Caller) -> None:
    """USE lets a role run queries there and see it, but not suspend it."""
    vw, analyst = create(api), caller(role="Analyst")
    assert analyst.refused("SELECT 1", vwID=vw) == (403, "Auth_PermissionDenied")
    permission = {
        "RoleName": "Analyst",
        "ByteHouseResourceID": vw,
        "SecureObjectTypeName": "VIRTUAL_WAREHOUSE",
        "ActionName": "USE",
    }
    api.ok("grant_permission", permission)
    assert analyst.rows("SELECT 1", vwID=vw) == [[1]]
    analyst.ok("get_warehouse", name="etl")
    change = {"status": "down"}
    assert analyst.fails("update_warehouse", change, name="etl") == (403, "Auth_PermissionDenied")
    assert analyst.refused("SELECT 1") == (403, "Auth_PermissionDenied")
