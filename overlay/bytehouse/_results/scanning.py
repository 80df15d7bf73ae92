"""Find where the values of a JSON document end, without decoding them."""

from __future__ import annotations

import re

_MAX_NESTING = 1000
_IN_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_SCALAR = re.compile(rb"[^ \t\r\n,:\]}\[{\"]*+")
_BRACKET_OR_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{}]', re.DOTALL)


class UnexpectedLayout(ValueError):
    """The body is not the response to a query, or is damaged."""


class ValueScan:
    """Find the end of a value that arrives piece by piece, looking at each byte once.

    Args:
        first: Its first byte.

    Raises:
        UnexpectedLayout: No value begins with that.
    """

    def __init__(self, first: bytes) -> None:
        if first in (b",", b":", b"]", b"}"):
            raise UnexpectedLayout("the response body is not JSON")
        self._is_scalar = first not in (b'"', b"[", b"{")
        self._depth = 0
        self._in_string = False
        self._scanned = 0

    def end(self, text: bytes, start: int) -> int | None:
        """Return the end of the value that begins at `start`; None if it has not arrived."""
        place = start + self._scanned
        if self._is_scalar:
            place = _SCALAR.match(text, place).end()  # type: ignore[union-attr]  # matches all
            self._scanned = place - start
            return place if place < len(text) else None
        if self._in_string:
            place = self._rest_of_string(text, place)
            if self._in_string or not self._depth:
                self._scanned = place - start
                return None if self._in_string else place
        return self._end_of_container(text, start, place)

    def _end_of_container(self, text: bytes, start: int, place: int) -> int | None:
        depth = self._depth
        for match in _BRACKET_OR_STRING.finditer(text, place):
            token = match[0]
            place = match.end()
            if token in (b"[", b"{"):
                depth += 1
                if depth > _MAX_NESTING:
                    raise UnexpectedLayout("a value is nested too deeply")
            elif token in (b"]", b"}"):
                depth -= 1
            elif token == b'"':
                place = self._rest_of_string(text, place)
                break
            if not depth:
                return place
        self._depth, self._scanned = depth, place - start
        return None

    def _rest_of_string(self, text: bytes, place: int) -> int:
        """Return where a string ends, or what has arrived of it."""
        place = _IN_STRING.match(text, place).end()  # type: ignore[union-attr]  # matches all
        self._in_string = text[place : place + 1] != b'"'
        return place if self._in_string else place + 1


def end_of_rows(text: bytes, start: int, limit: int) -> int:
    """Return the end of the last whole row before `limit`; `start` if there is none."""
    depth, end = 0, start
    for match in _BRACKET_OR_STRING.finditer(text, start, limit):
        token = match[0]
        if token in (b"[", b"{"):
            depth += 1
        elif token in (b"]", b"}"):
            if not depth:
                break
            depth -= 1
            if not depth:
                end = match.end()
        elif token == b'"':
            break
    return end
