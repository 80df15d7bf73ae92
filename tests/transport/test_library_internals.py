"""Where a library no longer has a private name that is used, calls are slower, never unbounded and
never wrong. Each name is renamed in the library's own source, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bytehouse._transport.library_internals import PRIVATE_NAMES
from tests.support.server import Reply, ScriptedServer, Seen, data, well_formed

PROGRAM = Path(__file__).with_name("rename_private.py")
WELL = well_formed(b'{"data": {"name": "d"}}')
EVIL = well_formed(b'{"data": {"name": "evil"}}')
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
REPLIES = {
    "drips": Reply(raw=HEAD + b" " * 300, pace=0.02),
    "drips-its-head": Reply(raw=HEAD[:15] + b"\r\nX: " + b"x" * 300, pace=0.02),
    "large": Reply(body=b'{"data": {"name": "' + b"x" * 50_000 + b'"}}'),
    "cut": Reply(body={"data": {"name": "d"}}, cut=3, then="close"),
    "followed": Reply(raw=WELL + EVIL),
}
FLAVOURS = {"httpx": ("sync", "httpx"), "httpcore": ("sync", "httpx"), "aiohttp": ("aiohttp",)}
LOCKS = ("_state_lock", "_request_lock", "_connect_lock")  # only threads have them
RENAMED = [
    (library, name, flavour)
    for library, names in PRIVATE_NAMES.items()
    for name in names
    for flavour in FLAVOURS[library]
    if (name, flavour) not in {(lock, "httpx") for lock in LOCKS}
]
# Without the parser of a connection nothing tells whether more has come than the response: the
# connection is closed after it.
CLOSING = ("_connection", "_h11_state")


def database(seen: Seen) -> str:
    """Return the database that was asked for."""
    return next(iter(seen.path.values()))


@pytest.mark.parametrize(
    ("library", "name", "flavour"),
    [
        # Each starts a program; those of one flavour will do between two runs of the slow tests.
        pytest.param(*case, marks=[] if case[2] == "sync" else pytest.mark.slow)
        for case in (
            *RENAMED,
            *(("httpx", "", flavour) for flavour in ("sync", "httpx", "aiohttp")),
        )
    ],
)
def test_bounds_hold_without_a_private_name(
    server: ScriptedServer, library: str, name: str, flavour: str
) -> None:
    """A dripping response ends in time, a large one is refused, one cut short is told, and what
    follows a response is not taken for the next; connections are used again, or closed."""
    server.handler = lambda seen: REPLIES.get(database(seen), data({"name": "d"}))
    command = [sys.executable, str(PROGRAM), library, name, flavour, server.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert bool(found["renamed"]) == bool(name)
    for slow in ("slow", "slow head"):
        assert found[slow]["error"] == "TimedOut"
        assert found[slow]["seconds"] < 1.5
    assert found["large"]["error"] == "ResponseDecodeError"
    assert found["cut"]["error"] == "ResponseDecodeError"
    assert found["names"] == ["d", "d", "d"]
    assert found["followed"] == ["d", "d"]
    plain = {s.connection for s in server.seen if database(s) in ("d0", "d1", "d2")}
    assert len(plain) == (3 if library == "httpcore" and name in CLOSING else 1)
