"""One asynchronous client in several event loops: in turn, beside each other, and at their end."""

import asyncio
import gc
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bytehouse import AsyncByteHouse, ByteHouseError
from bytehouse_raw.operations import ROLE_HEADER
from tests.support.flavours import KEY
from tests.support.server import ScriptedServer, data


@pytest.fixture(params=["httpx", "aiohttp"])
def bh(request: pytest.FixtureRequest, server: ScriptedServer) -> AsyncByteHouse:
    """Return a client, made where no loop runs."""
    server.script(data({"name": "d"}))
    return AsyncByteHouse(server.url, KEY, http=request.param)


@pytest.fixture
def open_connections(server: ScriptedServer) -> Iterator[Callable[[], int]]:
    """Return what tells how many connections the client holds open, as the server sees it. In the
    end, nothing may have been left to the garbage collector."""

    def count() -> int:
        time.sleep(0.05)  # for the ends of connections to arrive
        return server.served()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        yield count
        gc.collect()
    assert [str(one.message) for one in caught] == []


async def calls(bh: AsyncByteHouse, count: int = 3) -> list[Any]:
    """Make some calls at once."""
    found = await asyncio.gather(*(bh.databases.get(f"n{number}") for number in range(count)))
    return [database.name for database in found]


def test_a_client_goes_on_in_the_next_loop(
    bh: AsyncByteHouse, open_connections: Callable[[], int]
) -> None:
    """One `asyncio.run` after the other can use it, and each closes what it has opened."""
    for _ in range(3):
        assert asyncio.run(calls(bh)) == ["d", "d", "d"]
        assert open_connections() == 0


def test_a_view_and_a_role_go_along_into_the_next_loop(
    bh: AsyncByteHouse, server: ScriptedServer
) -> None:
    """What is shared by a client and its views is shared in each loop."""
    view = bh.with_options(role="Analyst")
    asyncio.run(calls(bh))
    asyncio.run(calls(view, 1))
    assert server.seen[-1].header(ROLE_HEADER) == "Analyst"


def test_loops_beside_each_other_do_not_meet(
    bh: AsyncByteHouse, open_connections: Callable[[], int]
) -> None:
    """Loops of several threads use one client at the same time."""
    found: list[list[Any]] = []
    threads = [
        threading.Thread(target=lambda: found.append(asyncio.run(calls(bh, 20)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [["d"] * 20] * 4
    assert open_connections() == 0


def test_more_calls_than_connections_wait_in_each_loop(server: ScriptedServer) -> None:
    """The bound on connections is one of each loop, and no call is bound to a loop that is gone."""
    bh = AsyncByteHouse(server.url, KEY, max_connections=2)
    for turn in range(1, 3):
        assert len(asyncio.run(calls(bh, 20))) == 20
        assert server.connections <= 2 * turn


def test_closing_ends_the_connections_of_the_running_loop(
    bh: AsyncByteHouse, open_connections: Callable[[], int]
) -> None:
    """`aclose` closes them at once, in a loop that goes on; the client is closed for all loops."""

    async def main() -> int:
        await calls(bh)
        await bh.aclose()
        await bh.aclose()
        return open_connections()

    assert asyncio.run(main()) == 0
    with pytest.raises(ByteHouseError, match="closed"):
        asyncio.run(calls(bh))


def test_closing_reaches_a_loop_of_another_thread(
    bh: AsyncByteHouse, open_connections: Callable[[], int]
) -> None:
    """A client that is closed in one loop keeps nothing open in the others."""
    other = asyncio.new_event_loop()
    thread = threading.Thread(target=other.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(calls(bh), other).result(5)

    async def main() -> None:
        await calls(bh)
        await bh.aclose()

    try:
        asyncio.run(main())
        assert open_connections() == 0
    finally:
        other.call_soon_threadsafe(other.stop)
        thread.join(5)
        other.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_loop_that_was_closed_by_hand_is_forgotten(
    bh: AsyncByteHouse, server: ScriptedServer
) -> None:
    """A loop that ends without a word takes its connections along, and the next has its own."""
    for _ in range(3):
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(calls(bh, 1)) == ["d"]
        loop.close()
    assert asyncio.run(calls(bh, 1)) == ["d"]
    gc.collect()
    time.sleep(0.05)
    assert server.connections == 4
    assert server.served() == 0
