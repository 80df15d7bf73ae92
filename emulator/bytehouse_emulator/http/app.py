"""Serve the operations of the specification over HTTP."""

from __future__ import annotations

import asyncio
import codecs
import inspect
import logging
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, Final, cast
from urllib.parse import unquote

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

import bytehouse_emulator.handlers  # noqa: F401 - it registers them
from bytehouse_emulator.calls.call import HANDLERS, Call, Result
from bytehouse_emulator.emulator import Emulator
from bytehouse_emulator.errors import EmulatorError, invalid, not_modelled
from bytehouse_emulator.http.authentication import Authentication
from bytehouse_emulator.http.docs_page import docs_routes
from bytehouse_emulator.http.fault_responses import Dropped, distorted, replacement
from bytehouse_emulator.http.responses import common_headers, json_response
from bytehouse_emulator.iam.users import ADMINS, Caller
from bytehouse_emulator.simulation.faults import Fault
from bytehouse_emulator.simulation.journal import Entry, subject_of
from bytehouse_emulator.spec.routes import CONTROL_PATH
from bytehouse_emulator.spec.specification import Operation

_LOG: Final = logging.getLogger("bytehouse_emulator")
_LARGE: Final = 1 << 20


def build_app(emulator: Emulator, control_routes: Sequence[BaseRoute]) -> ASGIApp:
    """Build the application of an emulator."""
    operations = emulator.specification.operations
    if unknown := HANDLERS.keys() - operations.keys():
        raise LookupError(f"Handlers of operations that do not exist: {sorted(unknown)}")
    methods: dict[str, dict[str, Operation]] = {}
    for operation in operations.values():
        route = emulator.routes[operation.id]
        methods.setdefault(route.path, {})[route.method] = operation
    # A fixed segment of a path precedes a parameter in its place.
    paths = sorted(methods, key=lambda path: ["{" in segment for segment in path.split("/")])
    routes = [_route(emulator, path, methods[path]) for path in paths]
    app = Starlette(
        routes=[*routes, *control_routes, *docs_routes(emulator.specification, emulator.routes)],
        exception_handlers={
            EmulatorError: _on_emulator_error,
            HTTPException: _on_http_error,
            ClientDisconnect: on_disconnect,
            Exception: _on_failure,
        },
    )
    app.router.redirect_slashes = False
    return _Entry(Authentication(app, emulator), emulator)


class _Entry:
    """The ASGI application of the API: prepares the scope, and counts requests in progress."""

    def __init__(self, app: ASGIApp, emulator: Emulator) -> None:
        self._app = app
        self._gate = emulator.gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # An escaped slash in a name must not split it.
        scope["path"] = scope["raw_path"].decode("latin-1")
        if scope["path"].startswith(CONTROL_PATH):
            await self._app(scope, receive, send)
        else:
            async with self._gate.request():
                await self._app(scope, receive, send)


def _route(emulator: Emulator, path: str, operations: dict[str, Operation]) -> Route:
    async def endpoint(request: Request) -> Response:
        operation = operations["GET" if request.method == "HEAD" else request.method]
        entry = emulator.journal.open(operation.id, request.method, request.url.path)
        try:
            response = await _respond(emulator, operation, request, entry)
        except EmulatorError as error:
            entry.status = error.status_in(emulator.statuses)
            return json_response(error.body(), entry.status)
        entry.status = 0 if isinstance(response, Dropped) else response.status_code
        return response

    return Route(path, endpoint, methods=list(operations))


async def _respond(
    emulator: Emulator, operation: Operation, request: Request, entry: Entry
) -> Response:
    caller: Caller = request.scope["caller"]
    role = ""
    if operation.takes_role:
        header = emulator.specification.role_header
        role = emulator.iam.active_role(caller.user, request.headers.get(header))
    fault = emulator.faults.next_for(operation.id)
    if fault is not None:
        entry.fault = fault.kind
        await asyncio.sleep(fault.latency)
        if fault.prevents:
            return replacement(fault)
    handler = HANDLERS.get(operation.id)
    if handler is None:
        raise not_modelled(operation.id, "this version of the emulator has no answer for it.")
    parameters = _read_parameters(emulator, operation, request)
    body = await _read_body(emulator, operation, request)
    call = Call(emulator, operation.id, parameters, body, role, caller)
    entry.subject = subject_of(call.body)
    if role not in ADMINS:
        await run_in_threadpool(handler.authorize, call)
    if inspect.iscoroutinefunction(handler.run):
        result: Result = await handler.run(call)
    else:
        result = await run_in_threadpool(cast(Callable[[Call], Result], handler.run), call)
    entry.effect = True
    if fault is not None and fault.replaces:
        return replacement(fault)
    return await run_in_threadpool(_encode, call, operation, result, fault)


