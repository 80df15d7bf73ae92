"""The `bytehouse-emulator` command."""

from __future__ import annotations

import argparse
import ipaddress
import logging
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

_TOKEN: Final = "BYTEHOUSE_EMULATOR_TOKEN"  # noqa: S105 - the name of a variable


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Serve until told to stop, or print what is modelled."""
    options = _parser().parse_args(arguments)
    if options.command == "coverage":
        from ._coverage import table

        print(table())  # noqa: T201 - what was asked for
        sys.exit()
    logging.basicConfig(level=options.log_level.upper(), stream=sys.stderr)
    # It would tell every fault that was asked for, and what `_app.py` tells already.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    # Imported here so that --help and a wrong option answer at once.
    try:
        from ._emulator import Settings
        from ._http import serve
        from ._routes import RoutesError
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("bytehouse"):
            raise
        sys.exit(f"{error.name} is missing: pip install 'bytehouse-sdk[emulator]'")

    settings = Settings(
        token=options.token or secrets.token_urlsafe(24),
        data=options.data,
        import_dir=options.import_dir,
        roles=tuple(options.role),
        validate_answers=options.validate_answers,
        max_seconds=options.max_seconds,
        max_memory=options.max_memory,
        routes=options.routes,
        seed=options.seed,
        result_shape=options.result_shape,
    )
    try:
        ended = serve(
            settings,
            options.host,
            options.port,
            show_token=not options.token,
            with_stdin=options.exit_with_stdin,
        )
    except (OSError, RuntimeError, RoutesError) as error:
        sys.exit(f"bytehouse-emulator: {error}")
    sys.stdout.flush()
    # A query that would not end is left to die with the process; an ordinary exit would wait for
    # its thread, and the engine's own clean-up crashes beside it.
    os._exit(0 if ended else 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bytehouse-emulator",
        description="Serve a local ByteHouse, for demonstrations and tests.",
    )
    add = parser.add_argument
    add(
        "command",
        nargs="?",
        choices=["serve", "coverage"],
        default="serve",
        help="serve (default), or print what is modelled, how, and with which evidence",
    )
    add("--host", type=_loopback, default="127.0.0.1", help="loopback address to listen on")
    add("--port", type=_port, default=0, help="port to listen on (default: any that is free)")
    add(
        "--token",
        default=os.environ.get(_TOKEN),
        help=f"bearer token that callers must send (default: ${_TOKEN}, or a new one)",
    )
    add("--data", type=Path, metavar="DIR", help="directory to keep data in (default: keep none)")
    add(
        "--import-dir",
        type=Path,
        metavar="DIR",
        help="directory that import jobs load local files from (default: import/ below --data)",
    )
    _add_behaviour(parser)
    add("--exit-with-stdin", action="store_true", help="stop when standard input ends")
    levels = ["debug", "info", "warning", "error"]
    add("--log-level", choices=levels, default="warning", help="how much to log")
    return parser


def _add_behaviour(parser: argparse.ArgumentParser) -> None:
    """Add what changes how the API behaves."""
    add = parser.add_argument
    add(
        "--role",
        action="append",
        default=[],
        help="role that callers may act under, beside AccountAdmin and SystemAdmin (repeatable)",
    )
    add("--max-seconds", type=int, default=600, help="longest time a query may run")
    add("--max-memory", type=int, default=2 << 30, help="bytes of memory a query may take")
    add(
        "--routes",
        type=Path,
        metavar="FILE",
        help="TOML file with a [routes] table: serve operations elsewhere than inferred",
    )
    add(
        "--seed",
        type=Path,
        metavar="FILE",
        help="YAML file of what there is to be at the first start, and after a reset",
    )
    add(
        "--result-shape",
        choices=["columns", "objects", "meta", "id"],
        default="columns",
        help="shape in which the rows of a query are answered (see docs/emulator.md)",
    )
    add("--validate-answers", action="store_true", help="check answers against the specification")


def _port(text: str) -> int:
    if text.isdecimal() and int(text) < 1 << 16:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 0 to 65535")


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{host!r} is not a loopback address, and no other is served")
