"""Long lists: every entry once, whatever the size of a page.

Every page size from 1 to 120 is asked of a server that answers from a list, because that takes
8,000 requests; the sizes around the service's limit of 100 are asked of the emulator too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from bytehouse import ByteHouse
from bytehouse_emulator import RunningEmulator, running_emulator
from tests.support.flavours import MakeClient
from tests.support.server import Reply, ScriptedServer, Seen

pytestmark = pytest.mark.slow  # lists of thousands of entries, in every size of page

CAP: Final = 100
SIZES: Final = {"databases": 1050, "warehouses": 250, "executions": 330}


def keys(bh: ByteHouse, name: str, page_size: int) -> list[str]:
    """Return what tells the entries of a list apart."""
    lists: dict[str, Callable[[], Iterable[Any]]] = {
        "databases": lambda: bh.databases.list(page_size=page_size).all(),
        "warehouses": lambda: bh.warehouses.list(page_size=page_size).all(),
        "executions": lambda: bh.executions.list(page_size=page_size).all(),
    }
    return [str(entry.id if name == "executions" else entry.name) for entry in lists[name]()]


class Lists:
    """Answer with pages: by offset, and of executions by cursor; none larger than `CAP`."""

    def __init__(self) -> None:
        self._lists = {
            name: [{"id": f"e{n}"} if name == "executions" else {"name": f"e{n}"} for n in range(k)]
            for name, k in SIZES.items()
        }

    def __call__(self, seen: Seen) -> Reply:
        parts = urlsplit(seen.target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        name = seen.operation.removeprefix("list_")
        cursor = query.get("cursor")
        begin = int(cursor) if cursor else int(query.get("offset", 0))
        end = begin + min(int(query["limit"]), CAP)
        entries = self._lists[name]
        meta: dict[str, Any] = {"total": len(entries)}
        if name != "executions":
            meta["offset"] = begin
        elif end < len(entries):
            meta["cursor"] = str(end)
        return Reply(body={"data": entries[begin:end], "meta": meta})


@pytest.mark.parametrize("name", SIZES)
def test_every_page_size_gives_every_entry_once(
    make: MakeClient, server: ScriptedServer, flavour: str, name: str
) -> None:
    """A walk in pages of 1, of 120 or of anything between loses and repeats nothing."""
    server.handler = Lists()
    bh = make(server.url)
    expected = [f"e{number}" for number in range(SIZES[name])]
    # The walk is the same code in both flavours: one takes every size, the other some.
    for size in range(1, 121) if flavour == "sync" else (7, 99, 100, 101, 120):
        assert keys(bh, name, size) == expected, size


@pytest.fixture(scope="module")
def crowded() -> Iterator[RunningEmulator]:
    """Run an emulator that holds a great deal."""
    columns = [{"name": "k", "type": "Int64"}]
    table = {"name": "t", "columns": columns, "orderByKeys": ["k"]}
    source = {"type": "LOCAL", "format": "CSV", "properties": {"fileNames": "missing.csv"}}
    target = {"database": "e0", "table": "t", "loadMode": "APPEND"}
    job = {"configuration": {"source": source, "target": target}}
    with running_emulator() as emulator, ByteHouse(**emulator.client_arguments) as bh:
        made = emulator.seed(
            {
                "databases": [{"name": "e0", "tables": [table]}],
                "warehouses": [{"name": f"e{n}", "configID": 123451} for n in range(1, 250)],
                "jobs": [{"name": f"e{n}", **job} for n in range(SIZES["executions"])],
            }
        )
        # Statements in one call take half as long as a call for each.
        creates = [f"CREATE DATABASE e{n}" for n in range(1, SIZES["databases"])]
        bh.queries.execute(";".join(creates))
        for job_id in made["jobs"].values():
            bh.import_jobs.start(job_id)
        yield emulator


@pytest.mark.timeout(240)  # the engine takes its time to make 1,050 databases
@pytest.mark.parametrize("name", SIZES)
def test_the_emulator_gives_every_entry_once(
    make: MakeClient, crowded: RunningEmulator, name: str
) -> None:
    """As many real objects are listed once each, by offset and by cursor, across the limit."""
    bh = make(**crowded.client_arguments)
    for size in (7, 99, 100, 101, 120):
        found = keys(bh, name, size)
        present = [key for key in found if key != "default"]  # the engine's own database
        assert len(set(present)) == len(present) == SIZES[name], size
