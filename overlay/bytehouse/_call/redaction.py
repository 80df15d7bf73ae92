"""Remove secrets from what is shown of a call: responses, errors, logs and spans.

Each of these goes through `Redaction`, and nothing else removes secrets. No local variable here
holds one: an interrupted call would show it in its traceback.
"""

from __future__ import annotations

import re
import sys
from base64 import b64encode
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import TypeVar

import attrs

from .._core.secrets import Secret
from .._transport.models import Response
from ..errors import APIError, ByteHouseError

_E = TypeVar("_E", bound=ByteHouseError)
_SHORTEST = 4
_SHORTEST_IN_SUCCESS = 8


class SecretMask:
    """Find a secret in any form in which a service, a gateway or a library may repeat it: as it is,
    with characters escaped (JSON, Python, percent, form, HTML; several times over), in base64.
    """

    __slots__ = ("_base64", "_plain", "_unescaped", "length", "secret")

    def __init__(self, secret: Secret) -> None:
        self.secret = secret
        self.length = len(secret.reveal())
        self._plain = secret.reveal().encode("utf-8", "surrogatepass")
        self._base64 = tuple(_base64_forms(secret))
        self._unescaped: tuple[bytes, ...] = ()

    def hide(self, text: bytes) -> bytes:
        """Return a text without the secret; the same object if it is not in it."""
        if self._plain in text:
            text = text.replace(self._plain, b"***")
        for index in range(len(self._base64)):
            if self._base64[index] in text:
                text = text.replace(self._base64[index], b"***")
        if b"\\" in text or b"%" in text or b"&" in text or b"+" in text:
            self._unescaped = self._unescaped or (
                _Unescaped(self._plain).text,
                _Unescaped(_as_utf16(self.secret)).text,
            )
            text = self._hide_escaped(text)
        return text

    def _hide_escaped(self, text: bytes) -> bytes:
        if not any(mark in text for mark in (b"\\u", b"\\x", b"\\X", b"\\U", b"%", b"&")):
            simple = _normal(text)  # in a hundredth of the time
            if not any(self._unescaped[at] in simple for at in range(len(self._unescaped))):
                return text
        unescaped = _Unescaped(text)
        spans = {span for form in self._unescaped for span in unescaped.spans(form)}
        for begin, end in sorted(spans, reverse=True):
            text = text[:begin] + b"***" + text[end:]
        return text


class Redaction:
    """Remove the secrets of one call. A string too short to be a secret worth the name stays.

    Args:
        masks: The secrets.
    """

    def __init__(self, masks: Iterable[SecretMask]) -> None:
        self._masks: list[SecretMask] = []
        for mask in masks:
            self.add(mask)

    def add(self, mask: SecretMask) -> None:
        """Add a secret."""
        if mask not in self._masks:
            self._masks.append(mask)
            self._masks.sort(key=lambda one: -one.length)

    def text(self, text: str) -> str:
        """Return a text without the secrets."""
        given = text.encode("utf-8", "surrogatepass")
        found = self._hide(given, _SHORTEST)
        return text if found == given else found.decode("utf-8", "surrogatepass")

    def response(self, response: Response) -> Response:
        """Return a response without the secrets. In a success, a string stays that is so short
        that it might be a word of the response's own."""
        shortest = _SHORTEST_IN_SUCCESS if response.status < 300 else _SHORTEST
        body, headers = self._hide(response.body, shortest), response.headers
        values = "\n".join(headers.values()).encode("utf-8", "surrogatepass")
        if self._hide(values, shortest) != values:
            headers = {name: self.text(value) for name, value in headers.items()}
        if body is response.body and headers is response.headers:
            return response
        return attrs.evolve(response, body=body, headers=headers)

    def error(self, error: _E) -> _E:
        """Return the same error without the secrets."""
        error.message, error.hint = self.text(error.message), self.text(error.hint)
        error.args = tuple(self.text(a) if isinstance(a, str) else a for a in error.args)
        if isinstance(error, APIError):
            error.code = self.text(error.code)
        return error

    def _hide(self, text: bytes, shortest: int) -> bytes:
        for mask in self._masks:
            if mask.length >= shortest:
                text = mask.hide(text)
        return text


