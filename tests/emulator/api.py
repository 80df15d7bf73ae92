"""A bare HTTP caller, so that the emulator is tested without the client it is made for."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from bytehouse_raw.operations import DATA_KEY
from tests.support.wire import route

# Calls are plain HTTP; loading certificates takes longer than most of them.
_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Transport(httpx.HTTPTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if DATA_KEY == "data":
            return response
        body = under_data(response.read())
        headers = {k: v for k, v in response.headers.items() if k not in _OF_BODY}
        return httpx.Response(response.status_code, headers=headers, content=body)


def under_data(body: bytes) -> bytes:
    """Return the body of a response with `data`, whatever key openapi.yaml has for it."""
    return body.replace(b'"%b"' % DATA_KEY.encode(), b'"data"', 1)


_OF_BODY = ("content-encoding", "content-length", "transfer-encoding")


class Api:
    """Calls an emulator; `ok` is for calls that must succeed."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.client = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            transport=_Transport(verify=_TLS),
            trust_env=False,
        )

    def call(
        self,
        what: str,
        body: object = None,
        /,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: str | bytes | Iterable[bytes] | None = None,
        **path: object,
    ) -> httpx.Response:
        """Call an operation, or a method and path."""
        method, at = what.split(" ", 1) if " " in what else route(what, **path)
        return self.client.request(
            method, at, json=body, params=params, headers=headers, content=content
        )

    def ok(self, what: str, body: object = None, /, **extra: Any) -> Any:
        """Make one call that must succeed, and return its body."""
        response = self.call(what, body, **extra)
        assert response.status_code == 200, response.text
        return response.json()

    def fails(self, what: str, body: object = None, /, **extra: Any) -> tuple[int, str]:
        """Make one call that must fail, and return the status and the emulator's code."""
        response = self.call(what, body, **extra)
        assert response.status_code >= 400, response.text
        error = response.json()
        assert error["message"] == error["error"]["message"] != ""
        return response.status_code, error["error"]["code"].removeprefix("errbook_")

    def submit(self, query: str, mode: str = "ansi_sql", **extra: Any) -> httpx.Response:
        """Submit statements synchronously."""
        headers = {"X-QuerySession-ID": extra.pop("session")} if "session" in extra else {}
        body = {"query": query, "mode": mode, **extra}
        return self.call("submit_sync_query", body, headers=headers)

    def results(self, query: str, mode: str = "ansi_sql", **extra: Any) -> list[dict[str, Any]]:
        """Run statements and return their results."""
        response = self.submit(query, mode, **extra)
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["data"]
        return found

    def rows(self, query: str, mode: str = "ansi_sql", **extra: Any) -> list[list[Any]]:
        """Run statements and return the rows of the last."""
        found: list[list[Any]] = self.results(query, mode, **extra)[-1]["rows"]
        return found

    def refused(self, query: str, mode: str = "ansi_sql", **extra: Any) -> tuple[int, str]:
        """Run statements that must fail, and return status and code."""
        response = self.submit(query, mode, **extra)
        assert response.status_code >= 400, response.text
        code: str = response.json()["error"]["code"]
        return response.status_code, code.removeprefix("errbook_")

    def status(self, query_id: str) -> str:
        """Return the status of a query."""
        found: str = self.ok("get_async_query_status", id=query_id)["data"]["status"]
        return found

    def wait_for(self, query_id: str, *statuses: str) -> str:
        """Wait until a query has one of some statuses."""
        deadline = time.monotonic() + 20
        while (status := self.status(query_id)) not in statuses:
            assert time.monotonic() < deadline, f"still {status}"
            time.sleep(0.03)
        return status


# Both run until they are killed; the first uses the processor, the second hardly at all.
ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))"
SLEEPING = "SELECT sleep(0.05) FROM numbers(1000000) SETTINGS max_block_size = 1"
