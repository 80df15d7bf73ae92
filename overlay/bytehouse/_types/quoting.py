"""Write strings and bytes between quotation marks, as the engine reads them."""

from __future__ import annotations

import re

from ..errors import InvalidArgument

__all__ = ["escaped", "quoted", "quoted_bytes", "unquoted_bytes"]


def _escapes() -> dict[int, str]:
    table = {code: f"\\x{code:02X}" for code in (*range(32), 127)}
    table |= {ord(char): f"\\{name}" for char, name in zip("\b\f\r\n\t\0", "bfrnt0", strict=True)}
    return table | {ord("\\"): "\\\\"}


_ESCAPES = _escapes()
_BYTES = [
    _ESCAPES.get(code, "''" if code == 39 else chr(code)) if code < 128 else f"\\x{code:02X}"
    for code in range(256)
]


def escaped(text: str, quote: str) -> str:
    """Return the content of a quoted string or name.

    Raises:
        InvalidArgument: It has a lone surrogate.
    """
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidArgument(
                "A string has a lone surrogate, which UTF-8 cannot encode.",
                hint='Pass bytes, of a result value: value.encode("utf-8", "surrogateescape").',
            ) from None
    # A doubled quote does not end the string even where backslashes are not escapes.
    return text.translate(_ESCAPES).replace(quote, quote * 2)


def quoted(text: str) -> str:
    """Return a string as a literal.

    Raises:
        InvalidArgument: It has a lone surrogate.
    """
    return f"'{escaped(text, chr(39))}'"


def quoted_bytes(value: bytes) -> str:
    """Return bytes as a literal: as the string that they encode, else byte by byte."""
    try:
        return quoted(value.decode())
    except UnicodeDecodeError:
        return f"'{''.join(map(_BYTES.__getitem__, value))}'"


_ESCAPED = re.compile(rb"\\x([\dA-F]{2})|\\(.)|''", re.DOTALL)
_CONTROL = {name: code.encode() for name, code in zip(b"bfrnt0", "\b\f\r\n\t\0", strict=True)}


def unquoted_bytes(literal: str) -> bytes:
    """Return the bytes that a literal of this module stands for."""
    return _ESCAPED.sub(_unescape, literal[1:-1].encode())


def _unescape(found: re.Match[bytes]) -> bytes:
    code, char = found.groups()
    if code:
        return bytes([int(code, 16)])
    return _CONTROL.get(char[0], char) if char else b"'"
