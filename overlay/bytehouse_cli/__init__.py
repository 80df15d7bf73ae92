"""The `bytehouse` command."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    _open_closed_streams()
    if argv == ["--version"]:
        # Before anything is imported: shells and installers run this often.
        from bytehouse._version import __version__

        with suppress(OSError):  # which is reported below
            print(f"bytehouse {__version__}", flush=True)  # noqa: T201
            sys.exit(0)
    try:
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), _end)
        from ._main import run

        code = run(argv)
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        sys.exit("bytehouse: this command needs its extra: pip install 'bytehouse-sdk[cli]'")
    except KeyboardInterrupt:
        code = 130  # while it was starting or ending
    sys.exit(code)


def _open_closed_streams() -> None:
    """Open what a shell has closed, as by ``>&-``: nothing is read, output fails, messages go."""
    flags = {"stdin": os.O_RDONLY, "stdout": os.O_RDONLY, "stderr": os.O_WRONLY}
    for name, flag in flags.items():
        if getattr(sys, name) is None:
            file, mode = os.open(os.devnull, flag), "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(file, mode, encoding="utf-8", errors="surrogateescape"))


def _end(number: int, _frame: object) -> NoReturn:
    # As an ordinary end, so that what runs on the service is cancelled.
    sys.exit(128 + number)
