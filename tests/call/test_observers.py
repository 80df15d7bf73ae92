"""What others put around the HTTP library sees every request: recorders, mocks, instrumentation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import httpx
import pytest

from bytehouse import ByteHouse, NotFound, TransportError
from bytehouse_raw.operations import ROLE_HEADER
from tests.support.flavours import KEY, MakeClient
from tests.support.server import Reply, ScriptedServer, data
from tests.support.wire import keyed, keyed_bytes, request_line, route

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

HOST = "https://tenant.example/gateway"


def calls(bh: ByteHouse) -> None:
    """Make one call of each kind: with a name to quote, with a query, and with a body."""
    assert bh.databases.get("a b").name == "d"
    assert [found.name for found in bh.databases.list(filter="x&y", limit=1)] == ["d"]
    assert bh.databases.create("d").uuid == "u"


REPLIES = (data({"name": "d"}), data([{"name": "d"}], meta={"total": 1}), data({"uuid": "u"}))


def test_a_mock_transport_sees_the_whole_request_and_gives_the_response(make: MakeClient) -> None:
    """Method, address, headers and body are as they would go out, in each of httpx's own terms."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        path = request.url.path.removeprefix("/gateway")
        if f"{request.method} {path}" == request_line("create_database"):
            return httpx.Response(200, json=keyed({"data": {"uuid": "u"}}))
        found = {"name": "d"}
        one = request.url.path.endswith("a b")
        answer = {"data": found} if one else {"data": [found], "meta": {"total": 1}}
        return httpx.Response(200, json=keyed(answer))

    calls(make(HOST, role="r", transport=httpx.MockTransport(handler)))
    one, page, create = seen
    path = route("get_database", db_name="a b")[1]
    assert str(one.url) == f"{HOST}{path}"
    assert (one.url.host, one.url.path) == ("tenant.example", f"/gateway{unquote(path)}")
    assert one.headers["Authorization"] == f"Bearer {KEY}"
    assert one.headers[ROLE_HEADER] == "r"
    assert one.content == b""
    assert page.url.params["filter"] == "x&y"
    assert create.method == route("create_database")[0]
    assert create.content == b'{"name":"d"}'
    assert create.headers["Content-Length"] == "12"


def test_a_mock_transport_can_fail_as_a_network_does(make: MakeClient) -> None:
    """Its errors are those of the network: what was not sent is sent again."""
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        if len(seen) == 1:
            raise httpx.ConnectError("no way", request=request)
        if len(seen) == 2:
            return httpx.Response(404, json={"error": {"code": "DatabaseNotFound"}})
        raise httpx.ReadTimeout("late", request=request)

    bh = make(HOST, transport=httpx.MockTransport(handler), max_retries=1)
    with pytest.raises(NotFound):
        bh.databases.get("d")
    with pytest.raises(TransportError, match="late"):
        bh.databases.get("d")
    assert seen == [route("get_database", db_name="d")[0]] * 4


def test_a_compressed_response_of_a_mock_is_unpacked(make: MakeClient) -> None:
    """A transport that is given has its answers read as those of the network."""
    import gzip

    body = gzip.compress(keyed_bytes(b'{"data": {"name": "d"}}'))
    answer = httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=body)
    bh = make(HOST, transport=httpx.MockTransport(lambda _: answer))
    assert bh.databases.get("d").name == "d"


def test_a_recorder_sees_every_attempt_and_plays_it_back(
    make: MakeClient, server: ScriptedServer, tmp_path: Path
) -> None:
    """A cassette of vcrpy holds each request that was sent, and stands in for the server."""
    from vcr import VCR

    server.script(Reply(503), *REPLIES)
    recorder = VCR(filter_headers=["authorization"])
    with recorder.use_cassette(str(tmp_path / "cassette.yaml"), record_mode="once"):
        calls(make(server.url))
    sent = len(server.seen)
    assert sent == 4
    with recorder.use_cassette(str(tmp_path / "cassette.yaml"), record_mode="none") as played:
        calls(make(server.url))
    assert played.play_count == sent
    assert len(server.seen) == sent


@pytest.fixture
def instrumented() -> Iterator[InMemorySpanExporter]:
    """Collect the spans of the OpenTelemetry instrumentation of httpx."""
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    HTTPXClientInstrumentor().instrument(tracer_provider=provider)
    yield exporter
    HTTPXClientInstrumentor().uninstrument()


def test_the_instrumentation_sees_every_attempt(
    make: MakeClient, server: ScriptedServer, instrumented: InMemorySpanExporter
) -> None:
    """Each request is a span with its address, and carries the context of the trace on."""
    server.script(Reply(503), *REPLIES)
    calls(make(server.url))
    spans = instrumented.get_finished_spans()
    told = [span.attributes or {} for span in spans]
    assert [span["http.status_code"] for span in told] == [503, 200, 200, 200]
    assert [span["http.url"] for span in told] == [server.url + s.target for s in server.seen]
    parents = [f"{span.context.trace_id:032x}-{span.context.span_id:016x}" for span in spans]
    carried = [str(seen.header("traceparent")) for seen in server.seen]
    assert [parent in told for parent, told in zip(parents, carried, strict=True)] == [True] * 4
