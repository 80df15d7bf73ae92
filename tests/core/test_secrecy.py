"""The key is in nothing that anyone sees, whatever goes wrong."""

import logging
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bytehouse import ByteHouse, ByteHouseError, Retry
from tests.call.test_bad_input import told
from tests.call.test_telemetry import spans
from tests.support.flavours import KEY, MakeClient, every_transport
from tests.support.proxy import Fault, proxied
from tests.support.server import CLOSED, RESET, SILENT, Reply, ScriptedServer, data

__all__ = ["every_transport", "spans"]

BROKEN: tuple[Fault, ...] = (
    "reset at once", "reset unsent", "reset after", "reset inside", "cut inside", "half-closed",
    "black hole", "unsent black hole", "trickle", "garbage",
)  # fmt: skip
REPLIES = {
    "silent": SILENT,
    "hangs up": CLOSED,
    "resets": RESET,
    "unavailable": Reply(503, {"message": f"token {KEY} unavailable"}),
    "refuses and repeats the key": Reply(403, {"message": f"Bearer {KEY} may not"}),
    "succeeds and repeats the key": data({"name": KEY, "uuid": KEY}),
    "breaks off in the key": Reply(body={"data": {"name": KEY}}, cut=3),
    "redirects with the key": Reply(302, headers={"Location": f"https://x/?key={KEY}"}),
    "no JSON": Reply(body=f"<html>{KEY}</html>"),
}
CALLS: dict[str, Callable[[ByteHouse], object]] = {
    "read": lambda bh: bh.databases.get("d"),
    "create": lambda bh: bh.databases.create("d"),
    "statement": lambda bh: bh.queries.execute("SELECT 1"),
}


Visible = tuple[pytest.LogCaptureFixture, InMemorySpanExporter]


@pytest.fixture
def visible(caplog: pytest.LogCaptureFixture, spans: InMemorySpanExporter) -> Visible:
    """Collect all that is logged, however minor, and all spans."""
    caplog.set_level(logging.DEBUG)
    return caplog, spans


def shown_by(
    bh: ByteHouse, call: Callable[[ByteHouse], object], seen: list[Retry]
) -> dict[str, str]:
    """Make a call, and return all that can be seen of it."""
    try:
        outcome: Any = call(bh)
    except ByteHouseError as error:
        outcome = error
    shown = {"outcome": f"{outcome} {outcome!r}", "client": f"{bh} {bh!r}", "hook": repr(seen)}
    if isinstance(outcome, ByteHouseError):
        shown["traceback"] = "".join(told(outcome))
        shown["attributes"] = repr(vars(outcome))
        shown["pickle"] = repr(pickle.dumps(outcome))
    return shown


def leaks(
    shown: dict[str, str], caplog: pytest.LogCaptureFixture, exporter: InMemorySpanExporter
) -> dict[str, str]:
    """Return what holds the key."""
    ours = [record for record in caplog.records if record.name == "bytehouse"]
    # The HTTP library logs the headers of answers as they come: a service that repeats the key in
    # one is beyond our reach.
    others = [m for m in caplog.messages if "response_headers.complete" not in m]
    shown["log"] = "".join(others) + "".join(repr(vars(record)) for record in ours)
    shown["spans"] = "".join(span.to_json() for span in exporter.get_finished_spans())
    return {where: text for where, text in shown.items() if KEY in text or KEY[5:] in text}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("reply", REPLIES)
def test_no_response_reveals_the_key(
    make: MakeClient,
    server: ScriptedServer,
    visible: Visible,
    call: str,
    reply: str,
) -> None:
    """Result, error, traceback with local variables, pickle, hook, span and DEBUG log are free of
    it, even where the service repeats it."""
    server.script(REPLIES[reply])
    seen: list[Retry] = []
    bh = make(server.url, deadline=0.3, max_retries=1, on_retry=seen.append)
    assert not leaks(shown_by(bh, CALLS[call], seen), *visible)


@pytest.mark.parametrize("call", ["read", "create"])
@pytest.mark.parametrize("fault", BROKEN)
def test_no_broken_connection_reveals_the_key(
    make: MakeClient,
    server: ScriptedServer,
    visible: Visible,
    call: str,
    fault: Fault,
) -> None:
    """The same, for each way in which a network can fail."""
    seen: list[Retry] = []
    with proxied(server.url, lambda _: fault) as proxy:
        bh = make(proxy.url, deadline=0.3, max_retries=1, on_retry=seen.append)
        assert not leaks(shown_by(bh, CALLS[call], seen), *visible)