def _read_parameters(emulator: Emulator, operation: Operation, request: Request) -> dict[str, Any]:
    known = {parameter.name for parameter in operation.parameters if parameter.place == "query"}
    given = [name for name, _ in request.query_params.multi_items()]
    _refuse_unknown(emulator, "Parameter", "query parameter", set(given) - known)
    if len(set(given)) < len(given):
        raise invalid("Parameter", "A query parameter is there twice.")
    names = emulator.routes[operation.id].names
    sources = {
        "path": {names[name]: unquote(value) for name, value in request.path_params.items()},
        "query": request.query_params,
        "header": request.headers,
    }
    return {p.name: p.read(sources[p.place].get(p.name)) for p in operation.parameters}


async def _read_body(emulator: Emulator, operation: Operation, request: Request) -> dict[str, Any]:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > emulator.settings.max_body:
            raise EmulatorError(413, "Request_TooLarge", "The body of the request is too large.")
    if not operation.takes_body:
        if raw.strip() and not emulator.settings.lenient:
            raise invalid("Request", f"{operation.id} takes no body; --lenient ignores it.")
        return {}
    kind = request.headers.get("Content-Type", "application/json").partition(";")[0].strip()
    if kind.lower() != "application/json":
        raise EmulatorError(415, "Request_NotJSON", f"The body must be JSON, not {kind[:80]!r}.")
    try:
        body = msgspec.json.decode(raw.removeprefix(codecs.BOM_UTF8))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid("Request", f"The body is no JSON: {error}") from None
    if problem := operation.validate_body(body):
        raise invalid("Request", f"The body is not as it must be: {problem}")
    _refuse_unknown(emulator, "Request", "field of the body", operation.unknown_fields(body))
    operation.normalize_integers(body)
    return cast(dict[str, Any], body)


def _refuse_unknown(emulator: Emulator, kind: str, what: str, unknown: set[str]) -> None:
    """Refuse what would have no effect, so that a misspelt name is noticed."""
    if unknown and not emulator.settings.lenient:
        names = ", ".join(repr(name[:40]) for name in sorted(unknown)[:5])
        raise invalid(kind, f"There is no {what} {names}; --lenient ignores such.")


def _encode(call: Call, operation: Operation, result: Result, fault: Fault | None) -> Response:
    validate, key = call.emulator.settings.validate_answers, operation.data_key
    if isinstance(result, dict):
        if key != "data" and "data" in result:
            result = {key if name == "data" else name: value for name, value in result.items()}
        if validate:
            _validate(operation, result)
        body = msgspec.json.encode(result)
    else:
        chunks, body = result.chunks, b""
        if key != "data":
            begin = next(chunks, b"").replace(b'"data"', msgspec.json.encode(key), 1)
            chunks = chain([begin], chunks)
        for chunk in chunks:
            body += chunk
            if len(body) > _LARGE and not fault:
                return StreamingResponse(
                    chain([body], chunks), media_type="application/json", headers=common_headers()
                )
        if validate and result.specified:
            _validate(operation, msgspec.json.decode(body))
    if fault:
        return distorted(fault, body, call.string("cursor"))
    return Response(body, media_type="application/json", headers=common_headers())


def _validate(operation: Operation, response: object) -> None:
    if problem := operation.validate_response(response):
        raise EmulatorError(
            500,
            "Emulator_Fault",
            f"The answer of {operation.id} breaks the specification: {problem}",
        )


async def _on_emulator_error(_: Request, error: Exception) -> Response:
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


async def on_disconnect(request: Request, _: Exception) -> Response:
    """Note that a client has gone before it had sent its request; nobody reads the response."""
    _LOG.debug("%s %s: the client disconnected", request.method, request.url.path)
    return Response(status_code=400)


async def _on_failure(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    message = f"The emulator failed: {error!r}"
    return json_response(EmulatorError(500, "Emulator_Fault", message).body(), 500)
