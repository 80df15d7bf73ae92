"""Serve ClickHouse's HTTP interface on a port of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from itertools import chain
from typing import Final, cast

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bytehouse_emulator.clickhouse.compression import (
    MAX_BODY,
    BodyEncoder,
    body_too_large,
)
from bytehouse_emulator.clickhouse.errors import RequestRefused, error_response, text_of
from bytehouse_emulator.clickhouse.output import Output, content_type
from bytehouse_emulator.clickhouse.request import ClickHouseRequest, read_request
from bytehouse_emulator.emulator import Emulator
from bytehouse_emulator.errors import EmulatorError
from bytehouse_emulator.http.app import on_disconnect
from bytehouse_emulator.http.fault_responses import CONNECTION, replacement
from bytehouse_emulator.queries.query import Query, Run
from bytehouse_emulator.simulation.faults import CLICKHOUSE_QUERY
from bytehouse_emulator.simulation.journal import Entry
from bytehouse_emulator.sql.dialect import Mode

_LOG: Final = logging.getLogger("bytehouse_emulator")
_VERSIONED_SQL: Final = "/v2/sql/sync"
_HEALTH: Final = frozenset({"/ping", "/replicas_status"})
_FRAMED: Final = frozenset({"content-length", "transfer-encoding"})
# For how many seconds a client may take to read an error that follows rows.
_LINGER: Final = 30
_METHODS: Final = frozenset({"GET", "HEAD", "POST"})


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
        request = Request(scope, receive)
        reads = request.method != "POST"
        if request.method not in _METHODS:
            response = Response(status_code=501)
        elif reads and (path in _HEALTH or (path == "/" and not scope["query_string"])):
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
        except ClientDisconnect as error:
            response = await on_disconnect(request, error)
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
        encoder, output = request.encoder(), Output(request)
        query = self._query(request)
        # A header is read as latin-1; the service writes the bytes of UTF-8 into it.
        headers["X-ClickHouse-Query-Id"] = query.id.encode().decode("latin-1")
        entry.subject = {"queryID": query.id}
        fault = self._emulator.faults.next_for(CLICKHOUSE_QUERY)
        if fault is not None:
            entry.fault = fault.kind
            await asyncio.sleep(fault.latency)
            if fault.prevents:
                return replacement(fault)
        run = await run_in_threadpool(self._emulator.queries.submit, query, output.execute)
        run.ended.add_done_callback(lambda _: output.end())
        chunks = output.chunks()
        first = await run_in_threadpool(next, chunks, None)
        rows: AsyncIterator[bytes] | None = None
        whole = b""
        waits = request.flag("wait_end_of_query")
        if first is not None and not waits and not (fault and fault.replaces):
            rows = self._encoded(http, run, output, encoder, chain([first], chunks))
        else:
            whole = (first or b"") + b"".join([c async for c in iterate_in_threadpool(chunks)])
            failure = run.ended.result().failure
            entry.effect = failure is None
            if fault and fault.replaces:
                return replacement(fault)
            if failure:
                return error_response(failure.error(), headers)
        entry.effect = True
        return _response(request, output, rows or whole, encoder, headers)

    def _query(self, request: ClickHouseRequest) -> Query:
        caller = self._emulator.iam.authenticate(request.credentials())
        role = request.headers.get("X-User-ActiveRole")
        return Query(
            id=request.query_id(),
            kind="sync",
            text=request.head,
            mode=cast(Mode, request.mode),
            session=request.session(caller.user),
            session_timeout=request.session_timeout if request.session_id else None,
            session_must_exist=request.flag("session_check"),
            changes=request.changes(),
            role=self._emulator.iam.active_role(caller.user, role),
            warehouse=request.warehouse,
        )

    async def _encoded(
        self,
        http: Request,
        run: Run,
        output: Output,
        encoder: BodyEncoder,
        chunks: Iterator[bytes],
    ) -> AsyncIterator[bytes]:
        try:
            async for chunk in iterate_in_threadpool(chunks):
                if data := encoder.compress(chunk):
                    yield data
            failure = run.ended.result().failure
            yield (
                encoder.compress(text_of(failure.error()).encode()) if failure else b""
            ) + encoder.flush()
            if failure:
                # As the service does: the error follows the rows, and the connection ends.
                http.scope[CONNECTION].close()
                await asyncio.sleep(_LINGER)  # until the server has noticed
                http.scope[CONNECTION].abort()
        finally:
            output.abandon()
            if not run.ended.done():
                loop = asyncio.get_running_loop()
                loop.run_in_executor(None, self._emulator.queries.kill, run.query.id)

    async def _read_body(self, request: Request) -> bytes:
        if request.method == "POST" and not _FRAMED & set(request.headers):
            raise RequestRefused(
                "LengthRequired",
                "The Transfer-Encoding is not chunked and there is no Content-Length header for"
                " POST request",
            )
        raw = bytearray()
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > MAX_BODY:
                raise body_too_large()
        return bytes(raw)


def _response(
    request: ClickHouseRequest,
    output: Output,
    body: bytes | AsyncIterator[bytes],
    encoder: BodyEncoder,
    headers: dict[str, str],
) -> Response:
    headers["X-ClickHouse-Summary"] = output.summary()
    if output.has_result:
        headers["X-ClickHouse-Format"] = request.output_format
    if body and encoder.encoding:
        headers["Content-Encoding"] = encoder.encoding
    kind = content_type(request.output_format)
    response: Response
    if isinstance(body, bytes):
        encoded = encoder.compress(body) + encoder.flush() if body else b""
        response = Response(encoded, 200, headers, kind)
    else:
        response = StreamingResponse(body, 200, headers, kind)
    for progress in output.progress_headers():
        response.headers.append("X-ClickHouse-Progress", progress)
    return response
