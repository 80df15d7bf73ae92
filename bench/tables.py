"""Tables whose rows are returned as by the emulator, and how a program converts them.

The bytes are those of ClickHouse's JSONCompactEachRow, one row to a line, in the envelope of the
API; integers of 64 bits are strings, as the engine writes them unless it is told otherwise.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from ipaddress import IPv4Address
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from attrs import frozen

_UTC, _BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
_BLOCK: Final = 2_500
_BEGAN: Final = datetime.fromisoformat("2023-11-14 22:13:20")


@frozen
class Table:
    """A table.

    Attributes:
        columns: Names and ClickHouse types.
        row: Makes the JSON text of a row of its number.
        typed: Makes the typed row of one that a JSON library decoded.
    """

    columns: dict[str, str]
    row: Callable[[int], str]
    typed: Callable[[list[Any]], tuple[Any, ...]]


def _order(n: int, quote: str = '"') -> str:
    price = "null" if n % 5 == 0 else f"{n * 7 // 100}.{n % 100:02}"
    timestamp = _BEGAN + timedelta(seconds=n * 7)
    return f'[{quote}{n * 9973}{quote}, "user-{n}", "{timestamp}", {n * 1.37 / 3!r}, {price}]'


def _typed_order(row: list[Any]) -> tuple[Any, ...]:
    number, name, at, amount, price = row
    # A decimal that was decoded to a float is exact to 15 digits, which is enough for these.
    exact = None if price is None else Decimal(str(price))
    return int(number), name, datetime.fromisoformat(at), amount, exact


def _zoned(n: int) -> str:
    timestamp = _BEGAN + timedelta(seconds=n * 7)
    return f'["{n}", "{timestamp}.{n % 1000:03}", "{timestamp}", "10.0.{n % 200}.1"]'


def _typed_zoned(row: list[Any]) -> tuple[Any, ...]:
    number, at, local, address = row
    timestamps = (
        datetime.fromisoformat(at).replace(tzinfo=_UTC),
        datetime.fromisoformat(local).replace(tzinfo=_BERLIN),
    )
    return int(number), *timestamps, IPv4Address(address)


def _text(n: int) -> str:
    plain, escaped = "lorem ipsum dolor " * 10, r"café \n" * 10
    return f'["{n}", "{plain}{n}", "{escaped}"]'


def _nested(n: int) -> str:
    return f'["{n}", ["a{n % 100}", "b"], {{"x":"{n}","y":"2"}}, [{n % 1000},{n / 7!r}]]'


def _typed_nested(row: list[Any]) -> tuple[Any, ...]:
    number, tags, pairs, point = row
    return int(number), tags, {key: int(value) for key, value in pairs.items()}, tuple(point)


_ORDERS: Final = {
    "id": "Int64",
    "name": "String",
    "at": "DateTime",
    "amount": "Float64",
    "price": "Nullable(Decimal(18, 2))",
}
_ZONED: Final = {
    "id": "Int64",
    "at": "DateTime64(3, 'UTC')",
    "local": "DateTime('Europe/Berlin')",
    "address": "IPv4",
}


def _of_columns(count: int) -> Table:
    """Return a table with so many columns, of the types of orders."""
    types = list(_ORDERS.values())
    columns = {f"c{at}": types[at % len(types)] for at in range(count)}

    def row(n: int) -> str:
        return f"[{', '.join([_order(n)[1:-1]] * (count // len(types)))}]"

    return Table(columns, row, _typed_order)


TABLES: Final = {
    "tall": _of_columns(50),
    "wide": _of_columns(5000),
    "orders": Table(_ORDERS, _order, _typed_order),
    "orders_bare": Table(_ORDERS, lambda n: _order(n, ""), _typed_order),
    "zoned": Table(_ZONED, _zoned, _typed_zoned),
    "strings": Table(
        {"id": "Int64", "a": "String", "b": "String"}, _text, lambda row: (int(row[0]), *row[1:])
    ),
    "nested": Table(
        {
            "id": "Int64",
            "tags": "Array(String)",
            "pairs": "Map(String, Int64)",
            "point": "Tuple(UInt16, Float64)",
        },
        _nested,
        _typed_nested,
    ),
}


@cache
def _rows(table: str) -> list[str]:
    return [TABLES[table].row(n) for n in range(_block(table))]


def _block(table: str) -> int:
    return max(10, min(_BLOCK, _BLOCK * 50 // len(TABLES[table].columns)))


def answer(table: str, count: int) -> Iterator[bytes]:
    """Yield the body of a response with so many rows, in chunks."""
    columns = [{"name": name, "type": type_} for name, type_ in TABLES[table].columns.items()]
    head = {"queryID": "q", "status": "Finished", "columns": columns}
    yield b'{"data":[%b,"rows":[' % json.dumps(head).encode()[:-1]
    block = ",\n".join(_rows(table)).encode()
    whole, rest = divmod(count, _block(table))
    for number in range(whole):
        yield block if not number else b",\n" + block
    if rest:
        yield (",\n" * bool(whole) + ",\n".join(islice(_rows(table), rest))).encode()
    yield b'],"rowCount":%d}]}' % count
