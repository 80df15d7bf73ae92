"""What OpenTelemetry is told, and that nothing is needed for that."""

import subprocess
import sys
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bytehouse import ByteHouse, NotFound, RetryPolicy
from bytehouse_raw.operations import OPERATIONS
from tests.support.flavours import KEY, MakeClient
from tests.support.server import CLOSED, Reply, ScriptedServer, data

GET_DATABASE = OPERATIONS["get_database"]

EXPORTER = InMemorySpanExporter()
READER = InMemoryMetricReader()


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Collect what is told; a provider can be set once in a process."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(EXPORTER))
        trace.set_tracer_provider(provider)
    EXPORTER.clear()
    return EXPORTER


@pytest.fixture
def reader() -> InMemoryMetricReader:
    """Collect what is measured. Apart from the spans, which other files collect too: all their
    calls would be more series than the library keeps."""
    if not isinstance(metrics.get_meter_provider(), MeterProvider):
        metrics.set_meter_provider(MeterProvider([READER]))
    return READER


def told(span: Any) -> dict[str, Any]:
    """Return the attributes of a span."""
    return dict(span.attributes)


def test_a_call_is_a_span_with_its_operation_route_status_and_attempts(
    make: MakeClient, server: ScriptedServer, spans: InMemorySpanExporter
) -> None:
    """By the conventions for databases, and beside these with what the API calls it."""
    server.script(Reply(503), Reply(body={"data": {"name": "d"}}, headers={"X-Request-ID": "r-7"}))
    make(server.url, role="Analyst").databases.get("sales")
    (span,) = spans.get_finished_spans()
    assert span.name == "get_database sales"
    assert told(span) == {
        "bytehouse.operation": "get_database",
        "bytehouse.request_id": "r-7",
        "bytehouse.role": "Analyst",
        "db.namespace": "sales",
        "db.operation.name": "get_database",
        "db.system.name": "bytehouse",
        "http.request.method": GET_DATABASE.method,
        "http.request.resend_count": 1,
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": server.port,
        "url.template": GET_DATABASE.path,
    }


def test_a_failed_call_is_a_failed_span(
    bh: ByteHouse, server: ScriptedServer, spans: InMemorySpanExporter
) -> None:
    """It names the table, the error's class and code, and the request id for a support ticket."""
    error = {"code": "errbook_Table_NotFound", "message": "none"}
    server.script(Reply(404, {"error": error}, {"X-Request-ID": "r-8"}))
    with pytest.raises(NotFound):
        bh.tables.get("d", "t")
    (span,) = spans.get_finished_spans()
    assert span.name == "get_table t"
    assert told(span)["db.collection.name"] == "t"
    assert told(span)["db.response.status_code"] == "errbook_Table_NotFound"
    assert span.status.status_code is trace.StatusCode.ERROR
    assert told(span)["error.type"] == "NotFound"
    assert told(span)["bytehouse.request_id"] == "r-8"


def test_probes_are_spans_below_the_call_they_resolve(
    bh: ByteHouse, server: ScriptedServer, spans: InMemorySpanExporter
) -> None:
    """A trace shows that a create was looked after, and how."""
    missing = Reply(404, {"error": {"code": "errbook_Database_NotFound", "message": "none"}})
    server.script(CLOSED, missing, data({"uuid": "u"}))
    bh.with_options(retry_policy=RetryPolicy(resend_after=0.01)).databases.create("d")
    probe, create = spans.get_finished_spans()
    assert (probe.name, create.name) == (
        "get_database d",
        f"create_database 127.0.0.1:{server.port}",
    )
    assert probe.parent is not None
    assert create.context is not None
    assert probe.parent.span_id == create.context.span_id


@pytest.mark.parametrize(
    ("sql", "word"),
    [("SELECT 1", "SELECT"), ("(select 1)", "SELECT"), ("-- x\nSELECT 1", "SELECT")],
)
def test_a_statement_is_named_by_its_first_word(
    make: MakeClient, server: ScriptedServer, spans: InMemorySpanExporter, sql: str, word: str
) -> None:
    """With the database of the client, which stands before it; the statement itself is not told."""
    server.script(data([{"columns": ["a"], "rows": [[1]]}]))
    make(server.url).query(sql, database="sales").rows()
    (span,) = spans.get_finished_spans()
    assert (told(span)["db.operation.name"], told(span)["db.namespace"]) == (word, "sales")
    assert sql not in str(told(span))


@pytest.mark.usefixtures("spans")
def test_a_sampler_sees_what_a_call_is(bh: ByteHouse, server: ScriptedServer) -> None:
    """What the conventions call relevant to sampling is there when the span starts."""
    started: list[dict[str, Any]] = []

    class Starts(SpanProcessor):
        def on_start(self, span: Span, parent_context: object = None) -> None:  # noqa: ARG002
            started.append(dict(span.attributes or {}))

    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    provider.add_span_processor(Starts())
    server.script(data({"name": "t"}))
    bh.tables.get("d", "t")
    assert (
        started[0].items()
        >= {
            "db.system.name": "bytehouse",
            "db.operation.name": "get_table",
            "db.namespace": "d",
            "db.collection.name": "t",
            "server.address": "127.0.0.1",
            "server.port": server.port,
        }.items()
    )


def test_calls_and_retries_are_measured(
    bh: ByteHouse, server: ScriptedServer, reader: InMemoryMetricReader
) -> None:
    """A histogram of durations by operation, and a count of further requests."""
    server.script(Reply(503), data({"name": "d"}))
    bh.databases.get("d")
    found = reader.get_metrics_data()
    assert found is not None
    names = {
        metric.name: metric
        for resource in found.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert {"bytehouse.client.operation.duration", "bytehouse.client.retries"} <= set(names)
    points = names["db.client.operation.duration"].data.data_points
    attributes = [dict(point.attributes or {}) for point in points]
    assert {
        "db.system.name": "bytehouse",
        "db.operation.name": "get_database",
        "db.namespace": "d",
        "server.address": "127.0.0.1",
        "server.port": server.port,
    } in attributes


def test_without_opentelemetry_nothing_is_imported_and_nothing_is_missed(
    server: ScriptedServer,
) -> None:
    """A client makes its calls where the package is not installed."""
    server.script(data({"name": "d"}))
    program = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from importlib import util; real = util.find_spec\n"
        "util.find_spec = lambda n, *a: None if n == 'opentelemetry' else real(n, *a)\n"
        "from bytehouse import ByteHouse\n"
        f"print(ByteHouse({server.url!r}, {KEY!r}).databases.get('d').name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "d", done.stderr
