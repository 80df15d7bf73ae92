"""Undo the content encoding of a body, in pieces of bounded size.

The decoders of the HTTP libraries return whatever a piece unpacks to, a thousand times its size for
each encoding, and know encodings that were never asked for.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

MAX_PIECE = 1 << 16
"""Bytes that are unpacked at a time."""


class BadEncoding(ValueError):
    """The content encoding of a body was not asked for, or its data are damaged."""


class Decompressor:
    """Unpack one body; without an encoding its pieces stay as they are.

    Args:
        encoding: The header `Content-Encoding`.

    Raises:
        BadEncoding: It was not asked for.
    """

    def __init__(self, encoding: str) -> None:
        names = [name.strip().lower() for name in encoding.split(",")]
        names = [name for name in names if name not in ("", "identity")]
        if len(names) > 1 or not {"gzip", "x-gzip", "deflate"}.issuperset(names):
            raise BadEncoding(
                f"the response body is encoded as {encoding[:100]!r}, which was not asked for"
            )
        self._ended = not names
        self._encoding = names[0] if names else ""
        self._start = b""
        self._unpacker: zlib._Decompress | None = None
        self._members = 0

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield what a piece of the body unpacks to, at most `MAX_PIECE` bytes at a time.

        Raises:
            BadEncoding: It cannot be unpacked.
        """
        if not self._encoding:
            yield data
            return
        full = False
        while (data or full) and not self._ended:
            if self._unpacker is None:
                data = self._start = self._start + data
                if len(data) < 2:
                    return
                self._unpacker, self._start = zlib.decompressobj(self._window(data)), b""
            try:
                piece = self._unpacker.decompress(data, MAX_PIECE)
            except zlib.error as error:
                if not self._members:
                    raise BadEncoding(f"the response body cannot be unpacked: {error}") from None
                self._ended = True  # what follows the last member of a gzip file is no part of it
                return
            if piece:
                yield piece
            full, data = len(piece) == MAX_PIECE, self._unpacker.unconsumed_tail
            if self._unpacker.eof:
                full, data, self._unpacker = False, self._unpacker.unused_data, None
                self._members += 1
                self._ended = self._encoding == "deflate"

    def finish(self) -> None:
        """Check that the body is complete.

        Raises:
            BadEncoding: It is not.
        """
        if not self._ended and (self._unpacker or (self._start and not self._members)):
            raise BadEncoding("the response body ends before its compressed data do")

    def _window(self, start: bytes) -> int:
        if self._encoding != "deflate":
            return zlib.MAX_WBITS | 16
        # Some servers send deflate as it is, some in the format of zlib, which has a header.
        has_header = start[0] & 15 == 8 and int.from_bytes(start[:2], "big") % 31 == 0
        return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
