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

from tests.whole.scenarios import SECRET

LABEL: Final = (
    "# Recorded against bytehouse-emulator, not ByteHouse. Written by `make record-cassettes`.\n"
)
HIDDEN: Final = "scrubbed"
_HOST = "https://emulator.example"
_HEADERS = frozenset(
    """
    content-type x-account-id x-bytehouse-token x-queryession-id x-user-activerole x-user-id
    """.split()
)
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MOMENT = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")
_UNDER_WAY = frozenset({"Pending", "Queued", "Running", "PENDING", "RUNNING", "STARTING"})


class Scrubber:
    """Take out of an exchange what is secret, and what a second recording would have otherwise."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def request(self, request: Request) -> Request:
        """Return a request as it is kept, and as one that is replayed is compared."""
        parts = urlsplit(request.uri)
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
        if isinstance(data, dict) and data.get("status") in _UNDER_WAY:
            return None
        response["headers"] = {"content-type": ["application/json"]}
        response["body"] = {"string": json.dumps(self._stable("", answer)).encode()}
        return response

    def _known(self, text: str) -> str:
        # An id that no answer has told is one that the client has chosen: any will do.
        return _ID.sub(lambda found: self._ids.get(found[0], _numbered(0)), text)

    def _stable(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._stable(name, inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._stable(key, inner) for inner in value]
        if isinstance(value, str):
            if key == "apiKey":
                return HIDDEN
            for found in _ID.findall(value):
                self._ids.setdefault(found, _numbered(len(self._ids) + 1))
            return _MOMENT.sub("2026-01-01T00:00:00Z", _ID.sub(lambda f: self._ids[f[0]], value))
        return value


def _numbered(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


class Labelled(FilesystemPersister):
    """Say in each file what it was recorded against."""

    @staticmethod
    def save_cassette(
        cassette_path: str | Path, cassette_dict: dict[str, Any], serializer: Any
    ) -> None:
        """Write a cassette."""
        text = LABEL + serialize(cassette_dict, serializer)
        Path(cassette_path).write_text(text, "utf-8")
