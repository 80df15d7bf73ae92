"""One client for many threads, tasks and processes."""

import asyncio
import copy
import os
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bytehouse import AsyncByteHouse, ByteHouse, ByteHouseError, TransportError
from bytehouse._core.config import Http
from bytehouse_raw.operations import ROLE_HEADER
from tests.support.flavours import KEY, MakeClient
from tests.support.server import SILENT, Reply, ScriptedServer, Seen, data
from tests.support.stopwatch import Stopwatch


def echo(seen: Seen) -> Reply:
    """Answer with what was asked, and under which role."""
    name = seen.path["db_name"]
    return data({"name": name, "description": seen.header(ROLE_HEADER)})


def test_one_client_serves_64_threads(server: ScriptedServer) -> None:
    """Each call of each thread gets its own answer, under its own role."""
    server.handler = echo
    with ByteHouse(server.url, KEY) as bh:

        def work(number: int) -> None:
            view = bh.with_options(role=f"view{number}") if number % 3 == 0 else bh
            for turn in range(8):
                name = f"n{number}-{turn}"
                if number % 3 == 1:
                    with bh.role(f"block{number}"):
                        found = view.databases.get(name)
                    expected: str | None = f"block{number}"
                elif number % 3 == 2:
                    found, expected = (
                        view.databases.get(name, role=f"call{number}"),
                        f"call{number}",
                    )
                else:
                    found, expected = view.databases.get(name), f"view{number}"
                assert (found.name, found.description) == (name, expected)

        with ThreadPoolExecutor(64) as pool:
            list(pool.map(work, range(64)))
        assert bh.databases.get("after").description is None


@pytest.mark.parametrize("http", ["httpx", "aiohttp"])
def test_one_client_serves_1000_tasks(server: ScriptedServer, http: Http) -> None:
    """The same for tasks: no answer and no role goes astray."""
    server.handler = echo

    async def main() -> None:
        async with AsyncByteHouse(server.url, KEY, http=http, max_connections=50) as bh:

            async def one(number: int) -> None:
                if number % 2:
                    with bh.role(f"r{number}"):
                        await asyncio.sleep(0)
                        found = await bh.databases.get(f"n{number}")
                else:
                    found = await bh.databases.get(f"n{number}", role=f"r{number}")
                assert (found.name, found.description) == (f"n{number}", f"r{number}")

            await asyncio.gather(*(one(number) for number in range(1000)))

    asyncio.run(main())
    # The library closes one now and then while others are under way.
    assert server.connections <= 100


def test_the_deadline_of_a_call_is_its_own(server: ScriptedServer) -> None:
    """A call with little time ends in it, while those beside it wait for their answers."""
    server.handler = lambda seen: SILENT if seen.path["db_name"] == "hang" else slow(seen)

    def slow(seen: Seen) -> Reply:
        time.sleep(0.5)
        return echo(seen)

    with ByteHouse(server.url, KEY, max_retries=0) as bh, ThreadPoolExecutor(9) as pool:
        others = [pool.submit(bh.databases.get, f"n{number}") for number in range(8)]
        with Stopwatch() as watch, pytest.raises(TransportError):
            bh.databases.get("hang", deadline=0.2)
        assert watch.seconds < 0.45
        assert [future.result().name for future in others] == [f"n{number}" for number in range(8)]


def test_closing_a_client_ends_its_calls_with_our_errors(server: ScriptedServer) -> None:
    """Calls that are under way end, and later ones are told why they cannot be made."""
    server.script(SILENT)
    bh = ByteHouse(server.url, KEY, deadline=2.0)
    ended: list[BaseException] = []

    def work() -> None:
        try:
            bh.databases.get("d")
        except BaseException as error:  # noqa: BLE001 - the test looks which it was
            ended.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    while len(server.seen) < 8:
        time.sleep(0.01)
    bh.close()
    for thread in threads:
        thread.join(5)
    assert len(ended) == 8
    assert all(isinstance(error, ByteHouseError) for error in ended), ended
    for view in (bh, bh.with_options(role="r")):
        with pytest.raises(ByteHouseError, match="closed"):
            view.databases.get("d")
    bh.close()


@pytest.mark.parametrize("http", ["httpx", "aiohttp"])
def test_closing_an_asynchronous_client_ends_its_calls_with_our_errors(
    server: ScriptedServer, http: Http
) -> None:
    """The same for tasks."""
    server.script(SILENT)

    async def main() -> list[Any]:
        bh = AsyncByteHouse(server.url, KEY, http=http, deadline=2.0)
        tasks = [asyncio.create_task(bh.databases.get("d")) for _ in range(8)]
        while len(server.seen) < 8:  # noqa: ASYNC110 - the server runs in threads
            await asyncio.sleep(0.01)
        await bh.aclose()
        return await asyncio.gather(*tasks, return_exceptions=True)

    ended = asyncio.run(main())
    assert all(isinstance(error, ByteHouseError) for error in ended), ended


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_uses_connections_of_its_own(server: ScriptedServer) -> None:
    """Both processes go on with the client, and neither reads what the other was sent; closing it
    in one does not close it in the other."""
    server.handler = echo
    with ByteHouse(server.url, KEY) as bh:
        assert bh.databases.get("before").name == "before"
        child = os.fork()
        if child == 0:
            well = all(bh.databases.get(f"c{n}").name == f"c{n}" for n in range(20))
            bh.close()
            os._exit(0 if well else 1)
        for number in range(20):
            assert bh.databases.get(f"p{number}").name == f"p{number}"
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert bh.databases.get("after").name == "after"
    ours = {s.connection for s in server.seen if not s.path["db_name"].startswith("c")}
    theirs = {s.connection for s in server.seen if s.path["db_name"].startswith("c")}
    assert ours.isdisjoint(theirs)


def test_a_client_cannot_be_pickled_and_says_what_to_do(make: MakeClient) -> None:
    """It holds connections and a key: one is made where it is needed."""
    bh = make("tenant.example")
    for way in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="Make one where needed"):
            way(bh)
