"""Find the list in a response where its key is not documented."""

from __future__ import annotations

from typing import Protocol, TypeVar

from bytehouse_raw.types import Model, RawResponse

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


def extract_list(response: DataResponse, kind: type[M], operation: str) -> list[M]:
    """Return the entries that a response's ``data`` holds.

    They are under the key that the model of ``data`` names, else under the only key that holds a
    list; ``data`` may also be the list itself. No data, or an empty object, is an empty list.

    Args:
        response: The response.
        kind: Model of an entry; an entry that is not an object is kept as received.
        operation: Id of the operation, for the error.

    Raises:
        ResponseDecodeError: Several keys hold lists, or ``data`` is not empty and holds none.
    """
    data = response.data
    if isinstance(data, list):
        return [kind.decode(entry) for entry in data]
    if data is None:
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
    error = ResponseDecodeError(
        f"the response does not show which part of it is the list: {found}",
        operation=operation,
        hint="The list's key is not documented; `error.raw_response` is the response as received.",
    )
    error.raw_response = response.raw_response
    raise error
