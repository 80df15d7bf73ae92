"""Compress and decompress bodies: HTTP's content encodings, and ClickHouse's own blocks.

A block is a checksum, a method, the sizes with and without compression, and the data.
"""

from __future__ import annotations

import io
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final, Protocol

import pyarrow as pa
from clickhouse_cityhash.cityhash import CityHash128

from bytehouse_emulator.clickhouse.errors import RequestRefused
from bytehouse_emulator.errors import EmulatorError, not_modelled

MAX_BODY: Final = 1 << 30
# In the order in which the open-source core prefers them; `lz4` is the emulator's.
RESPONSE_ENCODINGS: Final = ("br", "gzip", "deflate", "xz", "zstd", "lz4")
_ARROW: Final = {"br": "brotli", "bz2": "bz2", "gzip": "gzip", "lz4": "lz4", "zstd": "zstd"}
_READ: Final = 1 << 20
_CHECKSUM: Final = struct.Struct("<QQ")
_HEADER: Final = struct.Struct("<BII")
_METHODS: Final = {0x02: "", 0x82: "lz4_raw", 0x90: "zstd"}
_LZ4: Final = 0x82
_MAX_BLOCK: Final = 1 << 30


class _Encoder(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class BodyEncoder:
    """Compresses a response piece by piece.

    Args:
        blocks: Whether into ClickHouse's own blocks first.
        encoding: The content encoding, empty for none.
        level: The level of gzip and deflate.
    """

    def __init__(self, *, blocks: bool, encoding: str, level: int) -> None:
        self.encoding = encoding
        self._encoders: list[_Encoder] = [_BlockEncoder()] if blocks else []
        if encoding in {"gzip", "deflate"}:
            wbits = 31 if encoding == "gzip" else 15
            self._encoders.append(zlib.compressobj(level, wbits=wbits))
        elif encoding:
            arrow = _ARROW.get(encoding)
            self._encoders.append(_ArrowEncoder(arrow) if arrow else lzma.LZMACompressor())

    def compress(self, data: bytes) -> bytes:
        """Return what is ready after a piece, which may be nothing yet."""
        for encoder in self._encoders:
            data = encoder.compress(data)
        return data

    def flush(self) -> bytes:
        """Return the rest."""
        data = b""
        for encoder in self._encoders:
            data = (encoder.compress(data) if data else b"") + encoder.flush()
        return data


def decode_http(encoding: str, body: bytes) -> bytes:
    """Return a body without its content encoding."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name not in {*RESPONSE_ENCODINGS, *_ARROW}:
        raise not_modelled(f"Content-Encoding: {encoding[:20]}", f"{', '.join(_ARROW)} are.")
    try:
        # Both read on after the end of a frame: clients compress block by block.
        if name in _ARROW:
            with pa.input_stream(pa.py_buffer(body), compression=_ARROW[name]) as stream:
                return _read(stream.read)
        if name == "xz":
            with lzma.open(io.BytesIO(body)) as file:
                return _read(file.read)
        return _inflate(body)
    except (OSError, EOFError, pa.ArrowException, lzma.LZMAError, zlib.error) as error:
        raise RequestRefused("Body", f"The body is not {name}: {error}") from None


def _inflate(body: bytes) -> bytes:
    decoder = zlib.decompressobj()
    data = decoder.decompress(body, MAX_BODY + 1)
    if len(data) > MAX_BODY:
        raise body_too_large()
    if not decoder.eof:
        raise EOFError("it ends half-way")
    return data


def _read(read: Callable[[int], bytes]) -> bytes:
    data = bytearray()
    while piece := read(_READ):
        data += piece
        if len(data) > MAX_BODY:
            raise body_too_large()
    return bytes(data)


def body_too_large() -> EmulatorError:
    """Return the error of a body that is larger than is taken, before or after decompression."""
    return EmulatorError(413, "Request_TooLarge", f"The body has more than {MAX_BODY} bytes.")


def encode_block(data: bytes, method: int) -> bytes:
    """Return a block."""
    codec = _METHODS[method]
    content = pa.Codec(codec).compress(data, asbytes=True) if codec else data
    block = _HEADER.pack(method, len(content) + _HEADER.size, len(data)) + content
    return _checksum(block) + block


def decode_blocks(body: bytes, *, verify: bool = True) -> bytes:
    """Return what the blocks of a body hold."""
    data = bytearray()
    for piece in _blocks(body, verify=verify):
        data += piece
        if len(data) > MAX_BODY:
            raise body_too_large()
    return bytes(data)


def _blocks(body: bytes, *, verify: bool) -> Iterator[bytes]:
    at = 0
    while at < len(body):
        start = at + _CHECKSUM.size
        if len(body) < start + _HEADER.size:
            raise RequestRefused("CannotReadAllData", "A compressed block ends half-way.")
        method, size, plain_size = _HEADER.unpack_from(body, start)
        if not _HEADER.size <= size <= _MAX_BLOCK or plain_size > _MAX_BLOCK:
            raise RequestRefused(
                "TooLargeCompressed", "The size of a compressed block is wrong: is it one?"
            )
        block = body[start : start + size]
        if len(block) < size:
            raise RequestRefused("CannotReadAllData", "A compressed block ends half-way.")
        if verify and _checksum(block) != body[at:start]:
            raise RequestRefused(
                "Checksum", "Checksum doesn't match: the data of a compressed block are corrupted."
            )
        yield _plain(method, block[_HEADER.size :], plain_size)
        at = start + size


def _plain(method: int, content: bytes, plain_size: int) -> bytes:
    if method not in _METHODS:
        raise not_modelled(f"The method {method:#x} of blocks", "NONE, LZ4 and ZSTD are.")
    codec = _METHODS[method]
    try:
        plain = pa.Codec(codec).decompress(content, plain_size, asbytes=True) if codec else content
    except (OSError, pa.ArrowException) as error:
        raise RequestRefused("CannotDecompress", f"Cannot decompress a block: {error}") from None
    if len(plain) != plain_size:
        raise RequestRefused("CannotDecompress", "A block has another size than it says.")
    return bytes(plain)


def _checksum(block: bytes) -> bytes:
    value = CityHash128(block)
    return _CHECKSUM.pack(value >> 64, value & 0xFFFF_FFFF_FFFF_FFFF)


class _BlockEncoder:
    """Makes blocks of LZ4, as the service does for `compress=1`."""

    def compress(self, data: bytes, /) -> bytes:
        pieces = (data[at : at + _READ] for at in range(0, len(data), _READ))
        return b"".join(encode_block(piece, _LZ4) for piece in pieces)

    def flush(self) -> bytes:
        return b""


class _ArrowEncoder:
    def __init__(self, codec: str) -> None:
        self._sink = _Sink()
        self._stream = pa.CompressedOutputStream(pa.PythonFile(self._sink, "w"), codec)

    def compress(self, data: bytes, /) -> bytes:
        self._stream.write(data)
        return self._sink.take()

    def flush(self) -> bytes:
        self._stream.close()
        return self._sink.take()


class _Sink(io.RawIOBase):
    """Holds what was written until it is taken, also when it has been closed."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # bytes are all that comes
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
