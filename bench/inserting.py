"""The cases of inserting rows of five columns: ours, and statements that are made by hand.

What is made by hand checks nothing: it is what a program does that trusts its values.
"""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from decimal import Decimal
from importlib import import_module
from itertools import islice
from typing import Any, Final

Timed = Callable[[], object]
KEY: Final = "bench:key"
TYPES: Final = {
    "id": "Int64",
    "name": "String",
    "at": "DateTime('UTC')",
    "amount": "Float64",
    "price": "Decimal(18, 2)",
}
_BEGAN: Final = datetime.fromisoformat("2023-11-14 22:13:20")
_KEPT: Final = ExitStack()  # what lasts as long as this process
_ROWS_OF_A_STATEMENT: Final = 100_000


def _rows(count: int) -> list[tuple[Any, ...]]:
    return [
        (n * 9973, f"user-{n}", _BEGAN + timedelta(seconds=n * 7), n * 1.37 / 3, Decimal(n) / 100)
        for n in range(count)
    ]


def _emulator() -> dict[str, Any]:
    """Start an emulator with a table that keeps nothing; return the arguments of a client.

    It ends with this process.
    """
    emulator = _KEPT.enter_context(import_module("bytehouse_emulator.testing").running_emulator())
    from bytehouse import ByteHouse

    arguments = {**emulator.client_arguments, "mode": "clickhouse_sql", "deadline": 600}
    columns = ", ".join(f"{name} {type_}" for name, type_ in TYPES.items())
    with ByteHouse(**arguments) as client:
        client.databases.create("sales")
        client.query(f"CREATE TABLE sales.orders ({columns}) ENGINE = Null")
    return arguments


def _data(form: str, count: int) -> Any:
    rows = _rows(count)
    if form == "tuples":
        return rows
    arrow = import_module("pyarrow")
    table = arrow.table(dict(zip(TYPES, zip(*rows, strict=True), strict=True)))
    if form == "arrow":
        return table
    decimal = import_module("pandas").ArrowDtype(table["price"].type)
    return (
        import_module("polars").from_arrow(table)
        if form == "polars"
        else table.to_pandas().astype({"price": decimal})
    )


def overlay_insert(url: str, form: str, count: str) -> Timed:
    """Insert through the client, with its checks."""
    from bytehouse import ByteHouse

    client, data = ByteHouse(url, api_key=KEY, deadline=600), _data(form, int(count))
    return lambda: client.insert("sales.orders", data, column_types=TYPES)


def emulator_insert(_: str, form: str, count: str) -> Timed:
    """Insert through the client into the emulator, which reads the types of the table first."""
    from bytehouse import ByteHouse

    client, data = ByteHouse(**_emulator()), _data(form, int(count))
    return lambda: client.insert("sales.orders", data)


def emulator_ready(_: str, count: str) -> Timed:
    """Send the emulator the statements that the client makes, made beforehand."""
    from bytehouse import ByteHouse

    insert, sources = (import_module(f"bytehouse._sql.{n}") for n in ("insert", "insert_sources"))
    source, target = (
        sources.open_source(_rows(int(count)), None, ""),
        insert.target_of("sales.orders"),
    )
    blocks = list(
        insert.insert_statements(
            target,
            source,
            insert.columns_to_insert(None, TYPES, target),
            insert.BlockLimits(insert.BLOCK_BYTES, insert.BLOCK_ROWS, insert.raise_refused),
        )
    )
    client = ByteHouse(**_emulator())
    return lambda: [client.queries.execute(block.statement) for block in blocks]


def _post(url: str) -> Callable[[str], object]:
    import httpx

    client = httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=600)
    return lambda sql: client.post(f"{url}/v1/sql/sync", json={"query": sql}).json()


def _statements(rows: list[tuple[Any, ...]]) -> list[str]:
    lines = ("(%d,'%s','%s',%r,%s)" % row for row in rows)  # noqa: UP031 - the fastest by hand
    made = []
    while some := ",".join(islice(lines, _ROWS_OF_A_STATEMENT)):
        made.append(f"INSERT INTO sales.orders VALUES {some}")  # noqa: S608 - the values are ours
    return made


def handmade_insert(url: str, count: str) -> Timed:
    """Make statements with a format string, which escapes and checks nothing, and send them."""
    post, rows = _post(url), _rows(int(count))
    return lambda: list(map(post, _statements(rows)))


def ready_insert(url: str, count: str) -> Timed:
    """Send such statements that were made beforehand: what is in every figure."""
    post, statements = _post(url), _statements(_rows(int(count)))
    return lambda: list(map(post, statements))
