"""The cases of reading results: rows, Arrow and frames, all from the same bytes over HTTP.

A peer decodes the body with a JSON library. Its values are untyped, so it types them by what it
knows of the columns; the cases in whose names `bare` stands leave that out and do less.
"""

import importlib
import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

from bench.tables import TABLES

Timed = Callable[[], object]
Loads = Callable[[bytes], Any]
KEY = "bench:key"


def _sql(table: str, count: str) -> str:
    return f"SELECT * FROM {table} LIMIT {count}"  # noqa: S608 - the names are ours


def _query(url: str, table: str, count: str) -> Callable[[], Any]:
    from bytehouse import ByteHouse

    client, sql = ByteHouse(url, api_key=KEY, deadline=600), _sql(table, count)
    client.query(_sql(table, "1")).rows()  # what is made once is no part of the figures
    return lambda: client.query(sql)


def _body(url: str, table: str, count: str) -> Callable[[], bytes]:
    """Get the same bytes with httpx, whole."""
    import httpx

    client = httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=600)

    def body(count: str = count) -> bytes:
        return client.post(f"{url}/v1/sql/sync", json={"query": _sql(table, count)}).content

    body("1")
    return body


def _rows_of(document: Any) -> list[list[Any]]:
    rows: list[list[Any]] = document["data"][0]["rows"]
    return rows


def _orjson() -> Loads:
    loads: Loads = importlib.import_module("orjson").loads
    return loads


def fetch(url: str, table: str, count: str) -> Timed:
    """Take the bytes alone: what is in every figure of a peer."""
    return _body(url, table, count)


def overlay_rows(url: str, table: str, count: str) -> Timed:
    """Get all rows through the client, typed."""
    query = _query(url, table, count)
    return lambda: query().rows()


def overlay_iterate(url: str, table: str, count: str) -> Timed:
    """Pass over all rows through the client, typed, and keep none."""
    query = _query(url, table, count)

    def iterate() -> None:
        for _ in query():
            pass

    return iterate


def _peer_rows(url: str, table: str, count: str, loads: Loads) -> Timed:
    body, typed = _body(url, table, count), TABLES[table].typed
    return lambda: [typed(row) for row in _rows_of(loads(body()))]


def json_rows(url: str, table: str, count: str) -> Timed:
    """Decode with json.loads, and type every row."""
    return _peer_rows(url, table, count, json.loads)


def orjson_rows(url: str, table: str, count: str) -> Timed:
    """Decode with orjson.loads, and type every row."""
    return _peer_rows(url, table, count, _orjson())


def json_bare(url: str, table: str, count: str) -> Timed:
    """Decode with json.loads, and leave the values as they are."""
    body = _body(url, table, count)
    return lambda: _rows_of(json.loads(body()))


def orjson_bare(url: str, table: str, count: str) -> Timed:
    """Decode with orjson.loads, and leave the values as they are."""
    body, loads = _body(url, table, count), _orjson()
    return lambda: _rows_of(loads(body()))


def _pyarrow() -> Any:
    """Import pyarrow with all that it imports later: for its first array, pandas."""
    importlib.import_module("pyarrow.compute")
    pyarrow = importlib.import_module("pyarrow")
    pyarrow.array([None])
    return pyarrow


def overlay_arrow(url: str, table: str, count: str) -> Timed:
    """Make an Arrow table through the client."""
    _pyarrow()
    query = _query(url, table, count)
    return lambda: query().to_arrow()


def _arrow_schema(table: str) -> Any:
    import pyarrow as pa

    types = {
        "Int64": pa.int64(),
        "String": pa.string(),
        "DateTime": pa.timestamp("s"),
        "Float64": pa.float64(),
        "Nullable(Decimal(18, 2))": pa.decimal128(18, 2),
    }
    return pa.schema([(name, types[type_]) for name, type_ in TABLES[table].columns.items()])


def pylist_bare(url: str, table: str, count: str) -> Timed:
    """Make an Arrow table with from_pylist, whose columns have the types of their JSON."""
    pa = _pyarrow()
    body, loads, names = _body(url, table, count), _orjson(), list(TABLES[table].columns)
    return lambda: pa.Table.from_pylist(
        [dict(zip(names, row, strict=True)) for row in _rows_of(loads(body()))]
    )


def pylist_arrow(url: str, table: str, count: str) -> Timed:
    """Make an Arrow table with from_pylist, and cast it to the types of the columns."""
    make, schema = pylist_bare(url, table, count), _arrow_schema(table)

    def cast() -> object:
        made: Any = make()
        # Arrow casts strings to every type that is wanted, but floats to no decimal safely.
        at = schema.get_field_index("price")
        if at >= 0:
            made = made.set_column(at, "price", made["price"].cast("string"))
        return made.cast(schema)

    return cast


def overlay_pandas(url: str, table: str, count: str) -> Timed:
    """Make a pandas frame through the client."""
    _pyarrow()
    query = _query(url, table, count)
    return lambda: query().to_pandas()


def pandas_read_json(url: str, table: str, count: str) -> Timed:
    """Read the array of rows, found for it, with read_json; name and type the columns."""
    _pyarrow()
    pandas = importlib.import_module("pandas")
    body, columns = _body(url, table, count), TABLES[table].columns

    def read() -> object:
        text = body()
        rows = text[text.index(b"[", text.index(b'"rows":')) : text.rindex(b"]", 0, -3) + 1]
        frame = pandas.read_json(BytesIO(rows), orient="values", dtype=False, convert_dates=False)
        frame.columns = list(columns)
        for name, type_ in columns.items():
            if type_ == "DateTime":
                frame[name] = pandas.to_datetime(frame[name], format="%Y-%m-%d %H:%M:%S")
            elif type_ == "Int64":
                frame[name] = frame[name].astype("int64")
        return frame

    return read
