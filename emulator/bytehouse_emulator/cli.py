"""The `bytehouse-emulator` command."""

from __future__ import annotations

import argparse
import ipaddress
import logging
import os
import secrets
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NoReturn

_MIN_TOKEN: Final = 16
_TOKEN: Final = "BYTEHOUSE_EMULATOR_TOKEN"  # noqa: S105 - the name of a variable


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Serve until stopped, or print what is modelled."""
    parser = _parser()
    options = parser.parse_args(arguments)
    _check_exposure(parser, options)
    if bool(options.tls_certificate) != bool(options.tls_key):
        parser.error("--tls-certificate and --tls-key go together")
    if options.tls_self_signed and options.tls_certificate:
        parser.error("--tls-self-signed makes the certificate: leave --tls-certificate out")
    if options.command == "coverage":
        from bytehouse_emulator.spec.coverage import clickhouse_page, coverage_page

        _print(f"{coverage_page()}\n\n{clickhouse_page()}")
        sys.exit()
    logging.basicConfig(level=options.log_level.upper(), stream=sys.stderr)
    # It would log every requested fault, and what `http/app.py` logs already.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    try:
        with TemporaryDirectory(prefix="bytehouse-emulator-tls-") as directory:
            ended = _serve(options, _tls(options, Path(directory)))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("bytehouse"):
            raise
        sys.exit(f"{error.name} is missing: pip install 'bytehouse-sdk[emulator]'")
    except (OSError, RuntimeError) as error:
        sys.exit(f"bytehouse-emulator: {error}")
    sys.stdout.flush()
    # A query that does not end is left to die with the process; a regular exit would wait for its
    # thread, and the engine's own clean-up crashes meanwhile.
    os._exit(0 if ended else 1)


def _print(text: str) -> None:
    """Print as much of a text as its reader takes."""
    try:
        print(text, flush=True)  # noqa: T201 - the command's output
    except BrokenPipeError:
        # Python would try to write the rest when it ends, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tls(options: argparse.Namespace, directory: Path) -> tuple[Path | None, Path | None]:
    """Return the certificate and the key to serve with, which may be made; None for plain HTTP."""
    if not options.tls_self_signed:
        return options.tls_certificate, options.tls_key
    from bytehouse_emulator.http.self_signed import make_certificate

    make_certificate(options.host, options.tls_self_signed, directory / "key.pem")
    return options.tls_self_signed, directory / "key.pem"


def _serve(options: argparse.Namespace, tls: tuple[Path | None, Path | None]) -> bool:
    listeners = [_listen(options.host, port) for port in (options.port, options.clickhouse_port)]
    # pyarrow imports numpy if there is one, for nothing here: a quarter of the start. None in
    # `sys.modules` is Python's own way to say that a module cannot be imported.
    sys.modules.setdefault("numpy", None)  # type: ignore[arg-type]
    # Imported here so that --help and a wrong option respond at once.
    from bytehouse_emulator.clickhouse.app import ClickHouseApp
    from bytehouse_emulator.control.api import control_routes
    from bytehouse_emulator.control.seed import apply_seed_file
    from bytehouse_emulator.emulator import Emulator, Settings
    from bytehouse_emulator.http.app import build_app
    from bytehouse_emulator.http.server import serve

    settings = Settings(
        token=options.token or secrets.token_urlsafe(24),
        data=options.data,
        import_dir=options.import_dir,
        roles=tuple(options.role),
        validate_answers=options.validate_answers,
        lenient=options.lenient,
        max_seconds=options.max_seconds,
        max_memory=options.max_memory,
        routes=options.routes,
        seed=options.seed,
        result_shape=options.result_shape,
        statuses=options.statuses,
        describe=options.describe,
    )
    emulator = Emulator(settings)
    try:
        rest = build_app(emulator, control_routes(emulator))
        apply_seed_file(emulator)
        serve(
            emulator,
            rest,
            ClickHouseApp(emulator, rest),
            listeners,
            tls=tls,
            show_token=not options.token,
            stop_with_stdin=options.exit_with_stdin,
        )
    except BaseException:
        emulator.close()
        raise
    return emulator.close()


def _listen(host: str, port: int) -> socket.socket:
    """Open a listening socket."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


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
    add(
        "--host",
        type=_address,
        default="127.0.0.1",
        help="IP address to listen on (default: %(default)s); one that other machines reach needs"
        f" ${_TOKEN}",
    )
    add("--tls-certificate", type=Path, metavar="FILE", help="serve HTTPS with this chain (PEM)")
    add("--tls-key", type=Path, metavar="FILE", help="private key of the certificate (PEM)")
    add(
        "--tls-self-signed",
        type=Path,
        metavar="FILE",
        help="serve HTTPS with a certificate made at the start, and write it to FILE for clients",
    )
    add("--port", type=_port, default=0, help="port to listen on (default: any free one)")
    add(
        "--clickhouse-port",
        type=_port,
        default=0,
        help="port for ClickHouse's HTTP interface, 8123 at the service (default: any free one)",
    )
    add(
        "--token",
        default=os.environ.get(_TOKEN),
        help=f"bearer token that callers must send (default: ${_TOKEN}, or a new one)",
    )
    add("--data", type=Path, metavar="DIR", help="directory to store data in (default: none)")
    add(
        "--import-dir",
        type=Path,
        metavar="DIR",
        help="directory that import jobs load local files from (default: import/ below --data)",
    )
    _add_behaviour(parser)
    add("--exit-with-stdin", action="store_true", help="stop when standard input ends")
    levels = ["debug", "info", "warning", "error"]
    add(
        "--log-level",
        choices=levels,
        default="warning",
        help="how much to log (default: %(default)s)",
    )
    return parser


