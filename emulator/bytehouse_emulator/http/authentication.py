"""Authenticate requests by the bearer token."""

from __future__ import annotations

import hmac
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from bytehouse_emulator.emulator import Emulator
from bytehouse_emulator.errors import EmulatorError
from bytehouse_emulator.http.responses import json_response
from bytehouse_emulator.iam.users import Caller, unauthenticated
from bytehouse_emulator.spec.routes import CONTROL_PATH, DOCS_PATH, SPECIFICATION_PATH

_PUBLIC: Final = frozenset({f"{CONTROL_PATH}health", DOCS_PATH, SPECIFICATION_PATH})


class Authentication:
    """ASGI middleware: requires a valid API key, and for the control API the start token.

    The control API accepts that token even if it is no API key any more.
    """

    def __init__(self, app: ASGIApp, emulator: Emulator) -> None:
        self._app = app
        self._emulator = emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an authenticated request on; refuse any other."""
        try:
            caller = self._authenticate(scope)
        except EmulatorError as error:
            control = scope["path"].startswith(CONTROL_PATH)
            status = error.status if control else error.status_in(self._emulator.statuses)
            headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
            await json_response(error.body(), status, headers)(scope, receive, send)
            return
        await self._app({**scope, "caller": caller}, receive, send)

    def _authenticate(self, scope: Scope) -> Caller | None:
        if scope["path"] in _PUBLIC and scope["method"] in ("GET", "HEAD"):
            return None
        header = dict(scope["headers"]).get(b"authorization", b"")
        scheme, _, secret = header.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise unauthenticated("The bearer token is missing in Authorization.")
        if not scope["path"].startswith(CONTROL_PATH):
            return self._emulator.iam.authenticate(secret)
        if not hmac.compare_digest(secret.encode(), self._emulator.settings.token.encode()):
            raise unauthenticated("Only the token that the emulator was started with works here.")
        return None
