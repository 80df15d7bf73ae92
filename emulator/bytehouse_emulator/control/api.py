"""The control API under `/_emulator/`: how tests steer the emulator; the service has none of it.

It requires the token that the emulator was started with, see `http/authentication.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bytehouse_emulator.control.seed import NewRole, NewUser, apply, apply_seed_file, read_seed
from bytehouse_emulator.emulator import Emulator
from bytehouse_emulator.errors import Statuses, invalid
from bytehouse_emulator.http.responses import json_response
from bytehouse_emulator.loading.kafka import Produce
from bytehouse_emulator.simulation.clock import LATEST, SECOND
from bytehouse_emulator.simulation.faults import CLICKHOUSE_QUERY, Fault
from bytehouse_emulator.simulation.transitions import Pace
from bytehouse_emulator.spec.routes import CONTROL_PATH
from bytehouse_emulator.storage.results import Shape

_SNAPSHOT_TIMEOUT: Final = 5.0
_M = TypeVar("_M", bound=msgspec.Struct)
_Endpoint = Callable[[Emulator, Request], Awaitable[dict[str, Any]]]
ENDPOINTS: Final[dict[tuple[str, str], _Endpoint]] = {}


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """How far to put the clock forward."""

    advance_seconds: float


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """Which transitions to complete: those of a kind, of a key, or all."""

    kind: str = ""
    key: str = ""


class ResultShape(msgspec.Struct, forbid_unknown_fields=True):
    """The shape of responses with rows."""

    shape: Shape


class StatusSetting(msgspec.Struct, forbid_unknown_fields=True):
    """Which statuses errors have."""

    statuses: Statuses


def control_routes(emulator: Emulator) -> list[Route]:
    """Return the routes of the control API."""
    return [_route(emulator, *place, endpoint) for place, endpoint in ENDPOINTS.items()]


def _route(emulator: Emulator, method: str, path: str, endpoint: _Endpoint) -> Route:
    async def respond(request: Request) -> Response:
        return json_response(await endpoint(emulator, request))

    return Route(path, respond, methods=[method])


def _endpoint(method: str, path: str) -> Callable[[_Endpoint], _Endpoint]:
    def register(function: _Endpoint) -> _Endpoint:
        ENDPOINTS[method, f"{CONTROL_PATH}{path}"] = function
        return function

    return register


async def _read(request: Request, model: type[_M]) -> _M:
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=model)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        kind = model.__name__
        raise invalid(kind, f"The body is not as it must be: {error}.") from None


@_endpoint("GET", "health")
async def _health(_emulator: Emulator, _request: Request) -> dict[str, Any]:
    return {"status": "ok"}


@_endpoint("POST", "reset")
async def _reset(emulator: Emulator, _request: Request) -> dict[str, Any]:
    await run_in_threadpool(emulator.reset)
    await run_in_threadpool(apply_seed_file, emulator)
    return {}


@_endpoint("POST", "faults")
async def _add_fault(emulator: Emulator, request: Request) -> dict[str, Any]:
    fault = await _read(request, Fault)
    known = {"*", CLICKHOUSE_QUERY, *emulator.specification.operations}
    if fault.operation not in known:
        raise invalid("Fault", f"There is no operation {fault.operation!r}.")
    emulator.faults.add(fault)
    return {}


@_endpoint("DELETE", "faults")
async def _clear_faults(emulator: Emulator, _request: Request) -> dict[str, Any]:
    emulator.faults.clear()
    return {}


@_endpoint("GET", "journal")
async def _get_journal(emulator: Emulator, request: Request) -> dict[str, Any]:
    entries = emulator.journal.entries(request.query_params.get("operation", ""))
    return {"entries": msgspec.to_builtins(entries)}


@_endpoint("DELETE", "journal")
async def _clear_journal(emulator: Emulator, _request: Request) -> dict[str, Any]:
    emulator.journal.clear()
    return {}


@_endpoint("GET", "clock")
async def _get_clock(emulator: Emulator, _request: Request) -> dict[str, Any]:
    clock = emulator.clock
    return {"now": clock.now(), "ahead_seconds": clock.ahead / SECOND}


@_endpoint("POST", "clock")
async def _advance_clock(emulator: Emulator, request: Request) -> dict[str, Any]:
    seconds = (await _read(request, Advance)).advance_seconds
    if not 0 <= seconds <= (LATEST - emulator.clock.nanoseconds()) / SECOND:
        message = "The clock goes forward only, and not beyond the year 2499."
        raise invalid("Clock", message)
    emulator.clock.advance(int(seconds * SECOND))
    return await _get_clock(emulator, request)


@_endpoint("GET", "transitions")
async def _get_transitions(emulator: Emulator, _request: Request) -> dict[str, Any]:
    transitions = emulator.transitions
    return {**msgspec.to_builtins(transitions.pace), "pending": transitions.pending()}


@_endpoint("PUT", "transitions")
async def _set_pace(emulator: Emulator, request: Request) -> dict[str, Any]:
    emulator.transitions.pace = await _read(request, Pace)
    return await _get_transitions(emulator, request)


@_endpoint("POST", "transitions/step")
async def _step(emulator: Emulator, request: Request) -> dict[str, Any]:
    step = await _read(request, Step)
    return {"stepped": emulator.transitions.step(step.kind, step.key)}


@_endpoint("POST", "kafka")
async def _produce(emulator: Emulator, request: Request) -> dict[str, Any]:
    produced = await _read(request, Produce)
    return await run_in_threadpool(emulator.loading.kafka.produce, produced)


@_endpoint("POST", "roles")
async def _add_role(emulator: Emulator, request: Request) -> dict[str, Any]:
    new = await _read(request, NewRole)
    if not new.name.strip():
        raise invalid("Role", "A role needs a name.")
    return {"id": emulator.iam.add_role(new.name, new.description).id}


@_endpoint("POST", "users")
async def _add_user(emulator: Emulator, request: Request) -> dict[str, Any]:
    new = await _read(request, NewUser)
    return {"id": new.id, "api_key": emulator.iam.add_user(new.id, tuple(new.roles), new.api_key)}


@_endpoint("POST", "seed")
async def _seed(emulator: Emulator, request: Request) -> dict[str, Any]:
    seed = read_seed(await request.body())
    return await run_in_threadpool(apply, emulator, seed)


@_endpoint("GET", "snapshots")
async def _list_snapshots(emulator: Emulator, _request: Request) -> dict[str, Any]:
    return {"snapshots": emulator.snapshots.names()}


@_endpoint("PUT", "snapshots/{name}")
async def _save_snapshot(emulator: Emulator, request: Request) -> dict[str, Any]:
    name = request.path_params["name"]
    async with emulator.gate.exclusive(_SNAPSHOT_TIMEOUT):
        await run_in_threadpool(emulator.save_snapshot, name, _SNAPSHOT_TIMEOUT)
    return {}


@_endpoint("DELETE", "snapshots/{name}")
async def _delete_snapshot(emulator: Emulator, request: Request) -> dict[str, Any]:
    await run_in_threadpool(emulator.snapshots.delete, request.path_params["name"])
    return {}


@_endpoint("POST", "snapshots/{name}/restore")
async def _restore_snapshot(emulator: Emulator, request: Request) -> dict[str, Any]:
    name = request.path_params["name"]
    await run_in_threadpool(emulator.snapshots.path, name)
    # Queries are killed, or the requests that wait for one would not end.
    async with emulator.gate.exclusive(_SNAPSHOT_TIMEOUT, emulator.queries.kill_all):
        await run_in_threadpool(emulator.restore_snapshot, name)
    return {}


@_endpoint("GET", "result-shape")
async def _get_shape(emulator: Emulator, _request: Request) -> dict[str, Any]:
    return {"shape": emulator.shape}


@_endpoint("PUT", "result-shape")
async def _set_shape(emulator: Emulator, request: Request) -> dict[str, Any]:
    emulator.shape = (await _read(request, ResultShape)).shape
    return await _get_shape(emulator, request)


@_endpoint("GET", "statuses")
async def _get_statuses(emulator: Emulator, _request: Request) -> dict[str, Any]:
    return {"statuses": emulator.statuses}


@_endpoint("PUT", "statuses")
async def _set_statuses(emulator: Emulator, request: Request) -> dict[str, Any]:
    emulator.statuses = (await _read(request, StatusSetting)).statuses
    return await _get_statuses(emulator, request)
