"""A service with two API keys for its user, which fails where a test says."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Literal

import attrs

from tests.support.server import RESET, Reply, Seen, data

__all__ = ["NEW", "OLD", "SPARE", "Failure", "KeyService", "everything_shown"]

OLD, SPARE, NEW = "id-7:Old-5c1f", "id-7:Spare-77aa", "id-7:New-9b3e"
Failure = Literal["refused", "down", "lost before", "lost after", "garbled", "shut out"]


@attrs.define
class KeyService:
    """Respond to the operations of API keys as documented.

    Attributes:
        keys: Secrets by id.
        fail_at: The request to fail at, counted from 1, and how.
        known_after: How many requests under a new key are refused until it is known.
        most: How many keys there were at most.
    """

    keys: dict[str, str]
    fail_at: tuple[int, Failure] | None = None
    known_after: int = 0
    requests: list[str] = attrs.field(factory=list)
    deleted: list[tuple[str, str]] = attrs.field(factory=list)
    worked: set[str] = attrs.field(factory=set)
    most: int = 0
    on_delete: Callable[[str], object] = lambda key_id: None  # noqa: ARG005

    def __call__(self, seen: Seen) -> Reply:
        """Respond to one request."""
        self.requests.append(seen.line)
        failure = (
            self.fail_at[1] if self.fail_at and len(self.requests) == self.fail_at[0] else None
        )
        if failure in _FAILURES:
            return _FAILURES[failure]
        reply = self._respond(seen, (seen.header("Authorization") or "").removeprefix("Bearer "))
        self.most = max(self.most, len(self.keys))
        if failure == "lost after":
            return RESET
        return Reply(body=reply.encoded().partition(b"\r\n\r\n")[2][:-1]) if failure else reply

    def _respond(self, seen: Seen, secret: str) -> Reply:
        self.known_after -= secret == NEW
        if secret not in self.keys.values() or (secret == NEW and self.known_after >= 0):
            return _refusal(401, "unknown key")
        self.worked.add(secret)
        if seen.operation == "list_api_keys":
            return data([{"id": key_id, "status": "ENABLED"} for key_id in self.keys])
        if seen.operation == "create_api_key":
            return self._create()
        key_id = seen.path["api_key_id"]
        if key_id not in self.keys:
            return _refusal(404, "no such key")
        self.on_delete(key_id)
        self.deleted.append((key_id, secret))
        del self.keys[key_id]
        return Reply(body={"message": "Success", "error": {}})

    def _create(self) -> Reply:
        if len(self.keys) == 2:
            return _refusal(400, "two keys are the limit")
        self.keys["k-new"] = NEW
        return data({"id": "k-new", "apiKey": NEW})


def _refusal(status: int, message: str) -> Reply:
    return Reply(status, {"error": {"code": "errbook_Key", "message": message}})


_FAILURES: dict[Failure | None, Reply] = {
    "refused": _refusal(403, "not allowed"),
    "down": Reply(500, {"error": {"code": "errbook_Down", "message": "down"}}),
    "lost before": RESET,
    "shut out": _refusal(401, "unknown key"),
}


def everything_shown(error: BaseException | None, *results: object) -> str:
    """Return everything that a log, a report or a debugger shows of an error and of results.

    The frames of the tests themselves are excluded: they hold the secrets to compare with.
    """
    shown = [repr(result) + str(result) + f"{result}" for result in results]
    while error is not None:
        shown += [repr(error), str(error), repr(vars(error)), *getattr(error, "__notes__", ())]
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        shown += [
            f"{frame.name} {frame.locals}" for frame in frames if "/tests/" not in frame.filename
        ]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(shown)
