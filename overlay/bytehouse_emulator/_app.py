"""Serve the operations of the specification over HTTP."""

from __future__ import annotations

import asyncio
import hmac
import inspect
import logging
from collections.abc import Callable, Iterator
from typing import Any, Final, cast
from urllib.parse import unquote

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from . import _handlers, _rules
from ._call import HANDLERS, Answer, Call
from ._distortions import distort
from ._docs import SPEC, docs
from ._emulator import Emulator
from ._errors import EmulatorError, invalid, not_modelled
from ._faults import Fault
from ._iam import ADMINS, Caller, unauthenticated
from ._journal import Entry, subject_of
from ._levers import HEALTH, levers
from ._responses import common_headers, json_response
from ._routes import DOCS, LEVERS
from ._spec import Operation

_LOG: Final = logging.getLogger("bytehouse_emulator")
_LARGE: Final = 1 << 20
_CONNECTION: Final = "bytehouse_emulator.connection"
_OPEN: Final = frozenset({HEALTH, DOCS, SPEC})


def build_app(emulator: Emulator) -> ASGIApp:
    """Build the application of an emulator."""
    _handlers.load()
    known = emulator.specification.operations.keys()
    if unknown := HANDLERS.keys() - known:
        raise LookupError(f"Operations that the specification lacks: {sorted(unknown)}")
    if odd := _rules.RULES.keys() ^ known:
        raise LookupError(f"Operations with no rule, or rules with no operation: {sorted(odd)}")
    methods: dict[str, dict[str, Operation]] = {}
    for operation in emulator.specification.operations.values():
        served = emulator.served[operation.id]
        methods.setdefault(served.path, {})[served.method] = operation
    # A word in a path goes before a parameter in its place.
    paths = sorted(methods, key=lambda path: ["{" in part for part in path.split("/")])
    routes = [_route(emulator, path, methods[path]) for path in paths]
    pages = docs(emulator.specification, emulator.served)
    app = Starlette(
        routes=[*routes, *levers(emulator), *pages],
        exception_handlers={
            EmulatorError: _on_error,
            HTTPException: _on_http_error,
            Exception: _on_fault,
        },
    )
    app.router.redirect_slashes = False
    return _Gate(app, emulator)


