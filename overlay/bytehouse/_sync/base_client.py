# Derived from overlay/bytehouse/_async/base_client.py by `make generate`. Do not edit.
"""What every client can do: send a call, and make views with other defaults."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, cast

import attrs

from .._core.clock import Clock
from .._core.config import Config
from .._core.interrupts import drop_locals
from .._core.options import CallOptions, Options, ViewOptions
from .._core.roles import current_role, use_role
from .._core.turns import Turns
from ..errors import ByteHouseError
from .shared import Shared

if TYPE_CHECKING:
    from bytehouse_raw.plan import Plan

    from .._call.call import Call
    from .._call.request import ClickHouseBody
    from .._core.secrets import Secret
    from .response_body import Body


T = TypeVar("T")
OptionsT = TypeVar("OptionsT", bound=CallOptions)


class BaseClient:
    """Send calls with the options of a client or of a view of it."""

    def __init__(self, shared: Shared, options: Options) -> None:
        self._shared = shared
        self._options = options

    @property
    def config(self) -> Config:
        """The resolved configuration; `config.explain()` shows where each value came from."""
        return self._shared.settings.config

    @property
    def _clock(self) -> Clock:
        """Source of time of this client."""
        return self._shared.settings.clock

    def role(self, role: str | None) -> AbstractContextManager[None]:
        """Act under a role within a `with` block, in this thread or task alone.

        It overrides the defaults of the client and its views; an option of a call overrides it.

        Args:
            role: Name of the role; None takes the user's default role.
        """
        return use_role(self._shared, self._options.replace({"role": role}).role)

    def _merge_context(self, options: OptionsT) -> OptionsT:
        """Return the options of a call with the role that a `with` block has set, if one has.

        Args:
            options: Options of a call; a role among them overrides that of the block.
        """
        return cast("OptionsT", {**current_role(self._shared), **options})

    def with_options(self, **changes: Unpack[ViewOptions]) -> Self:
        """Return a view of this client with other defaults.

        It shares the client's connections, and closes with it.

        Args:
            **changes: What a call takes (`role`, `timeout`, `deadline`, `max_retries`, `headers`
                and so on; see `CallOptions`), and `warehouse`, `mode`, `database`, `settings`
                and `tags` for statements (see `ViewOptions`). None as `role`, `warehouse` or
                `database` removes the default.

        Raises:
            InvalidArgument: There is no such option, or its value is invalid.
        """
        return self._view(self._options.replace(changes))

    def _redacting(self, secrets: tuple[Secret, ...]) -> Self:
        """Return a view whose results and errors do not show these secrets."""
        return self._view(attrs.evolve(self._options, secrets=secrets)) if secrets else self

    def _view(self, options: Options) -> Self:
        view = object.__new__(type(self))
        view._shared = self._shared
        view._options = options
        return view

    def send(self, plan: Plan[T], **options: Unpack[CallOptions]) -> T:
        """Send one call and return its result. All methods of the client use this.

        Args:
            plan: The call, as a module of `bytehouse_raw.api` plans it.
            **options: Options of this call, see `CallOptions`.

        Raises:
            InvalidArgument: The call cannot be sent as given; nothing was sent.
            TransportError: No response came.
            OutcomeUnknown: None came, the call may have taken effect, and no probe could resolve
                that.
            ResponseDecodeError: The response cannot be decoded.
            APIError: The API returned an error.
        """
        return self._send(plan, self._merge_context(options))

    def _send(
        self, plan: Plan[T], options: CallOptions, clickhouse: ClickHouseBody | None = None
    ) -> T:
        """Send one call, to the ClickHouse interface if it has a body for that."""
        from .._call.call import Call

        merged = self._options.replace(options)
        call: Call[T] = Call(self._shared.settings, merged, plan, clickhouse=clickhouse)
        self._run(call)
        size = len(call.raw.body) if call.raw else 0
        return Turns.run(size, call.result)

    def _stream(self, plan: Plan[Any], **options: Unpack[CallOptions]) -> Body:
        """Send one call as `send` does, and return the body of its response, to be read in pieces.

        Args:
            plan: The call.
            **options: Options of this call. Reading waits for the service no longer than `timeout`
                and `deadline` leave; what the caller does meanwhile does not count.
        """
        from .._call.call import Call
        from .response_body import Body

        merged = self._options.replace(self._merge_context(options))
        call = Call(self._shared.settings, merged, plan, streamed=True)
        try:
            self._run(call)
            return Body(call)
        except BaseException as error:
            if not isinstance(error, ByteHouseError):
                drop_locals(error)
                call.stream = None
            raise

    def _run(self, call: Call[Any]) -> None:
        """Send a call until it is done."""
        from .._transport.models import TransportFailure

        with call.telemetry:
            while True:
                try:
                    transport = self._shared.transport
                except ByteHouseError as closed:
                    raise call.explain(closed) from None
                try:
                    response = transport.send(call.request())
                except TransportFailure as failure:
                    call.on_failure(failure)
                else:
                    Turns.run(len(response.body), call.on_response, response)
                if call.unresolved:
                    from .recovery import recover

                    recover(self, call)
                if call.done:
                    return
                if not self._shared.closed:
                    self._clock.sleep(call.pause)

    def close(self) -> None:
        """Close all connections. A closed client, and every view of it, refuses further calls."""
        self._shared.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        role = f", role={self._options.role!r}" if self._options.role else ""
        return f"{type(self).__name__}({self.config.host!r}{role})"

    def __getstate__(self) -> Any:
        raise TypeError(
            "A client cannot be pickled: it holds connections and a key. Make one where needed."
        )
