"""Find a list in an answer whose key for it is not documented."""

from __future__ import annotations

from typing import Protocol, TypeVar

from bytehouse_raw.types import Model, RawResponse

from ..errors import ResponseDecodeError

__all__ = ["extract_list"]

M = TypeVar("M", bound=Model)


class Answered(Protocol):
    """Describe an answer that holds something in ``data``."""

    @property
    def data(self) -> object:
        """What the answer is about."""

    @property
    def raw_response(self) -> RawResponse | None:
        """The answer as it came."""


def extract_list(answer: Answered, kind: type[M], operation: str) -> list[M]:
    """Return the entries that an answer's ``data`` holds.

    They are under the key that the model of ``data`` names, else under the only key that holds a
    list; a bare list is taken too. No data, or an object that holds nothing, is an empty list.

    Args:
        answer: The answer.
        kind: Model of an entry; an entry that is no object is kept as it came.
        operation: Id of the operation, for the error.

    Raises:
        ResponseDecodeError: Several keys hold lists, or something is there and none is a list.
    """
    data = answer.data
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
        seen = ", ".join(sorted(others))
    else:
        seen = type(data).__name__
    error = ResponseDecodeError(
        f"the list cannot be told from what else the answer holds: {seen}",
        operation=operation,
        hint="The list's key is not documented; `error.raw_response` is the answer as it came.",
    )
    error.raw_response = answer.raw_response
    raise error
