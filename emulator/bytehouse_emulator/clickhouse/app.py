"""Serve ClickHouse's HTTP interface on a port of its own."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import chain
from typing import Any, Final, cast

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bytehouse_emulator.clickhouse.errors import error_response, text_of
from bytehouse_emulator.clickhouse.output import Output, content_type
from bytehouse_emulator.clickhouse.request import ClickHouseRequest, read_request
from bytehouse_emulator.emulator import Emulator
from bytehouse_emulator.errors import EmulatorError
from bytehouse_emulator.http.fault_responses import CONNECTION, replacement
from bytehouse_emulator.queries.query import Query, Run
from bytehouse_emulator.simulation.faults import CLICKHOUSE_QUERY
from bytehouse_emulator.simulation.journal import Entry
from bytehouse_emulator.sql.dialect import Mode

_LOG: Final = logging.getLogger("bytehouse_emulator")
_VERSIONED_SQL: Final = "/v2/sql/sync"
_HEALTH: Final = frozenset({"/ping", "/replicas_status"})
_MAX_BODY: Final = 1 << 30


class ClickHouseApp:
    """ASGI application: one statement for each request, on the same engine as the REST API."""

    def __init__(self, emulator: Emulator, rest: ASGIApp) -> None:
        self._emulator = emulator
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path = scope["path"]
        if path == _VERSIONED_SQL:
            route = self._emulator.routes["submit_sync_query"]
            await self._rest({**scope, "raw_path": route.path.encode()}, receive, send)
            return
        scope[CONNECTION] = getattr(getattr(send, "__self__", None), "transport", None)
        request = Request(scope, receive)
        reads = request.method in {"GET", "HEAD"}
        if path in _HEALTH or (path == "/" and reads and "query" not in request.query_params):
            response = Response("Ok.\n", media_type="text/html; charset=UTF-8")
        elif path != "/":
            response = Response(f"There is no handle {path}\n", 404)
        else:
            async with self._emulator.gate.request():
                response = await self._respond(request)
                await response(scope, receive, send)
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        entry = self._emulator.journal.open(CLICKHOUSE_QUERY, request.method, request.url.path)
        headers = {
            "X-ClickHouse-Server-Display-Name": socket.gethostname(),
            "X-ClickHouse-Timezone": "UTC",
        }
        try:
            response = await self._run(request, entry, headers)
        except EmulatorError as error:
            response = error_response(error, headers)
        except Exception as error:  # noqa: BLE001 - a caller must get a response whatever happens
            _LOG.error("a statement of the ClickHouse interface failed", exc_info=error)
            failure = EmulatorError(500, "Emulator_Fault", f"The emulator failed: {error!r}")
            response = error_response(failure, headers)
        entry.status = response.status_code
        return response

    async def _run(self, http: Request, entry: Entry, headers: dict[str, str]) -> Response:
        body = await self._read_body(http)
        query_string = cast(bytes, http.scope["query_string"])
        request = await run_in_threadpool(
            read_request, http.method, query_string, http.headers, body
        )
        caller = self._emulator.iam.authenticate(request.credentials())
        role = self._emulator.iam.active_role(caller.user, http.headers.get("X-User-ActiveRole"))
        query = Query(
            id=request.query_id(),
            kind="sync",
            text=request.head,
            mode=cast(Mode, request.mode),
            session=request.session,
            changes=request.changes(),
            role=role,
            warehouse=request.warehouse,
        )
        headers["X-ClickHouse-Query-Id"] = query.id
        entry.subject = {"queryID": query.id}
        fault = self._emulator.faults.next_for(CLICKHOUSE_QUERY)
        if fault is not None:
            entry.fault = fault.kind
            await asyncio.sleep(fault.latency)
            if fault.prevents:
                return replacement(fault)
        output = Output(request)
        run = await run_in_threadpool(self._emulator.queries.submit, query, output.execute)
        run.ended.add_done_callback(lambda _: output.end())
        chunks = output.chunks()
        first = await run_in_threadpool(next, chunks, None)
        if first is None or request.waits or (fault and fault.replaces):
            whole = (first or b"") + b"".join([c async for c in iterate_in_threadpool(chunks)])
            response = self._whole(request, run, output, whole, headers)
            entry.effect = response.status_code == 200
            return replacement(fault) if fault and fault.replaces else response
        entry.effect = True
        headers |= {"X-ClickHouse-Summary": json.dumps(output.summary)}
        headers["X-ClickHouse-Format"] = request.output_format
        encoder = _encoder(request)
        if encoder:
            headers["Content-Encoding"] = "gzip"
        rows = self._rows(http, run, output, chain([first], chunks))
        stream = _compressed(rows, encoder) if encoder else rows
        return StreamingResponse(stream, 200, headers, content_type(request.output_format))

    def _whole(
        self,
        request: ClickHouseRequest,
        run: Run,
        output: Output,
        body: bytes,
        headers: dict[str, str],
    ) -> Response:
        if failure := run.ended.result().failure:
            return error_response(failure.error(), headers)
        result_rows = {"result_bytes": str(len(body)), **output.summary}
        headers["X-ClickHouse-Summary"] = json.dumps(result_rows)
        if output.has_result:
            headers["X-ClickHouse-Format"] = request.output_format
        encoder = _encoder(request)
        if encoder and body:
            body = encoder.compress(body) + encoder.flush()
            headers["Content-Encoding"] = "gzip"
        return Response(body, 200, headers, content_type(request.output_format))

    async def _rows(
        self, http: Request, run: Run, output: Output, chunks: Iterator[bytes]
    ) -> AsyncIterator[bytes]:
        try:
            async for chunk in iterate_in_threadpool(chunks):
                yield chunk
            if failure := run.ended.result().failure:
                # As the service does: the error follows the rows, and the connection breaks.
                yield text_of(failure.error()).encode()
                http.scope[CONNECTION].abort()
        finally:
            output.abandon()
            if not run.ended.done():
                loop = asyncio.get_running_loop()
                loop.run_in_executor(None, self._emulator.queries.kill, run.query.id)

    async def _read_body(self, request: Request) -> bytes:
        raw = bytearray()
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > _MAX_BODY:
                raise EmulatorError(413, "Request_TooLarge", "The body is too large.")
        return bytes(raw)


async def _compressed(chunks: AsyncIterator[bytes], encoder: Any) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield encoder.compress(chunk)
    yield encoder.flush()


def by_port(app: ASGIApp, others: Mapping[int, ASGIApp]) -> ASGIApp:
    """Return an application that hands what arrives on some ports to others."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        await others.get(scope["server"][1], app)(scope, receive, send)

    return dispatch


def _encoder(request: ClickHouseRequest) -> Any:
    """Return what compresses the response, if that was asked for in a way known here."""
    accepted = request.headers.get("Accept-Encoding", "")
    if request.flag("enable_http_compression") and "gzip" in accepted:
        return zlib.compressobj(wbits=31)
    return None