def _base64_forms(secret: Secret) -> Iterator[bytes]:
    """Yield what base64 makes of a secret, wherever in a longer text it stands, without the
    characters at its ends that depend on what is around it."""
    for before in range(3):
        end = (before + len(secret.reveal().encode("utf-8", "surrogatepass"))) * 8 // 6
        form = secret.map(lambda text: _base64(b"\0" * before, text)).map(  # noqa: B023 - it is called at once
            itemgetter(slice(-(-before * 8 // 6), end))
        )
        if form.check(lambda text: len(text) >= _SHORTEST_IN_SUCCESS):
            yield form.reveal().encode()
            if form.check(lambda text: "+" in text or "/" in text):
                yield form.reveal().translate({43: "-", 47: "_"}).encode()


def _base64(before: bytes, text: str) -> str:
    return b64encode(before + text.encode("utf-8", "surrogatepass")).decode()


def _as_utf16(secret: Secret) -> bytes:
    """Return a secret in UTF-8 with two units for each character above U+FFFF, as JSON has them."""
    units = memoryview(secret.reveal().encode("utf-16-le", "surrogatepass")).cast("H")
    return b"".join(chr(unit).encode("utf-8", "surrogatepass") for unit in units)


_ESCAPE = re.compile(
    rb"""\\+ (?:u(?P<u>[0-9a-f]{4}) | x(?P<x>[0-9a-f]{2}))?
    | % (?:25)* (?P<percent>[0-9a-f]{2})
    | & (?:amp;)* (?:\#0*(?P<decimal>\d{1,7}) | \#x0*(?P<hex>[0-9a-f]{1,6})
                 | (?P<name>amp|lt|gt|quot|apos));
    | (?P<control>[\b\f\n\r\t+])""",
    re.VERBOSE | re.IGNORECASE,
)
_CONTROLS = bytes.maketrans(b"\b\f\n\r\t+", b"bfnrt ")
_NAMES = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"}


class _Unescaped:
    """Undo the escapes in a text, and find where in it a part of the outcome comes from.

    A backslash may be itself, or escape what follows, many times over: all are left out, and what
    stands for a control character is the letter of its escape. Both strings that are compared are
    treated so.
    """

    def __init__(self, text: bytes) -> None:
        pieces: list[bytes] = []
        self._offsets, self._sources = [0], [0]
        size = end = 0
        for found in _ESCAPE.finditer(text):
            pieces += (text[end : found.start()], _unescape(found))
            size += found.start() - end
            end = found.end()
            self._offsets += (size, size + len(pieces[-1]))
            self._sources += (found.start(), end)
            size += len(pieces[-1])
        pieces.append(text[end:])
        self.text = b"".join(pieces)

    def spans(self, part: bytes) -> Iterator[tuple[int, int]]:
        """Yield where in the source a part of the text comes from."""
        at = self.text.find(part) if part else -1
        while at >= 0:
            yield self._source(at), self._source(at + len(part))
            at = self.text.find(part, at + len(part))

    def _source(self, offset: int) -> int:
        index = bisect_left(self._offsets, offset)
        if index < len(self._offsets) and self._offsets[index] == offset:
            return self._sources[index]
        return self._sources[index - 1] + offset - self._offsets[index - 1]


def _unescape(found: re.Match[bytes]) -> bytes:
    match found.lastgroup:
        case "percent" | "x":
            return _normal(bytes.fromhex(found[found.lastgroup].decode()))
        case "u" | "hex":
            code = int(found[found.lastgroup], 16)
        case "decimal":
            code = int(found["decimal"])
        case "name":
            return _NAMES[found["name"].lower()]
        case "control":
            return _normal(found["control"])
        case _:
            return b""
    return _normal(chr(code).encode("utf-8", "surrogatepass")) if code <= sys.maxunicode else b""


def _normal(text: bytes) -> bytes:
    """Return a text without backslashes, and with letters for control characters."""
    return text.translate(_CONTROLS, b"\\")