def _add_behaviour(parser: argparse.ArgumentParser) -> None:
    """Add the options that change how the API behaves."""
    add = parser.add_argument
    add(
        "--role",
        action="append",
        default=[],
        help="role to add to AccountAdmin and SystemAdmin (repeatable)",
    )
    add(
        "--max-seconds",
        type=int,
        default=600,
        help="seconds that a query may run (default: %(default)s)",
    )
    add(
        "--max-memory",
        type=int,
        default=2 << 30,
        help="bytes of memory that a query may take (default: %(default)s)",
    )
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
        help="YAML file of objects to create at the first start, and after a reset",
    )
    add(
        "--result-shape",
        choices=["columns", "objects", "meta", "id"],
        default="columns",
        help="shape of responses with the rows of a query (default: %(default)s)",
    )
    add(
        "--statuses",
        choices=["documented", "conventional"],
        default="documented",
        help="statuses of errors: those that the vendor documents, or 401 and 409 as well"
        " (default: %(default)s)",
    )
    add(
        "--describe",
        choices=["bytehouse", "clickhouse"],
        default="bytehouse",
        help="columns of DESCRIBE: with ByteHouse's `flags`, or those of ClickHouse"
        " (default: %(default)s)",
    )
    add(
        "--lenient",
        action="store_true",
        help="ignore unknown parameters and fields, which are refused otherwise",
    )
    add(
        "--validate-answers",
        action="store_true",
        help="validate responses against the specification",
    )


def _port(text: str) -> int:
    if text.isdecimal() and int(text) < 1 << 16:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 0 to 65535")


def _address(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{host!r} is not an IP address to listen on") from None


def _check_exposure(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuse to be reached from other machines with a token that nobody chose."""
    if ipaddress.ip_address(options.host).is_loopback:
        return
    if len(options.token or "") < _MIN_TOKEN:
        parser.error(
            f"--host {options.host} is not a loopback address, so that other machines reach it:"
            f" choose a token of at least {_MIN_TOKEN} characters, by ${_TOKEN}."
        )
