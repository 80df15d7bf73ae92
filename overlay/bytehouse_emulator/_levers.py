"""Serve what tests pull, under `/_emulator/`: nothing here is part of the service.

Only the token that the emulator was started with opens these, whatever became of it as an API key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ._clock import LATEST, SECOND
from ._emulator import Emulator
from ._errors import invalid
from ._faults import Fault
from ._loading import Produce
from ._responses import json_response
from ._results import Shape
from ._routes import LEVERS
from ._seed import NewRole, NewUser, apply, read_seed
from ._transitions import Pace

HEALTH: Final = f"{LEVERS}health"
_PATIENCE: Final = 5.0
_M = TypeVar("_M", bound=msgspec.Struct)
_Lever = Callable[[Emulator, Request], Awaitable[dict[str, Any]]]


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """How far to put the clock forward."""

    advance_seconds: float


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """Which transitions to end: those of a kind, that of a key, or all."""

    kind: str = ""
    key: str = ""


class ResultShape(msgspec.Struct, forbid_unknown_fields=True):
    """The shape in which rows are answered."""

    shape: Shape


def levers(emulator: Emulator) -> list[Route]:
    """Make the routes."""
    return [_route(emulator, path, method, lever) for (method, path), lever in _LEVERS.items()]


def _route(emulator: Emulator, path: str, method: str, lever: _Lever) -> Route:
    async def endpoint(request: Request) -> Response:
        return json_response(await lever(emulator, request))

    return Route(path, endpoint, methods=[method])


async def _read(request: Request, model: type[_M]) -> _M:
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=model)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        kind = model.__name__
        raise invalid(kind, f"The body describes no {kind.lower()}: {error}") from None


async def _health(_emulator: Emulator, _request: Request) -> dict[str, Any]:
    return {"status": "ok"}


async def _reset(emulator: Emulator, _request: Request) -> dict[str, Any]:
    await run_in_threadpool(emulator.reset)
    return {}


async def _add_fault(emulator: Emulator, request: Request) -> dict[str, Any]:
    fault = await _read(request, Fault)
    if fault.operation != "*" and fault.operation not in emulator.specification.operations:
        raise invalid("Fault", f"There is no operation {fault.operation!r}.")
    emulator.faults.add(fault)
    return {}


async def _clear_faults(emulator: Emulator, _request: Request) -> dict[str, Any]:
    emulator.faults.clear()
    return {}


async def _tell_journal(emulator: Emulator, request: Request) -> dict[str, Any]:
    entries = emulator.journal.entries(request.query_params.get("operation", ""))
    return {"entries": msgspec.to_builtins(entries)}


async def _clear_journal(emulator: Emulator, _request: Request) -> dict[str, Any]:
    emulator.journal.clear()
    return {}


async def _tell_time(emulator: Emulator, _request: Request) -> dict[str, Any]:
    clock = emulator.clock
    return {"now": clock.now(), "ahead_seconds": clock.ahead / SECOND}


async def _advance(emulator: Emulator, request: Request) -> dict[str, Any]:
    seconds = (await _read(request, Advance)).advance_seconds
    if not 0 <= seconds <= (LATEST - emulator.clock.nanoseconds()) / SECOND:
        message = "The clock goes forward only, and not beyond the year 2499."
        raise invalid("Clock", message)
    emulator.clock.advance(int(seconds * SECOND))
    return await _tell_time(emulator, request)


async def _tell_transitions(emulator: Emulator, _request: Request) -> dict[str, Any]:
    transitions = emulator.transitions
    return {**msgspec.to_builtins(transitions.pace), "pending": transitions.pending()}


async def _set_pace(emulator: Emulator, request: Request) -> dict[str, Any]:
    emulator.transitions.set_pace(await _read(request, Pace))
    return await _tell_transitions(emulator, request)


async def _step(emulator: Emulator, request: Request) -> dict[str, Any]:
    step = await _read(request, Step)
    return {"stepped": emulator.transitions.step(step.kind, step.key)}


async def _add_role(emulator: Emulator, request: Request) -> dict[str, Any]:
    new = await _read(request, NewRole)
    if not new.name.strip():
        raise invalid("Role", "A role needs a name.")
    return {"id": emulator.iam.add_role(new.name, new.description).id}


async def _add_user(emulator: Emulator, request: Request) -> dict[str, Any]:
    new = await _read(request, NewUser)
    return {"id": new.id, "api_key": emulator.iam.add_user(new.id, tuple(new.roles), new.api_key)}


async def _seed(emulator: Emulator, request: Request) -> dict[str, Any]:
    seed = read_seed(await request.body())
    return await run_in_threadpool(apply, emulator, seed)


async def _tell_snapshots(emulator: Emulator, _request: Request) -> dict[str, Any]:
    return {"snapshots": emulator.snapshots()}


async def _take_snapshot(emulator: Emulator, request: Request) -> dict[str, Any]:
    async with emulator.gate.alone(_PATIENCE):
        await run_in_threadpool(emulator.take_snapshot, request.path_params["name"], _PATIENCE)
    return {}


async def _restore_snapshot(emulator: Emulator, request: Request) -> dict[str, Any]:
    # Calls that wait for a query would be waited for.
    await run_in_threadpool(emulator.require_snapshot, request.path_params["name"])
    async with emulator.gate.alone(_PATIENCE, emulator.queries.stop):
        await run_in_threadpool(emulator.restore_snapshot, request.path_params["name"])
    return {}


async def _delete_snapshot(emulator: Emulator, request: Request) -> dict[str, Any]:
    await run_in_threadpool(emulator.delete_snapshot, request.path_params["name"])
    return {}


async def _tell_shape(emulator: Emulator, _request: Request) -> dict[str, Any]:
    return {"shape": emulator.shape}


async def _set_shape(emulator: Emulator, request: Request) -> dict[str, Any]:
    emulator.shape = (await _read(request, ResultShape)).shape
    return await _tell_shape(emulator, request)


async def _produce(emulator: Emulator, request: Request) -> dict[str, Any]:
    given = await _read(request, Produce)
    return await run_in_threadpool(emulator.loading.kafka.produce, given)


_LEVERS: Final[dict[tuple[str, str], _Lever]] = {
    ("GET", HEALTH): _health,
    ("POST", f"{LEVERS}reset"): _reset,
    ("POST", f"{LEVERS}faults"): _add_fault,
    ("DELETE", f"{LEVERS}faults"): _clear_faults,
    ("GET", f"{LEVERS}journal"): _tell_journal,
    ("DELETE", f"{LEVERS}journal"): _clear_journal,
    ("GET", f"{LEVERS}clock"): _tell_time,
    ("POST", f"{LEVERS}clock"): _advance,
    ("GET", f"{LEVERS}transitions"): _tell_transitions,
    ("PUT", f"{LEVERS}transitions"): _set_pace,
    ("POST", f"{LEVERS}transitions/step"): _step,
    ("POST", f"{LEVERS}kafka"): _produce,
    ("POST", f"{LEVERS}roles"): _add_role,
    ("POST", f"{LEVERS}users"): _add_user,
    ("POST", f"{LEVERS}seed"): _seed,
    ("GET", f"{LEVERS}snapshots"): _tell_snapshots,
    ("PUT", f"{LEVERS}snapshots/{{name}}"): _take_snapshot,
    ("DELETE", f"{LEVERS}snapshots/{{name}}"): _delete_snapshot,
    ("POST", f"{LEVERS}snapshots/{{name}}/restore"): _restore_snapshot,
    ("GET", f"{LEVERS}result-shape"): _tell_shape,
    ("PUT", f"{LEVERS}result-shape"): _set_shape,
}
