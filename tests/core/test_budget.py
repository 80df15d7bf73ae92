"""An outage is not multiplied: how much a client sends beside the first attempts of its calls."""

import logging
import threading
from contextlib import suppress

import pytest

from bytehouse import ByteHouse, ByteHouseError, InvalidArgument, OutcomeUnknown, Retry, RetryPolicy
from bytehouse_raw.operations import OPERATIONS
from tests.support.flavours import FakeClock, MakeClient
from tests.support.server import CLOSED, Reply, ScriptedServer, data


@pytest.mark.parametrize("reply", [Reply(503), CLOSED], ids=str)
def test_a_dead_server_sees_at_most_the_budget_beside_the_calls(
    make: MakeClient, server: ScriptedServer, reply: Reply
) -> None:
    """However many calls fail, reads and writes, of the client and its views: the requests beside
    their first attempts are bounded by one budget."""
    server.script(reply)
    bh = make(server.url, retry_budget=7)
    view = bh.with_options(role="Analyst")
    for number in range(20):
        for client in (bh, view):
            with suppress(ByteHouseError):
                client.databases.get(f"d{number}")
            with suppress(ByteHouseError):
                client.databases.create(f"d{number}")
    assert len(server.seen) == 80 + 7


def test_threads_share_the_budget(server: ScriptedServer) -> None:
    """Many threads at once do not get more out of it."""
    server.script(Reply(503))
    with ByteHouse(server.url, "k", retry_budget=5, clock=FakeClock()) as bh:

        def work() -> None:
            for _ in range(5):
                with suppress(ByteHouseError):
                    bh.databases.get("d")

        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.seen) == 80 + 5


def test_successes_refund_the_budget(make: MakeClient, server: ScriptedServer) -> None:
    """Four calls that are answered well pay for one request more."""
    well = data({"name": "d"})
    bh = make(server.url, retry_budget=2)
    server.script(Reply(503))
    for _ in range(2):
        with pytest.raises(ByteHouseError):
            bh.databases.get("d")
    server.script(well)
    for _ in range(4):
        bh.databases.get("d")
    server.script(Reply(503), well)
    assert bh.databases.get("d").name == "d"


def test_no_budget_means_that_nothing_is_retried_or_probed(
    make: MakeClient, server: ScriptedServer
) -> None:
    """A client with an empty budget sends each call once."""
    server.script(CLOSED)
    with pytest.raises(OutcomeUnknown):
        make(server.url, retry_budget=0).databases.create("d")
    assert len(server.seen) == 1


def test_every_knob_can_be_turned_for_one_call(
    make: MakeClient, server: ScriptedServer, clock: FakeClock
) -> None:
    """Attempts, pauses and the hook of a call go before those of the client."""
    server.script(Reply(503))
    seen: list[Retry] = []
    bh = make(server.url, max_retries=1)
    policy = RetryPolicy(first_pause=3.0, longest_pause=4.0)
    with pytest.raises(ByteHouseError):
        bh.databases.get("d", max_retries=3, retry_policy=policy, on_retry=seen.append)
    assert clock.slept == [3.0, 4.0, 4.0]
    assert [retry.pause for retry in seen] == clock.slept
    for wrong in ({"retry_policy": 3}, {"on_retry": "x"}):
        with pytest.raises(InvalidArgument):
            bh.databases.get("d", **wrong)


def test_a_hook_and_the_log_see_every_retry_and_every_probe(
    make: MakeClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Each tells operation, route, attempt, status, role, request id and what comes next."""
    caplog.set_level(logging.INFO, "bytehouse")
    missing = Reply(404, {"error": {"code": "errbook_Database_NotFound", "message": "none"}})
    unavailable = Reply(503, headers={"X-Request-ID": "r-1"})
    server.script(unavailable, missing, missing, CLOSED, data({"uuid": "u"}))
    seen: list[Retry] = []
    bh = make(server.url, role="Analyst", on_retry=seen.append)
    with pytest.raises(OutcomeUnknown):
        bh.databases.create("d")
    assert [retry.probing for retry in seen] == [True, True, False, True]
    first = seen[0]
    assert (first.operation, first.method, first.route) == OPERATIONS["create_database"][:3]
    assert (first.status, first.attempt, first.role, first.request_id) == (503, 1, "Analyst", "r-1")
    records = [r for r in caplog.records if r.levelno == logging.INFO]
    assert [vars(r)["probing"] for r in records] == [True, True, False, True]
    for name in ("operation", "method", "route", "status", "attempt", "elapsed", "request_id"):
        assert name in vars(records[0])
    assert vars(records[0])["status"] == 503


def test_a_hook_that_raises_changes_nothing(
    make: MakeClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """It only watches: the call goes on, and the log tells."""
    server.script(Reply(503), data({"name": "d"}))

    def hook(_: Retry) -> None:
        raise RuntimeError("mine")

    assert make(server.url, on_retry=hook).databases.get("d").name == "d"
    assert "on_retry raised" in caplog.text
