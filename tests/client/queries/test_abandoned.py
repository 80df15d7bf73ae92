"""A result that is left unread gives its connection back, at the latest with the last reference to
it or the end of the event loop; and it belongs to the process that ran the query."""

import asyncio
import gc
import os
import time
import warnings

import pytest

from bytehouse import AsyncByteHouse, ByteHouse
from bytehouse._core.config import Http
from tests.support.flavours import KEY
from tests.support.server import Reply, ScriptedServer, Seen, data

COUNT = 200_000
ROWS = ",".join(f"[{n}]" for n in range(COUNT))
MANY = Reply(body=f'{{"data": [{{"columns": [["n", "Int64"]], "rows": [{ROWS}]}}]}}', chunked=True)


@pytest.fixture(autouse=True)
def rows(server: ScriptedServer) -> None:
    """Answer each query with many rows."""

    def handler(seen: Seen) -> Reply:
        return MANY if seen.operation == "submit_sync_query" else data({"name": "d"})

    server.handler = handler


@pytest.mark.parametrize("http", ["httpx", "aiohttp"])
def test_a_loop_that_is_left_early_gives_its_connection_back(
    server: ScriptedServer, http: Http
) -> None:
    """More results than there may be connections are left unread, each with a warning."""

    async def main() -> None:
        async with AsyncByteHouse(server.url, KEY, http=http, max_connections=2, timeout=9) as bh:
            for _ in range(4):
                async for _ in await bh.query("SELECT 1"):
                    break
            gc.collect()
            assert (await bh.databases.get("d")).name == "d"

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        asyncio.run(main())
        gc.collect()
    assert sum("neither read to its end nor closed" in str(w.message) for w in told) == 4


def test_a_result_left_early_by_a_synchronous_program_does_so_too(server: ScriptedServer) -> None:
    """The same without an event loop, at once."""
    with ByteHouse(server.url, KEY, max_connections=1, timeout=3) as bh:
        for _ in range(3):
            with pytest.warns(ResourceWarning, match="neither read"):
                assert next(iter(bh.query("SELECT 1"))) == (0,)
        assert bh.databases.get("d", timeout=1).name == "d"


@pytest.mark.parametrize("http", ["httpx", "aiohttp"])
def test_closing_a_result_takes_no_time(server: ScriptedServer, http: Http) -> None:
    """However much of it is unread, and though the query is cancelled over the same connection."""

    async def main() -> float:
        async with AsyncByteHouse(server.url, KEY, http=http, max_connections=1) as bh:
            result = await bh.query("SELECT 1")
            rows = aiter(result)
            assert await anext(rows) == (0,)
            began = time.monotonic()
            await result.aclose()
            await bh.databases.get("d")
            return time.monotonic() - began

    assert asyncio.run(main()) < 1.5


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_does_not_end_the_query_of_its_parent(server: ScriptedServer) -> None:
    """The child leaves the block and exits; the parent reads on, and nothing was cancelled."""
    with ByteHouse(server.url, KEY) as bh, bh.query("SELECT 1") as result:
        rows = iter(result)
        assert next(rows) == (0,)
        child = os.fork()
        if child == 0:
            result.close()
            bh.close()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert sum(1 for _ in rows) == COUNT - 1
    assert server.operations == ["submit_sync_query"]
