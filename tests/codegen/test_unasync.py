"""The synchronous client is the asynchronous one in other words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from codegen import generate, unasync
from codegen.errors import GenerationError

Derive = Callable[[str], str]


@pytest.fixture
def derive(tmp_path: Path) -> Derive:
    """Derive a module from its text; the header line is left out."""

    def derived(text: str) -> str:
        source = tmp_path / "module.py"
        source.write_text(text)
        return unasync.derive(source, "_async/module.py").partition("\n")[2]

    return derived


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("async def f(): pass", "def f(): pass"),
        ("async def f(): return await g(await h())", "def f(): return g(h())"),
        ("async def f(): return [x async for x in y]", "def f(): return [x for x in y]"),
        ("async def f():\n async with a as b: pass", "def f():\n with a as b: pass"),
        ("class AsyncTables(_AsyncBase): pass", "class Tables(_Base): pass"),
        ("async def __aenter__(self): pass", "def __enter__(self): pass"),
        ("def __aiter__(self): return self", "def __iter__(self): return self"),
        (
            "async def __anext__(self): raise StopAsyncIteration",
            "def __next__(self): raise StopIteration",
        ),
        ("async def f(): await self.aclose()", "def f(): self.close()"),
        ("async def f(): await clock.asleep(1)", "def f(): clock.sleep(1)"),
        ("async def f(): return await anext(aiter(x))", "def f(): return next(iter(x))"),
        ("from bytehouse._async import x", "from bytehouse._sync import x"),
        ("from .async_transport import AsyncX", "from .sync_transport import X"),
        ("from typing import AsyncIterator", "from typing import Iterator"),
        ("from contextlib import asynccontextmanager", "from contextlib import contextmanager"),
    ],
)
def test_words_are_replaced(derive: Derive, source: str, expected: str) -> None:
    """Each asynchronous construct has its synchronous form."""
    assert derive(source) == expected


def test_examples_in_docstrings_and_comments_follow(derive: Derive) -> None:
    """What a reader is shown is of the same flavour as the code."""
    text = '"""Use `async with AsyncByteHouse() as bh: await bh.aclose()`."""  # await AsyncX()\n'
    assert derive(text) == '"""Use `with ByteHouse() as bh: bh.close()`."""  # X()\n'


@pytest.mark.parametrize(
    "text",
    [
        "PATH = '/x/sql/async'\n",
        "key = 'asyncModeSwitchAfterInSec'\n",
        "from bytehouse_raw.models import SubmitAsyncQueryRequest\n",
        "from bytehouse_raw.models import AsyncState\nx: AsyncState\n",
        "from bytehouse_raw.api.queries import submit_async_query\n",
        '"""Submit an asynchronous query; its state is awaited by another process."""\n',
    ],
)
def test_the_words_of_the_service_stay(derive: Derive, text: str) -> None:
    """Names from the wire and of the raw client have no flavour."""
    assert derive(text) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import asyncio\n", 1),
        ("from asyncio import sleep\n", 1),
        ("import typing\nx: typing.Awaitable[int]\n", 2),
        ("async def f():\n    await asyncio.sleep(1)\n", 2),
        ("async def f(): return await\\\n g()\n", 1),
        ("async  def f(): pass\n", 1),
    ],
)
def test_what_has_no_twin_is_named_with_its_line(derive: Derive, text: str, line: int) -> None:
    """Nothing asynchronous gets through: the message has the file and the line."""
    with pytest.raises(GenerationError, match=rf"^_async/module\.py:{line}: "):
        derive(text)


def test_a_package_is_derived_formatted_and_marked(tmp_path: Path) -> None:
    """Each module is formatted, and its first line names its source and the command."""
    source = tmp_path / generate.ASYNC
    source.mkdir(parents=True)
    (source / "tables.py").write_text(
        "class AsyncTables:\n  async def list(self): return await self.x()\n"
    )

    unasync.derive_package(tmp_path, source, tmp_path / "_sync")

    assert (tmp_path / "_sync" / "tables.py").read_text() == (
        "# Derived from overlay/bytehouse/_async/tables.py by `make generate`. Do not edit.\n"
        "class Tables:\n    def list(self):\n        return self.x()\n"
    )
