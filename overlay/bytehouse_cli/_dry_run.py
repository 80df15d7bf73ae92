"""Show a request instead of sending it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, Unpack

import attrs

from bytehouse import ByteHouse, ByteHouseError

from ._output import print_request

if TYPE_CHECKING:
    from bytehouse import CallOptions
    from bytehouse._sync.response_body import Body
    from bytehouse._transport.models import Request
    from bytehouse_raw.plan import Plan

T = TypeVar("T")


class RequestShown(ByteHouseError):
    """A request was shown instead of being sent."""


class _DryRun(ByteHouse):
    """Show the first request; `reads` are sent, if a change is to be shown."""

    _reads = False

    def send(self, plan: Plan[T], **options: Unpack[CallOptions]) -> T:
        if not self._reads or plan.operation.retry != "read":
            self._show(plan, options)
        return super().send(plan, **options)

    def _stream(self, plan: Plan[Any], **options: Unpack[CallOptions]) -> Body:
        self._show(plan, options)

    def _show(self, plan: Plan[Any], options: CallOptions) -> NoReturn:
        from bytehouse._call.call import Call

        # The key is not needed for what is not sent, and may be missing.
        merged = attrs.evolve(self._options.replace(options), api_key="none")
        print_request(_masked(Call(self._shared.settings, merged, plan).request(), plan))
        raise RequestShown("The request was not sent, because of --dry-run.")


class _DryRunOfChange(_DryRun):
    _reads = True


def client_class(*, reads: bool) -> type[ByteHouse]:
    """Return the class of clients that show the first request.

    Args:
        reads: Whether what only reads is sent, and the first change is shown.
    """
    return _DryRunOfChange if reads else _DryRun


def _masked(request: Request, plan: Plan[Any]) -> dict[str, Any]:
    hidden = {"authorization": "Bearer ***", "x-bytehouse-token": "***"}
    headers = {
        name: hidden.get(name.lower(), str(value)) for name, value in request.headers.items()
    }
    return {"method": request.method, "url": request.url, "headers": headers, "body": plan.body}
