"""Keep cassettes that anyone may read: the same bytes each time, and nothing secret in them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from vcr.persisters.filesystem import FilesystemPersister
from vcr.request import Request
from vcr.serialize import serialize

from bytehouse_raw.operations import OPERATIONS
from tests.support.wire import asked
from tests.whole.scenarios import SECRET

LABEL: Final = (
    "# Recorded against bytehouse-emulator, not ByteHouse. Written by `make record-cassettes`.\n"
)
HIDDEN: Final = "scrubbed"
_HOST = "https://emulator.example"
_HEADERS = frozenset(
    """
    content-type x-account-id x-bytehouse-token x-querysession-id x-user-activerole x-user-id
    """.split()
)
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NUMBERED = "00000000-0000-4000-8000-"
# An id that no answer has told is one that the client has chosen: any will do.
_CHOSEN = re.compile(rf"(?!{_NUMBERED}){_ID.pattern}")
_KEY_ID = re.compile(r"[0-9A-Za-z]{20}")
_SOME_DAY = "2026-01-01T00:00:00Z"
_MOMENT = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")
# The engine says it in other words if the query had not begun yet.
_CANCELLED = re.compile(r"(DB::Exception:) .* (\(QUERY_WAS_CANCELLED\))")
_MEASURED = frozenset({"durationMs", "memoryUsage", "resultBytes", "speed"})
_UNDER_WAY = frozenset({"Pending", "Queued", "Running", "PENDING", "RUNNING", "STARTING"})


class Scrubber:
    """Take out of an exchange what is secret, and what a second recording would have otherwise."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._reads = False

    def request(self, request: Request) -> Request:
        """Return a request as it is kept, and as one that is replayed is compared."""
        parts = urlsplit(request.uri)
        operation, _ = asked(request.method, parts.path)
        self._reads = OPERATIONS[operation].retry == "read"
        query = f"?{parts.query}" if parts.query else ""
        request.uri = _HOST + self._known(parts.path) + query
        if request.body:
            request.body = self._known(request.body.decode()).replace(SECRET, HIDDEN)
        request.headers = {
            name.lower(): HIDDEN if value == SECRET else value
            for name, value in request.headers.items()
            if name.lower() in _HEADERS
        }
        return request

    def response(self, response: dict[str, Any]) -> dict[str, Any] | None:
        """Return an answer as it is kept; None for one that only says that it is not over yet."""
        answer = json.loads(response["body"]["string"])
        data = answer.get("data")
        if self._reads and isinstance(data, dict) and data.get("status") in _UNDER_WAY:
            return None
        response["headers"] = {"content-type": ["application/json"]}
        response["body"] = {"string": json.dumps(self._stable("", answer)).encode()}
        return response

    def _known(self, text: str) -> str:
        for found, stable in self._ids.items():
            text = text.replace(found, stable)
        return _CHOSEN.sub(_numbered(0), text)

    def _stable(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._stable(name, inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._stable(key, inner) for inner in value]
        if key in _MEASURED:
            return 100
        if not isinstance(value, str):
            return value
        for found in [value] if _KEY_ID.fullmatch(value) else _ID.findall(value):
            self._ids.setdefault(found, _numbered(len(self._ids) + 1))
        value = _CANCELLED.sub(r"\1 Query was cancelled. \2", value)
        return HIDDEN if key == "apiKey" else _MOMENT.sub(_SOME_DAY, self._known(value))


def _numbered(number: int) -> str:
    return f"{_NUMBERED}{number:012}"


class Labelled:
    """Say in each file what it was recorded against."""

    load_cassette = FilesystemPersister.load_cassette

    @staticmethod
    def save_cassette(
        cassette_path: str | Path, cassette_dict: dict[str, Any], serializer: Any
    ) -> None:
        """Write a cassette."""
        text = LABEL + serialize(cassette_dict, serializer)
        Path(cassette_path).write_text(text, "utf-8")
