"""The routes (method and path) of each operation, and how to read a tenant's own.

All paths but one are inferred. A tenant's docs page leads to the API document with the true ones:

    from bytehouse import routes

    pulled = routes.pull("https://docs.example/docs", host="tenant-1.bytehouse.example")
    print(len(pulled.matched), "routes written to", pulled.file)

From then on every client of that host uses these routes, unless it is given others.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import attrs

from bytehouse_openapi import (
    Document,
    Limits,
    Matching,
    Pair,
    UpstreamError,
    match,
    operations,
    path_in_our_words,
    read,
    shape_of,
    shapes_of_client,
)
from bytehouse_raw.operations import OPERATIONS

from ._api.routing import RouteTable, parse_route
from ._core.config import Config, parse_setting, resolve, routes_file
from ._core.files import atomic_file
from ._core.options import header_value
from .errors import ConfigError

__all__ = [
    "Known",
    "MatchedRoute",
    "Pulled",
    "UnmatchedRoute",
    "UpstreamError",
    "file_of",
    "known",
    "pull",
]


@attrs.frozen
class Known:
    """The route of one operation.

    Attributes:
        operation: Id of the operation.
        method: HTTP method.
        path: Template of the path.
        origin: ``documented``, ``inferred``, or the source of the tenant's own route.
    """

    operation: str
    method: str
    path: str
    origin: str


@attrs.frozen
class MatchedRoute:
    """A route that was found in a specification.

    Attributes:
        operation: Id of the operation.
        route: Method and path, with this client's names of the parameters.
        built_in: The built-in route of this client.
        by: How the operation was recognised: operation id, tag and summary, summary, or shape.
    """

    operation: str
    route: str
    built_in: str
    by: str

    @property
    def is_changed(self) -> bool:
        """Whether it differs from the built-in route."""
        return self.route != self.built_in


@attrs.frozen
class UnmatchedRoute:
    """An operation that keeps its built-in route.

    Attributes:
        operation: Id of the operation.
        route: The built-in route.
        reason: Why no route of the specification is used.
    """

    operation: str
    route: str
    reason: str


@attrs.frozen
class Pulled:
    """The result of `pull`.

    Attributes:
        address: Address or file of the specification.
        file: The routes file that was written.
        matched: Operations whose routes were found.
        unmatched: Operations whose routes were not found, or cannot be used.
        unknown: Operations of the specification that this client does not have.
    """

    address: str
    file: Path
    matched: tuple[MatchedRoute, ...]
    unmatched: tuple[UnmatchedRoute, ...]
    unknown: tuple[str, ...]


def known(*, host: str | None = None, profile: str | None = None) -> list[Known]:
    """List the routes that a client would use, in the order of openapi.yaml.

    Args:
        host: Host of the tenant; matched from the configuration if not given.
        profile: Name of a profile of the configuration.

    Raises:
        ConfigError: The configuration or its routes are invalid.
    """
    given = resolve({"host": host}, profile=profile)._values["routes"]
    table = RouteTable(given.value, given.source)
    return [
        Known(operation.id, route.method, route.template, table.origin(operation))
        for operation in OPERATIONS.values()
        for route in [table.route(operation)]
    ]


def file_of(host: str) -> Path:
    """Return the routes file of a host, whether it exists or not.

    It is ``~/.config/bytehouse/routes/<host>.toml``; ``XDG_CONFIG_HOME`` replaces ``~/.config``.

    Raises:
        ConfigError: It is not a host.
    """
    return routes_file(parse_setting("host", host)).expanduser()


def pull(
    source: str,
    *,
    host: str | None = None,
    file: str | os.PathLike[str] | None = None,
    headers: Mapping[str, str] | None = None,
    profile: str | None = None,
    timeout: float = 60.0,
) -> Pulled:
    """Read a tenant's API document and write the routes in it to a file.

    Operations are recognised by their id, their title or their shape. One that is not found keeps
    its built-in route. The path of the server is part of the routes, unless it is part of the
    host's own address: that of an operation, else of its path, else of the document, of several the
    first. Nothing is written unless at least a quarter of the operations is found, and one of the
    routes can be used.

    Args:
        source: Address or file of an OpenAPI document in JSON or YAML, or of a docs page that shows
            one.
        host: Host of the tenant; matched from the configuration if not given.
        file: File to write, to be passed to a client as ``routes``; default: the routes file of the
            host.
        headers: Headers for the requests to the host of `source`, such as a token.
        profile: Name of a profile of the configuration.
        timeout: Seconds for reading the document.

    Raises:
        UpstreamError: There is no such document, it is of another API, or none of its routes can be
            used; nothing was written.
        ConfigError: There is no host and no file, or the file cannot be written.
        InvalidArgument: A header cannot be sent.
    """
    # No routes file is read: this command is what repairs an invalid one.
    config = resolve({"host": host, "routes": {}}, profile=profile)
    target = _target(config, file)
    headers = {name: header_value(name, value) for name, value in (headers or {}).items()}
    upstream = read(
        source,
        headers=headers,
        limits=Limits(seconds=timeout),
        rank=lambda document: len(_matching(document).pairs),
        config=config,
    )
    matching = _matching(upstream.document)
    matching.require_same_api(upstream.address)
    matched, unmatched = _sort_operations(matching, urlsplit(config.host or "").path)
    address = _without_secrets(upstream.address)
    if not matched:
        first = f"{unmatched[0].operation}: {unmatched[0].reason}" if unmatched else ""
        raise UpstreamError(
            f"No route of {address} can be used. {first}.",
            hint="Nothing was written, and the routes stay as they were.",
        )
    _write(target, _file_content(config.host, address, matched))
    unknown = tuple(f"{theirs.method} {theirs.path}" for theirs in matching.added)
    return Pulled(address, target, tuple(matched), tuple(unmatched), unknown)


def _target(config: Config, file: str | os.PathLike[str] | None) -> Path:
    if file is None and config.host is None:
        raise ConfigError(
            "No host given, and routes files are kept by host.",
            hint="Set host=... or BYTEHOUSE_HOST, or name a file.",
        )
    path = routes_file(config.host) if file is None else Path(file)
    try:
        return path.expanduser()
    except RuntimeError:
        raise ConfigError(f"There is no home directory for {path}.") from None


def _matching(document: Document) -> Matching:
    theirs = [shape_of(document, operation) for operation in operations(document)]
    return match(shapes_of_client(), theirs)


def _sort_operations(
    matching: Matching, prefix: str
) -> tuple[list[MatchedRoute], list[UnmatchedRoute]]:
    """Return the operations that were matched, and those that were not with the reason."""
    routes: dict[str, tuple[str, str]] = {}
    reasons: dict[str, str] = {}
    below = bool(prefix) and all(p.theirs.path.startswith(f"{prefix}/") for p in matching.pairs)
    for pair in matching.pairs:
        try:
            routes[pair.ours.id] = (_route(pair, prefix if below else ""), pair.by)
        except ConfigError as error:
            reasons[pair.ours.id] = error.message
    for ours, rivals in matching.ambiguous:
        candidates = ", ".join(f"{theirs.method} {theirs.path}" for theirs, _ in rivals)
        reasons[ours.id] = f"several operations match: {candidates}"
    matched, unmatched = [], []
    for operation in OPERATIONS.values():
        built_in = f"{operation.method} {operation.path}"
        if operation.id in routes:
            route, by = routes[operation.id]
            matched.append(MatchedRoute(operation.id, route, built_in, by))
        else:
            reason = reasons.get(operation.id, "the specification has no such operation")
            unmatched.append(UnmatchedRoute(operation.id, built_in, reason))
    return matched, unmatched


def _route(pair: Pair, prefix: str) -> str:
    """Return their route with our names of its parameters.

    Raises:
        ConfigError: It has other parameters, or is not a valid route.
    """
    theirs = pair.theirs
    path = path_in_our_words(pair.ours.path, theirs.path.removeprefix(prefix))
    if path is None:
        raise ConfigError(f"{theirs.method} {theirs.path} has other parameters")
    route = f"{theirs.method} {path}"
    try:
        parse_route(pair.ours.id, route, "")
    except ConfigError:
        raise ConfigError(f"{theirs.method} {theirs.path} is not a valid route") from None
    return route


def _without_secrets(address: str) -> str:
    """Return an address without parts that may be secret."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https"):
        return address
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _file_content(host: str | None, address: str, matched: list[MatchedRoute]) -> str:
    heading = {"host": host, "source": address}
    return "\n".join(
        [
            "# Written by `bytehouse routes pull`; the next pull writes it anew.",
            *(f"{name} = {_toml_string(value)}" for name, value in heading.items() if value),
            "",
            "[routes]",
            *(f"{one.operation} = {_toml_string(one.route)}" for one in matched),
            "",
        ]
    )


def _toml_string(text: str) -> str:
    """Return a TOML string."""
    return json.dumps("".join(c if c.isprintable() else "?" for c in text), ensure_ascii=False)


def _write(file: Path, text: str) -> None:
    """Write a file atomically."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(file, "w") as stream:
            stream.write(text)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}.") from error
