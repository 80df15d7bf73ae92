"""Find the list in a response where its key is not documented."""

from __future__ import annotations

from typing import Protocol, TypeVar

from bytehouse_raw.types import Model, RawResponse

from .._core import json
from ..errors import ResponseDecodeError

M = TypeVar("M", bound=Model)


class DataResponse(Protocol):
    """A decoded response with ``data``."""

    @property
    def data(self) -> object:
        """The content of the response."""

    @property
    def raw_response(self) -> RawResponse | None:
        """The response as received."""


def has_data(response: DataResponse) -> bool:
    """Return whether a response has ``data``; null is some: an empty list, of services in Go."""
    if response.data is not None or response.raw_response is None:
        return True
    names = {name for name, at in getattr(response, "_fields", {}).items() if at == "data"}
    document = json.decode(response.raw_response.body.strip() or b"{}")
    return not names.isdisjoint(document)


def data_error(response: DataResponse, operation: str, problem: str) -> ResponseDecodeError:
    """Return the error for a success whose data are not as they must be."""
    error = ResponseDecodeError(
        problem,
        operation=operation,
        hint="The call succeeded; the service may use other names than those known. "
        "`error.raw_response` is the response as received.",
    )
    error.raw_response = response.raw_response
    return error


def extract_list(response: DataResponse, kind: type[M], operation: str) -> list[M]:
    """Return the entries that a response's ``data`` holds.

    They are under the key that the model of ``data`` names, else under the only key that holds a
    list; ``data`` may also be the list itself. Null, or an empty object, is an empty list.

    Args:
        response: The response.
        kind: Model of an entry; an entry that is not an object is kept as received.
        operation: Id of the operation, for the error.

    Raises:
        ResponseDecodeError: There is no ``data``, several of its keys hold lists, or it is not
            empty and holds none.
    """
    data = response.data
    if isinstance(data, list):
        return [kind.decode(entry) for entry in data]
    if data is None:
        if not has_data(response):
            raise data_error(response, operation, "the response has no data")
        return []
    if isinstance(data, Model):
        for attribute in data._fields.values():
            if isinstance(named := getattr(data, attribute), list):
                return list(named)
        others = data.to_dict()
        lists = [value for value in others.values() if isinstance(value, list)]
        if len(lists) == 1:
            return [kind.decode(entry) for entry in lists[0]]
        if not any(others.values()):
            return []
        found = ", ".join(sorted(others))
    else:
        found = type(data).__name__
    raise data_error(
        response, operation, f"the response does not show which part of it is the list: {found}"
    )