class _Gate:
    """Lets in who has a good key, and keeps an escaped slash in a name from parting it."""

    def __init__(self, app: ASGIApp, emulator: Emulator) -> None:
        self._app = app
        self._emulator = emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["path"] = scope["raw_path"].decode("latin-1")
        if scope["path"].startswith(LEVERS):
            await self._let_in(scope, receive, send)
        else:
            async with self._emulator.gate.passing():
                await self._let_in(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The server's own part that talks to this caller; there is no other way to hang up.
        scope[_CONNECTION] = getattr(getattr(send, "__self__", None), "transport", None)
        try:
            self._authenticate(scope)
        except EmulatorError as error:
            headers = {"WWW-Authenticate": "Bearer"}
            await json_response(error.body(), 401, headers)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _authenticate(self, scope: Scope) -> None:
        if scope["path"] in _OPEN and scope["method"] in ("GET", "HEAD"):
            return
        given = dict(scope["headers"]).get(b"authorization", b"")
        scheme, _, secret = given.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise unauthenticated("The bearer token is missing in Authorization.")
        if not scope["path"].startswith(LEVERS):
            scope["caller"] = self._emulator.iam.authenticate(secret)
        elif not hmac.compare_digest(secret.encode(), self._emulator.settings.token.encode()):
            raise unauthenticated("Only the token that the emulator was started with works here.")


def _route(emulator: Emulator, path: str, operations: dict[str, Operation]) -> Route:
    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        operation = operations[method]
        entry = emulator.journal.open(operation.id, request.method, request.url.path)
        try:
            response = await _answer(emulator, operation, request, entry)
        except EmulatorError as error:
            entry.status = error.status
            raise
        entry.status = 0 if isinstance(response, _Dropped) else response.status_code
        return response

    return Route(path, endpoint, methods=list(operations))


async def _answer(
    emulator: Emulator, operation: Operation, request: Request, entry: Entry
) -> Response:
    caller: Caller = request.scope["caller"]
    role = ""
    if operation.takes_role:
        role = emulator.iam.active_role(caller.user, request.headers.get("X-User-ActiveRole"))
    fault = emulator.faults.take(operation.id)
    if fault is not None:
        entry.fault = fault.kind
        await asyncio.sleep(fault.latency)
        if fault.prevents:
            return _wrong(fault)
    handler = HANDLERS.get(operation.id)
    if handler is None:
        raise not_modelled(operation.id, "this version of the emulator has no answer for it.")
    call = Call(
        emulator,
        operation.id,
        _read_parameters(emulator, operation, request),
        await _read_body(emulator, operation, request),
        role,
        caller,
    )
    entry.subject = subject_of(call.body)
    if role not in ADMINS:
        await run_in_threadpool(_rules.check, call)
    if inspect.iscoroutinefunction(handler):
        answer: Answer = await handler(call)
    else:
        answer = await run_in_threadpool(cast(Callable[[Call], Answer], handler), call)
    entry.effect = True
    if fault is not None and (fault.status or fault.drop):
        return _wrong(fault)
    return await run_in_threadpool(_respond, call, operation, answer, fault)


def _wrong(fault: Fault) -> Response:
    if fault.drop:
        return _Dropped()
    headers = {"Content-Type": fault.content_type, **fault.headers}
    return Response(fault.body, fault.status, headers)


def _read_parameters(emulator: Emulator, operation: Operation, request: Request) -> dict[str, Any]:
    names = emulator.served[operation.id].names
    sources = {
        "path": {names[name]: unquote(value) for name, value in request.path_params.items()},
        "query": request.query_params,
        "header": request.headers,
    }
    return {p.name: p.read(sources[p.place].get(p.name)) for p in operation.parameters}


async def _read_body(emulator: Emulator, operation: Operation, request: Request) -> dict[str, Any]:
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > emulator.settings.max_body:
            raise EmulatorError(413, "Request_TooLarge", "The body of the request is too large.")
    if not operation.takes_body:
        return {}
    kind = request.headers.get("Content-Type", "application/json").partition(";")[0].strip()
    if kind.lower() != "application/json":
        raise EmulatorError(415, "Request_NotJSON", f"The body must be JSON, not {kind[:80]!r}.")
    try:
        body = msgspec.json.decode(bytes(raw))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid("Request", f"The body is no JSON: {error}") from None
    if problem := operation.validate_body(body):
        raise invalid("Request", f"The body is not as it must be: {problem}")
    operation.settle_integers(body)
    return cast(dict[str, Any], body)


def _respond(call: Call, operation: Operation, answer: Answer, fault: Fault | None) -> Response:
    validate = call.emulator.settings.validate_answers
    if isinstance(answer, dict):
        if validate:
            _validate(operation, answer)
        body = msgspec.json.encode(answer)
    else:
        pieces, body = answer.pieces, b""
        for piece in pieces:
            body += piece
            if len(body) > _LARGE and not fault:
                rest = _chain(body, pieces)
                headers = common_headers()
                return StreamingResponse(rest, media_type="application/json", headers=headers)
        if validate and answer.specified:
            _validate(operation, msgspec.json.decode(body))
    if fault:
        body = distort(fault.distort, body, call.text("cursor"))
    if fault and fault.truncate:
        return _Truncated(body, media_type="application/json", headers=common_headers())
    return Response(body, media_type="application/json", headers=common_headers())


class _Dropped(Response):
    """No answer: the connection ends."""

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        scope[_CONNECTION].abort()
        while (await receive())["type"] != "http.disconnect":
            pass


class _Truncated(Response):
    """An answer that promises its whole length and breaks off half-way."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        # Returning here makes the server drop the connection, for the body is not complete.


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _validate(operation: Operation, answer: object) -> None:
    if problem := operation.validate_answer(answer):
        raise EmulatorError(
            500,
            "Emulator_Fault",
            f"The answer of {operation.id} breaks the specification: {problem}",
        )


async def _on_error(_: Request, error: Exception) -> Response:
    error = cast(EmulatorError, error)
    return json_response(error.body(), error.status)


async def _on_http_error(request: Request, error: Exception) -> Response:
    error = cast(HTTPException, error)
    if error.status_code == 405:
        message = f"{request.method} is not a method of {request.url.path}."
        body = EmulatorError(405, "Request_MethodNotAllowed", message).body()
    else:
        body = EmulatorError(404, "Request_PathNotFound", f"No path {request.url.path}.").body()
    return json_response(body, error.status_code, dict(error.headers or {}))


async def _on_fault(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return json_response(
        EmulatorError(500, "Emulator_Fault", f"The emulator failed: {error!r}").body(), 500
    )
