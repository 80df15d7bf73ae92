"""What a look after a lost answer amounts to, case by case."""

import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytehouse import (
    ByteHouse,
    ByteHouseError,
    Clock,
    Conflict,
    NotFound,
    OutcomeUnknown,
    QueryFailed,
    RetryPolicy,
    TimedOut,
)
from bytehouse._recovery.model import MAX_PAGES
from bytehouse._recovery.probes import probes_for
from bytehouse_raw.operations import OPERATIONS, ROLE_HEADER
from bytehouse_raw.plan import Plan
from tests.call.test_fuzz import objects, values
from tests.support.flavours import KEY, FakeClock, MakeClient
from tests.support.operations import sent
from tests.support.server import CLOSED, SILENT, Reply, ScriptedServer, Seen, data
from tests.support.wire import request_line

MISSING = Reply(404, {"error": {"code": "errbook_Database_NotFound", "message": "none"}})
NO_PATH = Reply(404, {"error": {"code": "errbook_Path_NotFound", "message": "no such path"}})
THERE = Reply(409, {"error": {"code": "errbook_Database_Exists", "message": "it exists"}})


def made(ago: float, **fields: Any) -> Reply:
    """Return an object that was made so many seconds before this answer, by the service's clock,
    which runs a day ahead of ours."""
    service = time.time() + 86_400
    moment = time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z", time.gmtime(service - ago))
    value = {"name": "d", "uuid": "u-1", "createdAt": moment, **fields}
    return Reply(body={"data": value}, headers={"Date": formatdate(service, usegmt=True)})


def create(bh: ByteHouse) -> object:
    """Create a database."""
    return bh.databases.create("D", description="mine").uuid


