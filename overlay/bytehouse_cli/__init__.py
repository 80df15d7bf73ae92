"""The `bytehouse` command."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    if argv == ["--version"]:
        # Before anything is imported: shells and installers run this often.
        from bytehouse._version import __version__

        print(f"bytehouse {__version__}")  # noqa: T201
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


def _end(number: int, _frame: object) -> NoReturn:
    # As an ordinary end, so that what runs on the service is cancelled.
    sys.exit(128 + number)
