"""Responses with the rows of a query, in the shape that was chosen.

What an element of `data` looks like is not documented: only that `data` is an array. The first
shape is the one in `openapi.yaml`, the others are as plausible; a client can be tested with each.

    columns   {"data": [{"queryID", "status", "columns": [{"name", "type"}], "rows": [[1, "a"]],
               "rowCount"}]}: an element for each statement
    objects   {"data": [{"id": 1, "name": "a"}]}: the rows of the last statement
    meta      {"data": [[1, "a"]], "meta": [{"name", "type"}]}: the rows of the last statement
    id        {"data": ["<query id>"]}: no rows; they are read by the id, and come as `columns`
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bytehouse_emulator.calls.call import Streamed
from bytehouse_emulator.queries.query import Query
from bytehouse_emulator.storage.results import Result, ResultStore, Shape


def submitted(shape: Shape, query: Query) -> Streamed:
    """Return the response to a submission, without rows."""
    if shape == "id":
        return _only_id(query)
    reference = {"queryID": query.id, "status": query.status}
    return Streamed(iter([msgspec.json.encode({"data": [reference]})]))


def results(
    shape: Shape, query: Query, store: ResultStore, max_rows: int, *, sync: bool
) -> Streamed:
    """Return the response with the rows of a finished query."""
    if shape == "id" and sync:
        return _only_id(query)
    if shape in {"objects", "meta"}:
        last = next((r for r in reversed(query.results) if r.columns), Result([], 0))
        encode = _objects if shape == "objects" else _with_meta
        return Streamed(encode(store, last, max_rows), specified=False)
    return Streamed(_by_statement(store, query, max_rows))


def _only_id(query: Query) -> Streamed:
    return Streamed(iter([msgspec.json.encode({"data": [query.id]})]), specified=False)


def _by_statement(store: ResultStore, query: Query, max_rows: int) -> Iterator[bytes]:
    yield b'{"data":['
    for index, result in enumerate(query.results):
        head = {"queryID": query.id, "status": "Finished", "columns": result.columns}
        yield (b"," if index else b"") + msgspec.json.encode(head)[:-1] + b',"rows":['
        yield from store.rows(result, max_rows)
        yield b'],"rowCount":%d}' % (min(result.row_count, max_rows) or result.row_count)
    yield b"]}"


def _with_meta(store: ResultStore, result: Result, max_rows: int) -> Iterator[bytes]:
    yield b'{"data":['
    yield from store.rows(result, max_rows)
    yield b'],"meta":' + msgspec.json.encode(result.columns) + b"}"


def _objects(store: ResultStore, result: Result, max_rows: int) -> Iterator[bytes]:
    names = [msgspec.json.encode(column.name) for column in result.columns]
    decode = msgspec.json.Decoder(list[msgspec.Raw]).decode
    rest, separator = b"", b""
    yield b'{"data":['
    for chunk in store.rows(result, max_rows):
        # Chunks are cut anywhere; each row is a line.
        *lines, rest = (rest + chunk).split(b"\n")
        for line in filter(None, [line.rstrip(b",") for line in lines]):
            yield separator + _object(names, decode(line))
            separator = b","
    if rest:
        yield separator + _object(names, decode(rest))
    yield b"]}"


def _object(names: list[bytes], values: list[msgspec.Raw]) -> bytes:
    pairs = (name + b":" + bytes(value) for name, value in zip(names, values, strict=True))
    return b"{" + b",".join(pairs) + b"}"
