"""A request that a proxy holds up arrives late: nothing is sent again before it can no longer."""

import uuid
from collections.abc import Callable

import pytest

from bytehouse import (
    ByteHouse,
    Clock,
    NotFound,
    OutcomeUnknown,
    RetryPolicy,
    ServerError,
)
from bytehouse_emulator.testing import RunningEmulator
from bytehouse_raw.operations import OPERATIONS
from tests.support.cases import cases
from tests.support.flavours import FakeClock, MakeClient, every_transport
from tests.support.proxy import Fault, proxied
from tests.support.server import CLOSED, SILENT, Reply, ScriptedServer, Seen, data
from tests.support.wire import asked

__all__ = ["every_transport"]

HELD_UP: tuple[Fault, ...] = ("late", "closed, late")


def operation_of(request: bytes) -> str:
    """Return the id of the operation that a request calls."""
    method, target, _ = request.split(b" ", 2)
    return asked(method.decode(), target.decode())[0]


@pytest.mark.parametrize("operation", ["delete_database", "create_database"])
@pytest.mark.parametrize("fault", HELD_UP)
def test_a_request_that_is_held_up_destroys_nothing_that_came_after_it(
    make: MakeClient, emulator: RunningEmulator, fault: Fault, operation: str
) -> None:
    """A DELETE is held up for a second. When the call has returned, the caller creates the database
    anew, and it stays. The same with a POST, and a database that is deleted afterwards."""
    name = f"d_{uuid.uuid4().hex[:8]}"
    faults: list[Fault] = [fault]
    deletes = operation == "delete_database"
    with proxied(
        emulator.url,
        lambda request: faults.pop() if faults and operation_of(request) == operation else "none",
    ) as proxy:
        bh = make(proxy.url, emulator.token, clock=Clock(), timeout=0.3 if fault == "late" else 10)
        direct = make(emulator.url, emulator.token)
        if deletes:
            direct.databases.create(name)
            bh.databases.delete(name)
            direct.databases.create(name)
        else:
            bh.databases.create(name)
            direct.databases.delete(name)
        assert proxy.delivered.wait(5)
        try:
            direct.databases.get(name)
            exists = True
        except NotFound:
            exists = False
        assert exists is deletes
        assert sum(e["effect"] for e in emulator.journal(operation) if name in str(e)) == 1


SILENT_CALLS: dict[str, Callable[[ByteHouse], object]] = {
    "delete_database": lambda bh: bh.databases.delete("d"),
    "delete_dictionary": lambda bh: bh.dictionaries.delete("d", "x"),
    "create_database": lambda bh: bh.databases.create("d"),
    "update_warehouse": lambda bh: bh.warehouses.update("w", auto_suspend=60),
    "set_api_key_status": lambda bh: bh.api_keys.disable("k"),
}
GATEWAY = Reply(504, "<html>")


def exists(seen: Seen, lost: Reply, operation: str) -> Reply:
    """Lose what changes something, and show that nothing has been changed so far."""
    if seen.operation == operation:
        return lost
    missing = Reply(404, {"error": {"code": "errbook_Database_NotFound", "message": "none"}})
    return missing if operation == "create_database" else data({"name": "d"})


@cases("lost", [SILENT, GATEWAY])
@cases("operation", SILENT_CALLS)
def test_what_may_still_arrive_is_not_sent_again(
    make: MakeClient, server: ScriptedServer, operation: str, lost: Reply
) -> None:
    """Nobody has responded, or a gateway has given up waiting: the call probes until its deadline,
    and then says that it does not know. Where nothing can be probed, it says so at once."""
    server.handler = lambda seen: exists(seen, lost, operation)
    bh = make(server.url, timeout=0.3, deadline=60)
    idempotent = OPERATIONS[operation].retry == "idempotent"
    with pytest.raises(ServerError if idempotent and lost is GATEWAY else OutcomeUnknown):
        SILENT_CALLS[operation](bh)
    assert server.operations.count(operation) == 1


def test_what_was_cut_off_is_sent_again_after_a_while(
    make: MakeClient, server: ScriptedServer, clock: FakeClock
) -> None:
    """Its connection has ended: what a proxy has kept of it arrives within `resend_after`."""
    for pause in (2.0, 7.0):
        clock.clear()
        server.script(CLOSED, data({"name": "d"}), data({"name": "d"}), data(None))
        policy = RetryPolicy(resend_after=pause)
        make(server.url, retry_policy=policy).databases.delete("d")
        assert sum(clock.slept) >= pause - 0.5
        server.script(CLOSED, data(None))
        clock.clear()
        make(server.url, retry_policy=policy).api_keys.disable("k")
        assert clock.slept == [pytest.approx(pause, abs=0.5)]
