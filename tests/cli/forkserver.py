"""Run commands, each in a process of its own, without the time that Python takes to start.

`python -m tests.cli.forkserver` loads the command once and forks for each line of JSON that it
reads: the words, the environment, the folder, the files of the standard streams, and the largest
size that a file may have.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import sys
import threading
import traceback
from contextlib import suppress
from typing import Any, NoReturn

CLOSED = "closed"
"""Stands for a pipe that nobody reads, in the place of a file."""
NONE = "none"
"""Stands for a stream that the shell has closed, as by `>&-`."""
_FLAGS = (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)


def _load() -> None:
    """Load what commands import, by calls that no host answers; nothing is configured by it."""
    import bytehouse_cli._main  # noqa: F401
    from bytehouse import ByteHouse, TransportError
    from bytehouse_cli import _commands
    from bytehouse_cli._resource_table import RESOURCES

    for name in _commands.names():
        _commands.find(name)
    with ByteHouse("http://127.0.0.1:9", "none", max_retries=0) as client:
        for one in RESOURCES.values():
            getattr(client, one.attribute)
        for call in (client.account.status, lambda: client.query("SELECT 1")):
            with suppress(TransportError):
                call()
    assert threading.active_count() == 1


def _run(request: dict[str, Any]) -> NoReturn:
    """Be the command."""
    code: Any = 1
    try:
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        for number, path in enumerate(request["streams"]):
            if path == NONE:
                os.close(number)
            else:
                os.dup2(_closed() if path == CLOSED else os.open(path, _FLAGS[number]), number)
        if request["largest"] is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest"],) * 2)
        _open(request["streams"])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from bytehouse_cli import main

        main(request["words"])
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            code = print(code, file=sys.stderr) or 1  # noqa: T201
    except BaseException:  # noqa: BLE001 - as Python does
        traceback.print_exc()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        code = 120  # as Python does
    os._exit(code or 0)


def _open(places: list[str]) -> None:
    """Open the standard streams as Python does, which has none for what is closed."""
    stdin, stdout, stderr = (place != NONE for place in places)
    sys.stdin = open(0, encoding="utf-8", closefd=False) if stdin else None  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False) if stdout else None  # noqa: SIM115
    raw = io.FileIO(2, "w", closefd=False) if stderr else None
    sys.stderr = io.TextIOWrapper(raw, "utf-8", write_through=True) if raw else None


def _closed() -> int:
    """Return a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def _serve() -> None:
    _load()
    for line in sys.stdin.buffer:
        process = os.fork()
        if not process:
            _run(json.loads(line))
        _say(process)
        _say(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))


def _say(number: int) -> None:
    os.write(1, b"%d\n" % number)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        _serve()
