"""Virtual warehouses: pages, changing their state, and `ensure`."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bytehouse import (
    ByteHouse,
    InvalidArgument,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
)
from tests.support.flavours import FakeClock
from tests.support.server import CLOSED, Reply, ScriptedServer, Seen, data
from tests.support.wire import request_line

MISSING = Reply(404, {"message": "no", "error": {"code": "errbook_VW_NotFound", "message": "no"}})
DONE = Reply(body={"message": "Success", "error": {}})
CREATED = Reply(body={"name": "etl", "vwID": "vw-1", "message": "Success", "error": {}})


def live(**changes: Any) -> Reply:
    """Return the response with the warehouse."""
    warehouse = {"name": "etl", "id": "vw-1", "configID": 7, "status": "up", "autoSuspend": 5}
    return Reply(body={**warehouse, "message": "Success", "error": {}, **changes})


@pytest.mark.parametrize("meta", ["total", "no total"])
def test_250_warehouses_are_listed_once_with_every_page_size(
    bh: ByteHouse, server: ScriptedServer, meta: str
) -> None:
    """The service reduces a limit above 100, and nothing is skipped or repeated."""
    whole = [{"name": f"w{number}"} for number in range(250)]

    def page(seen: Seen) -> Reply:
        query = {key: int(*value) for key, value in parse_qs(urlsplit(seen.target).query).items()}
        begins = query["offset"]
        rows = whole[begins : begins + min(query["limit"], 100)]
        return data(rows, meta={"total": len(whole)} if meta == "total" else {})

    server.handler = page
    for size in (7, 99, 100, 101, 120):
        found = [each.name for each in bh.warehouses.list(page_size=size).all()]
        assert found == [each["name"] for each in whole]


@pytest.mark.parametrize(("verb", "target"), [("resume", "up"), ("suspend", "down")])
def test_resume_and_suspend_wait_only_if_asked(
    bh: ByteHouse, server: ScriptedServer, clock: FakeClock, verb: str, target: str
) -> None:
    """Without waiting there is one request; with it, as many as it takes."""
    server.script(DONE)
    getattr(bh.warehouses, verb)("etl")
    assert [(seen.line, seen.json) for seen in server.seen] == [
        (request_line("update_warehouse", name="etl"), {"status": target})
    ]
    server.script(DONE, live(status="On its way"), live(status=None), live(status=target.upper()))
    getattr(bh.warehouses, verb)("etl", wait=True)
    assert server.lines == [
        request_line("update_warehouse", name="etl"),
        *[request_line("get_warehouse", name="etl")] * 3,
    ]
    assert len(clock.slept) == 2


def test_ensure_creates_what_is_missing(bh: ByteHouse, server: ScriptedServer) -> None:
    """A warehouse that the service does not know is created as asked, once."""
    server.script(MISSING, CREATED, MISSING, live(status="starting"))
    done = bh.warehouses.ensure("etl", config_id=7, auto_suspend="5m", status="up")
    assert (done.created, done.updated, done.differences) == (True, (), ())
    assert done.actual.id == "vw-1"
    assert server.operations == ["get_warehouse", "create_warehouse", *["get_warehouse"] * 2]
    assert server.seen[1].json == {
        "name": "etl",
        "configID": 7,
        "status": "up",
        "autoSuspend": 5,
    }


def test_ensure_leaves_alone_what_is_as_asked(bh: ByteHouse, server: ScriptedServer) -> None:
    """One read is all; what is not given does not count, nor does a default not returned."""
    server.script(live(description=None, autoResume=None))
    done = bh.warehouses.ensure("etl", config_id=7, auto_resume=False, description="", update=True)
    assert (done.created, done.updated, done.differences) == (False, (), ())
    assert server.lines == [request_line("get_warehouse", name="etl")]


def test_ensure_says_what_differs_and_changes_nothing_unasked(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """Each difference has a name, the actual and the wanted value; only a read was sent."""
    server.script(live(status="suspending"))
    done = bh.warehouses.ensure("etl", config_id=8, auto_suspend=5, status="up")
    assert [(each.name, each.actual, each.wanted) for each in done.differences] == [
        ("config_id", 7, 8),
        ("status", "suspending", "up"),
    ]
    assert str(done.differences[0]) == "config_id is 7, wanted 8"
    assert server.lines == [request_line("get_warehouse", name="etl")]


def test_ensure_changes_what_differs_and_no_more_if_asked(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """A second read separates what was changed from what still differs."""
    server.script(live(), DONE, live(configID=8))
    done = bh.warehouses.ensure("etl", config_id=8, auto_suspend=9, update=True)
    assert [each.name for each in done.updated] == ["config_id", "auto_suspend"]
    assert [each.name for each in done.differences] == ["auto_suspend"]
    assert server.seen[1].line == request_line("update_warehouse", name="etl")
    assert server.seen[1].json == {"configID": 8, "autoSuspend": 9}


@pytest.mark.parametrize(
    "elsewhere",
    [
        Reply(404, "404 page not found\n"),
        Reply(404, "<html><h1>Not Found</h1></html>"),
        Reply(404, {"message": "no Route matched with those values"}),
        Reply(404),
    ],
    ids=lambda reply: repr(reply.body)[:20],
)
def test_ensure_creates_nothing_for_a_path_that_is_not_the_services(
    bh: ByteHouse, server: ScriptedServer, elsewhere: Reply
) -> None:
    """A 404 that is not of the service itself does not prove that a warehouse is missing."""
    server.script(elsewhere)
    with pytest.raises(NotFound, match="routes=") as raised:
        bh.warehouses.ensure("etl", config_id=7)
    assert not raised.value.by_service
    assert server.lines == [request_line("get_warehouse", name="etl")]


def test_ensure_accepts_that_another_process_created_it(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """A warehouse created between the read and the creation is compared like any other."""
    conflict = Reply(409, {"error": {"code": "errbook_VW_Exists", "message": "it exists"}})
    server.script(MISSING, conflict, live(configID=9))
    done = bh.warehouses.ensure("etl", config_id=7)
    assert not done.created
    assert [each.name for each in done.differences] == ["config_id"]


def test_ensure_resolves_a_lost_response_by_reading(bh: ByteHouse, server: ScriptedServer) -> None:
    """After a creation whose response was lost, the warehouse is read."""
    server.script(MISSING, CLOSED, live())
    done = bh.warehouses.ensure("etl", config_id=7)
    assert done.created
    assert server.operations == ["get_warehouse", "create_warehouse", *["get_warehouse"] * 2]
    server.handler = lambda seen: MISSING if seen.operation == "get_warehouse" else CLOSED
    with pytest.raises(OutcomeUnknown):
        bh.warehouses.ensure("etl", config_id=7, max_retries=0)


def test_ensure_raises_a_refusal(bh: ByteHouse, server: ScriptedServer) -> None:
    """A creation that the service refuses is an error like any other."""
    server.script(MISSING, Reply(400, {"error": {"code": "errbook_VW_Quota", "message": "full"}}))
    with pytest.raises(InvalidRequest, match="full"):
        bh.warehouses.ensure("etl", config_id=7)


LISTED = data([{"name": "etl", "id": "vw-1"}, {"name": "bi", "id": "vw-2"}], meta={"total": 2})


def test_a_query_names_a_warehouse_by_name_or_id(
    bh: ByteHouse, server: ScriptedServer, clock: FakeClock
) -> None:
    """The id of a name is listed once in five minutes, for all views; an id is sent as it is."""
    server.handler = lambda seen: LISTED if seen.operation == "list_warehouses" else data([])
    bh.queries.execute("SELECT 1", warehouse="vw-9")
    view = bh.with_options(warehouse="bi")
    view.queries.execute("SELECT 1")
    view.query("SELECT 1", warehouse="etl").close()
    bh.queries.submit("SELECT 1", warehouse="etl")
    bh.session().execute("SELECT 1", warehouse="bi")
    sent = [seen.json["vwID"] for seen in server.seen if seen.method == "POST"]
    assert sent == ["vw-9", "vw-2", "vw-1", "vw-1", "vw-2"]
    assert server.operations.count("list_warehouses") == 1
    clock.sleep(301)
    view.queries.execute("SELECT 1")
    assert server.operations.count("list_warehouses") == 2


def test_a_warehouse_that_does_not_exist_is_refused_with_those_that_do(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """Before the statement is sent; one that has been created since is found."""
    server.script(LISTED)
    with pytest.raises(InvalidArgument, match=r"'elt'.*There are: bi, etl"):
        bh.query("SELECT 1", warehouse="elt")
    assert server.operations == ["list_warehouses"]
    entries = [{"name": "elt", "id": "vw-3"}]
    server.script(data(entries, meta={"total": 1}), data([]))
    bh.queries.execute("SELECT 1", warehouse="elt")
    assert server.seen[-1].json["vwID"] == "vw-3"


def test_a_list_that_is_refused_says_why_it_was_needed(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """A role that may not list warehouses can name them by id."""
    server.script(Reply(403, {"message": "no"}))
    with pytest.raises(PermissionDenied, match="'etl' is a name, whose id is looked up"):
        bh.queries.execute("SELECT 1", warehouse="etl")


def test_what_takes_the_name_of_a_warehouse_takes_its_id(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """Reading, changing, deleting, usage and permissions; of another of that name the id is new."""

    def reply(seen: Seen) -> Reply:
        if seen.operation == "list_warehouses":
            return LISTED
        return live() if seen.operation == "get_warehouse" else data({})

    server.handler = reply
    assert bh.warehouses.get("vw-1").name == "etl"
    bh.warehouses.suspend("vw-1")
    bh.warehouses.wait("vw-1")
    bh.usage.warehouse("1d", warehouse="vw-2")
    bh.permissions.grant("r", "USE", on="etl", kind="VIRTUAL_WAREHOUSE")
    assert server.operations.count("list_warehouses") == 1
    assert "vwName=bi" in server.seen[-2].target
    assert server.seen[-1].json["ByteHouseResourceID"] == "vw-1"
    bh.warehouses.delete("vw-1")
    assert server.lines[-1] == request_line("delete_warehouse", name="etl")
    bh.warehouses.get("vw-1")
    assert server.operations.count("list_warehouses") == 2
    bh.warehouses.get("vw-7")  # not listed: the service decides
    assert server.lines[-1] == request_line("get_warehouse", name="vw-7")


def test_a_resource_setting_is_named_by_its_size(bh: ByteHouse, server: ScriptedServer) -> None:
    """Or by its name, whatever the case; what names none or several is refused with those there
    are, and nothing is changed."""
    settings = [{"id": n, "name": f"{size} {n}", "size": size} for n, size in enumerate("SML", 4)]
    settings += [{"id": 9, "name": "XL old", "size": "XL"}, {"id": 10, "name": "XL", "size": "XL"}]

    def reply(seen: Seen) -> Reply:
        return data(settings) if seen.operation == "list_warehouse_configurations" else DONE

    server.handler = reply
    for wanted, expected in (("m", 5), ("L 6", 6), ("xl OLD", 9), (7, 7)):
        bh.warehouses.update("etl", config_id=wanted)
        assert server.seen[-1].json["configID"] == expected
    bh.warehouses.create("etl", config_id="S")
    assert server.seen[-1].json["configID"] == 4
    before = server.operations.count("update_warehouse")
    for wrong, message in (("XXL", "No resource settings .*4 is S"), ("XL", "2 resource settings")):
        with pytest.raises(InvalidArgument, match=message):
            bh.warehouses.update("etl", config_id=wrong)
    assert server.operations.count("update_warehouse") == before
