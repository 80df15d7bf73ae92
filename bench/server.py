"""Respond to HTTP requests as fast as Python can, with prepared responses."""

import asyncio
import json
import re
import sys
from typing import Final

from bench.tables import answer

DATABASE: Final = {
    "name": "sales",
    "type": "DATABASE",
    "uuid": "0c3c217b-7d3b-4c3e-9c2f-0d6f1f7a2b11",
    "description": "Orders of all shops",
    "noOfTables": 12,
    "sizeInBytes": 212600881152,
    "createdBy": {"id": 4780622283186922000, "type": "VOLCANO_MAIN_ACCOUNT"},
    "createdAt": "2020-11-23T09:23:55.840932013Z",
}
TABLE: Final = {
    "name": "orders",
    "type": "TABLE",
    "uuid": "1f0a7c9e-2f8d-4a39-8d0c-9c2b9b3f4e55",
    "databaseName": "sales",
    "engine": "CnchMergeTree",
    "columns": [
        {"name": "id", "type": "UInt64", "nullable": False},
        {"name": "day", "type": "Date", "nullable": False, "comment": "Day of the order"},
        {"name": "note", "type": "String", "nullable": True},
    ],
    "orderByKeys": ["id", "day"],
    "noOfRows": 1234567,
    "sizeInBytes": 98765432,
    "createdAt": "2020-11-23T09:23:55.840932013Z",
    "lastModifiedAt": "2020-11-23T09:23:55.840932013Z",
}
PAGE: Final = {
    "data": [{**TABLE, "name": f"orders_{n:03}"} for n in range(100)],
    "meta": {"offset": 0, "total": 100},
}


def _answer(document: object) -> bytes:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"X-Request-Id: 7f3a\r\n\r\n" + body


# Fields that the peers need in a response, in addition to ours.
PEERS: Final = {
    "id": "sales",
    "object": "model",
    "created": 1,
    "datasetReference": {"projectId": "sales", "datasetId": "sales"},
}
SMALL: Final = _answer({"data": DATABASE, **PEERS})
CREATED: Final = _answer({"data": {"uuid": DATABASE["uuid"]}, "id": "1"})
TABLES: Final = _answer(PAGE)


STREAM: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)
STATEMENT: Final = re.compile(rb"SELECT \* FROM (\w+) LIMIT (\d+)")


class Protocol(asyncio.Protocol):
    """Respond by method and path alone: a page of tables, a creation, or one small object.

    A statement is answered with the rows that it asks for, in a stream.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start a connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = bytearray()
        self._flows = asyncio.Event()
        self._flows.set()

    def pause_writing(self) -> None:
        """Pause sending rows: the client is behind."""
        self._flows.clear()

    def resume_writing(self) -> None:
        """Resume sending."""
        self._flows.set()

    def data_received(self, data: bytes) -> None:
        """Respond to every complete request."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end])
            lower = head.lower()
            length = 0
            if (at := lower.find(b"content-length:")) >= 0:
                length = int(lower[at + 15 :].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            # Enough of the body to see what it asks for.
            body = bytes(self._buffer[end + 4 : end + 4 + min(length, 4096)])
            del self._buffer[: end + 4 + length]
            if statement := STATEMENT.search(body):
                self._sending = asyncio.create_task(self._rows(*statement.groups()))
                return
            line = head.split(b"\r\n", 1)[0]
            self._transport.write(
                CREATED if line.startswith(b"POST") else TABLES if b"/tables" in line else SMALL
            )

    async def _rows(self, table: bytes, count: bytes) -> None:
        self._transport.write(STREAM)
        for piece in answer(table.decode(), int(count)):
            if self._transport.is_closing():
                return
            self._transport.writelines([b"%x\r\n" % len(piece), piece, b"\r\n"])
            await self._flows.wait()
        self._transport.write(b"0\r\n\r\n")


async def main() -> None:
    """Serve on a free port of the loopback interface and print it."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Protocol, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.wait_for(server.wait_closed(), float(sys.argv[1]) if sys.argv[1:] else 3600)


if __name__ == "__main__":
    asyncio.run(main())