def test_what_was_made_since_the_call_is_of_its_own_making(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """By the clock of the service, whatever ours says."""
    server.script(CLOSED, made(0, description="mine"))
    assert create(bh) == "u-1"
    assert server.lines == [
        request_line("create_database"),
        request_line("get_database", db_name="d"),
    ]


def test_what_was_there_before_the_call_is_a_conflict(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """An equal one that is older than the call is someone else's."""
    server.script(CLOSED, made(60, description="mine"))
    with pytest.raises(Conflict, match="existed before"):
        create(bh)


def test_what_is_not_as_asked_for_is_a_conflict(bh: ByteHouse, server: ScriptedServer) -> None:
    """One that has come into being since, with other settings, is someone else's."""
    server.script(CLOSED, made(0, description="theirs"))
    with pytest.raises(Conflict, match="differs: description is 'theirs'"):
        create(bh)


@pytest.mark.parametrize(
    "live",
    [
        data({"name": "d", "uuid": "u"}),
        made(-3600),
        data({}),
        data(None),
        data([1]),
        Reply(body={}),
    ],
    ids=["no time", "future", "empty", "null", "list", "no data"],
)
def test_where_the_time_of_creation_is_unknown_so_is_the_outcome(
    bh: ByteHouse, server: ScriptedServer, live: Reply
) -> None:
    """No time, no date, or clocks that disagree: nothing is guessed, and nothing is sent again."""
    server.script(CLOSED, live)
    with pytest.raises(OutcomeUnknown):
        create(bh)
    assert server.operations.count("create_database") == 1


def test_what_is_not_there_is_sent_again(bh: ByteHouse, server: ScriptedServer) -> None:
    """The service itself says that there is none."""
    server.script(CLOSED, MISSING, MISSING, data({"uuid": "u-2"}))
    assert create(bh) == "u-2"
    assert server.operations == ["create_database", *["get_database"] * 2, "create_database"]


def test_a_second_create_that_meets_the_first_is_done(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """The first arrived late: the second is refused, and a look shows that it is ours."""
    server.script(CLOSED, MISSING, MISSING, THERE, made(0))
    assert bh.databases.create("d").uuid == "u-1"


def test_a_path_that_does_not_exist_is_no_absence(bh: ByteHouse, server: ScriptedServer) -> None:
    """Neither a proxy's 404 nor a wrong route says that an object is not there."""
    for missing in (NO_PATH, Reply(404), Reply(404, "<html>")):
        server.script(CLOSED, missing)
        with pytest.raises(OutcomeUnknown, match="a probe failed"):
            create(bh)
        server.script(CLOSED, missing)
        with pytest.raises(OutcomeUnknown, match="a probe failed"):
            bh.databases.delete("d")


def test_a_refused_probe_leaves_the_outcome_unknown(bh: ByteHouse, server: ScriptedServer) -> None:
    """A role that may create but not read cannot tell."""
    server.script(CLOSED, Reply(403, {"message": "may not look"}))
    with pytest.raises(OutcomeUnknown, match="may not look"):
        create(bh)


def test_a_probe_has_the_role_and_headers_of_the_call(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """What one role sees, another may not."""
    server.script(CLOSED, made(0))
    bh.databases.create("d", role="Maker", headers={"X-Trace": "t-1"})
    assert [seen.header(ROLE_HEADER) for seen in server.seen] == ["Maker"] * 2
    assert [seen.header("X-Trace") for seen in server.seen] == ["t-1"] * 2


def test_a_delete_is_done_when_the_thing_is_gone(bh: ByteHouse, server: ScriptedServer) -> None:
    """Whether the first or the second delete did it."""
    server.script(CLOSED, MISSING)
    bh.databases.delete("d")
    server.script(CLOSED, made(60), MISSING, MISSING)
    bh.databases.delete("d")
    server.script(CLOSED, MISSING)
    bh.dictionaries.delete("d", "x")
    assert server.operations == ["delete_dictionary", "delete_dictionary"]


def test_a_first_delete_of_nothing_is_reported(bh: ByteHouse, server: ScriptedServer) -> None:
    """Without a lost answer, a 404 is a 404."""
    server.script(MISSING)
    with pytest.raises(NotFound):
        bh.databases.delete("d")


def test_a_delete_spares_what_was_made_after_it(bh: ByteHouse, server: ScriptedServer) -> None:
    """Someone made a new one while the answer was lost: the old one is gone."""
    server.script(CLOSED, made(-3))
    bh.databases.delete("d")
    assert server.operations == ["delete_database", "get_database"]


def test_a_clock_that_jumps_over_pauses_makes_no_old_object_new(
    make: MakeClient, server: ScriptedServer
) -> None:
    """The service does not see the pause before a resend: what was made a second before the call
    is the one to delete, however long that pause was meant to be."""
    server.script(CLOSED, made(1), made(1), data(None))
    make(server.url, retry_policy=RetryPolicy(resend_after=30.0)).databases.delete("d")
    assert server.operations == ["delete_database", *["get_database"] * 2, "delete_database"]
    server.script(CLOSED, made(40, description="mine"))
    with pytest.raises(Conflict, match="existed before"):
        create(make(server.url, retry_policy=RetryPolicy(first_pause=60.0, longest_pause=60.0)))


def test_partitions_are_deleted_once(bh: ByteHouse, server: ScriptedServer) -> None:
    """Gone is done. Still or again there is not known: rows may have come since."""
    server.script(CLOSED, data([{"partition": "2023"}], meta={"total": 1}))
    bh.partitions.delete("d", "t", ["2024", "2025"])
    server.script(CLOSED, data([{"partition": "2024"}], meta={"total": 1}))
    with pytest.raises(OutcomeUnknown, match="still or again present: 2024"):
        bh.partitions.delete("d", "t", ["2024", "2025"])
    assert server.operations == ["delete_partitions", "list_partitions"]


def test_an_execution_that_began_since_is_the_one_that_was_started(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """Exactly one is; none, or several, leave it open which, and the job is not started again."""

    def runs(*ago: float) -> Reply:
        each = [made(one).body["data"] for one in ago]
        entries = [{"id": f"e-{n}", "startTime": e["createdAt"]} for n, e in enumerate(each)]
        return Reply(body={"data": entries}, headers=made(0).headers)

    server.script(CLOSED, runs(3600, 0))
    assert bh.import_jobs.start(1).id == "e-1"
    for several in (runs(), runs(3600), runs(0, 0)):
        server.script(CLOSED, several)
        with pytest.raises(OutcomeUnknown, match="executions started since"):
            bh.import_jobs.start(1)
        assert server.operations.count("start_import_job") == 1


def test_a_role_is_given_and_taken_once(bh: ByteHouse, server: ScriptedServer) -> None:
    """Who has it has it, who has it no more has it no more; else it is sent again."""
    held = data({"assignments": [{"UserID": 7, "RoleName": "Analyst"}]})
    none = data({"assignments": []})
    done = data({"UserID": 7, "RoleName": "Analyst"})
    for call, before, after in (
        (bh.assignments.assign, none, held),
        (bh.assignments.unassign, held, none),
    ):
        server.script(CLOSED, after)
        assert call(7, "Analyst").role_name == "Analyst"
        assert len(server.seen) == 2
        server.script(CLOSED, before, before, done)
        assert call(7, "Analyst").user_id == 7
        assert len(server.seen) == 4


def test_an_update_is_judged_by_the_columns(bh: ByteHouse, server: ScriptedServer) -> None:
    """As asked for is done, as before is sent again, and half of it is not known."""

    def columns(*names: str) -> Reply:
        return data({"columns": [{"name": name, "type": "Int8"} for name in names]})

    def update() -> None:
        bh.tables.update("d", "t", add={"new": "Int8"}, drop="old", rename={"a": "b"})

    server.script(CLOSED, columns("id", "new", "b"))
    update()
    before = columns("id", "old", "a")
    server.script(CLOSED, before, before, data(None))
    update()
    assert len(server.seen) == 4
    for unclear in (columns("id", "old", "new", "b"), columns(), data({})):
        server.script(CLOSED, unclear)
        with pytest.raises(OutcomeUnknown):
            update()


def statement(
    status: Reply, result: Reply = MISSING, statistics: Reply = MISSING
) -> Callable[[Seen], Reply]:
    """Return a server that loses the answer to a statement and tells of it afterwards."""

    def answer(seen: Seen) -> Reply:
        answers = {
            "get_async_query_status": status,
            "get_async_query_result": result,
            "get_query_statistics": statistics,
        }
        return answers.get(seen.operation, CLOSED)

    return answer


def state(word: str, **more: Any) -> Reply:
    """Return the status of a query."""
    return data({"queryID": "q", "status": word, **more})


STATEMENTS: dict[str, tuple[Reply, Reply, Reply, type[ByteHouseError] | None, str]] = {
    "finished and kept": (state("Finished"), data([{"rows": []}]), MISSING, None, ""),
    "finished, not kept": (state("FINISHED"), MISSING, MISSING, OutcomeUnknown, "is FINISHED"),
    "failed": (state("Failed", message="oh"), MISSING, MISSING, QueryFailed, "oh"),
    "killed": (state("Killed"), MISSING, MISSING, QueryFailed, "Killed"),
    "runs on": (state("Running"), MISSING, MISSING, TimedOut, "last seen Running"),
    "not known": (MISSING, data([]), MISSING, OutcomeUnknown, "does not know its id"),
    "only counted": (MISSING, data([]), data({"queryID": "q"}), OutcomeUnknown, "it began"),
    "no look works": (Reply(500), data([]), Reply(403), OutcomeUnknown, "a probe failed"),
    "no word": (data({"x": 1}), data([]), MISSING, OutcomeUnknown, "does not report"),
    "odd result": (state("Success"), data({"a": 1}), MISSING, OutcomeUnknown, "cannot be read"),
}


@pytest.mark.parametrize("case", STATEMENTS)
def test_a_statement_is_looked_up_by_its_id_and_never_sent_again(
    bh: ByteHouse, server: ScriptedServer, case: str
) -> None:
    """Its result if that is kept, its failure if it failed, and else what is known."""
    status, result, statistics, error, words = STATEMENTS[case]
    server.handler = statement(status, result, statistics)
    if error is None:
        assert len(bh.queries.execute("SELECT 1", query_id="q")) == 1
    else:
        with pytest.raises(error, match=words) as caught:
            bh.queries.execute("SELECT 1", query_id="q")
        assert caught.value.query_id == "q"
    assert server.lines.count(request_line("submit_sync_query")) == 1


@pytest.mark.parametrize("word", ["NotStarted", "Running", "Finished", "Failed", "unheard of"])
def test_a_statement_in_the_background_that_is_known_was_submitted(
    bh: ByteHouse, server: ScriptedServer, word: str
) -> None:
    """Its handle is what the lost answer would have given, whatever became of it since."""
    server.handler = statement(state(word))
    assert bh.queries.submit("SELECT 1", query_id="q").id == "q"
    server.handler = statement(MISSING)
    with pytest.raises(OutcomeUnknown):
        bh.queries.submit("SELECT 1", query_id="q")


@pytest.mark.parametrize(
    "operation",
    [o for o in OPERATIONS.values() if o.retry == "read-back" and o.id in sent()],
    ids=lambda o: o.id,
)
def test_every_operation_that_is_read_back_has_a_probe(operation: Any) -> None:
    """The specification and the table of looks agree."""
    path = dict.fromkeys(["db_name", "table_name", "dict_name", "name", "api_key_id"], "x")
    plan: Plan[Any] = Plan(operation, dict, {**path, "id": "1"}, {}, {}, {"queryID": "q"})
    for probe in probes_for(plan):
        assert probe.plan is None or probe.plan.operation.retry == "read"
    assert probes_for(plan)


def test_no_other_operation_has_one() -> None:
    """What is not read back is not looked at."""
    for operation in OPERATIONS.values():
        if operation.retry != "read-back":
            assert probes_for(Plan(operation, dict, {}, {}, {}, {"queryID": "q"})) == ()


WRITES: list[Callable[[ByteHouse], object]] = [
    lambda bh: bh.databases.create("d"),
    lambda bh: bh.databases.delete("d"),
    lambda bh: bh.tables.create("d", "t", {"a": "Int8"}, order_by="a"),
    lambda bh: bh.tables.update("d", "t", add={"b": "Int8"}),
    lambda bh: bh.tables.delete("d", "t"),
    lambda bh: bh.partitions.delete("d", "t", "p"),
    lambda bh: bh.warehouses.create("w", config_id=1),
    lambda bh: bh.connections.create("c", {}, type="S3"),
    lambda bh: bh.import_jobs.create("j", configuration={}),
    lambda bh: bh.import_jobs.start(1),
    lambda bh: bh.assignments.assign(1, "r"),
    lambda bh: bh.permissions.grant("r", "SELECT", on="o", kind="TABLE"),
    lambda bh: bh.permissions.revoke("r", "SELECT", on="o", kind="TABLE"),
    lambda bh: bh.api_keys.delete("k"),
    lambda bh: bh.queries.execute("SELECT 1"),
    lambda bh: bh.queries.submit("SELECT 1").ids,
]
FIELDS = ["name", "uuid", "createdAt", "columns", "assignments", "permissions", "startTime", "id"]
entry = st.dictionaries(st.sampled_from(FIELDS), values, max_size=4)
shown = st.fixed_dictionaries({"data": st.lists(entry, max_size=3) | entry | values}) | objects


@settings(max_examples=150)
@given(call=st.sampled_from(WRITES), body=shown, date=st.sampled_from(["", "x", formatdate(0)]))
def test_whatever_a_probe_shows_a_call_returns_or_raises_one_of_our_errors(
    call: Callable[[ByteHouse], object], body: object, date: str
) -> None:
    """No JSON in the answer to a look makes a call raise anything else."""
    with ScriptedServer() as server, ByteHouse(server.url, KEY, clock=FakeClock()) as bh:
        server.script(CLOSED, Reply(body=body, headers={"Date": date}))
        with suppress(ByteHouseError):
            call(bh)


def endless(seen: Seen, pause: float = 0.0) -> Reply:
    """Lose the response to a create, and show a list of always one page more."""
    if seen.operation == "create_connection":
        return CLOSED
    time.sleep(pause)
    moment = str(time.monotonic())
    meta = {"total": 10**9, "nextCursor": moment}
    return Reply(body={"data": [{"id": 1, "name": f"c {moment}"}], "meta": meta})


def lose_a_connection(bh: ByteHouse, **options: Any) -> None:
    """Create a connection; the response is lost, and a list is read."""
    with pytest.raises(OutcomeUnknown):
        bh.connections.create("mine", {"endpoint": "e"}, type="S3", **options)


def test_a_probe_reads_a_list_within_the_deadline_of_the_call(
    make: MakeClient, server: ScriptedServer
) -> None:
    """Thirty pages of a tenth of a second each do not take three seconds, but the one given."""
    server.handler = lambda seen: endless(seen, 0.1)
    began = time.monotonic()
    lose_a_connection(make(server.url, clock=Clock()), deadline=1.0)
    assert time.monotonic() - began < 2.0


def test_a_probe_that_is_not_answered_ends_with_the_deadline_of_the_call(
    make: MakeClient, server: ScriptedServer
) -> None:
    """A page has what the call before it left of the deadline, and none of its own."""

    def late(seen: Seen) -> Reply:
        if seen.operation != "create_connection":
            return SILENT
        time.sleep(1.6)
        return CLOSED

    server.handler = late
    began = time.monotonic()
    lose_a_connection(make(server.url, clock=Clock()), deadline=2.0)
    assert 1.6 < time.monotonic() - began < 3.2


@pytest.mark.parametrize(("budget", "most"), [(10_000, MAX_PAGES), (10, 20)])
def test_a_probe_reads_a_bounded_number_of_pages(
    make: MakeClient, server: ScriptedServer, budget: int, most: int
) -> None:
    """A list without an end ends the probe after 100 pages, or with the retry budget."""
    server.handler = endless
    lose_a_connection(make(server.url, retry_budget=budget))
    assert 5 < len(server.seen) <= most + 1
