"""The error of reading and matching a specification."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bytehouse.errors import ByteHouseError, TransportError


class UpstreamError(ByteHouseError):
    """A specification cannot be fetched or parsed, or is of another API."""


class UpstreamUnreachable(UpstreamError, TransportError):
    """What serves the specification cannot be reached."""


@contextmanager
def reporting_invalid(name: str) -> Iterator[None]:
    """Raise what goes wrong in a document that is not as OpenAPI describes it as `UpstreamError`.

    Args:
        name: What is read, for the message.
    """
    try:
        yield
    except RecursionError:
        raise UpstreamError(f"{name} is nested too deeply.") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UpstreamError(f"{name} is not a valid OpenAPI document: {error!s:.300}") from None
