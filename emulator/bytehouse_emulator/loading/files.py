"""Find and open the files of a job, on this machine or on a local S3 server.

Neither callers' statements nor the engine have access to files: they are read here, and their rows
are passed to the engine. Local files are read below one directory only, and S3 servers are called
on the loopback interface only.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from pyarrow import fs

from bytehouse_emulator.errors import EmulatorError, invalid, not_modelled
from bytehouse_emulator.loading.documents import Connection
from bytehouse_emulator.loading.plans import Plan

_MAX_FILES: Final = 1000
_WILDCARDS: Final = frozenset("*?[")


class LoadError(Exception):
    """A reason why an execution cannot go on."""


class SourceFile(NamedTuple):
    """A file to load; its stream is decompressed if the extension names a compression."""

    name: str
    stream: Callable[[], Any]
    random_access: Callable[[], Any]


Find = Callable[[], Iterator[SourceFile]]


def source_files(plan: Plan, connection: Connection | None, directory: Path) -> Find:
    """Check where a job reads from; return a function that finds the files."""
    patterns = plan.source.properties.patterns()
    if plan.source.type == "LOCAL":
        for pattern in patterns:
            _check_local(pattern)
        return lambda: _limited(_local(directory, patterns))
    if connection is None:
        raise invalid("ImportJob", f"Loading from {plan.source.type} needs a connection.")
    bucket = plan.source.properties.bucket or _string(connection, "bucket")
    if not bucket:
        raise invalid("ImportJob", "Neither the job nor its connection names a bucket.")
    server = _s3(connection)
    return lambda: _limited(_remote(server, bucket, patterns))


def _limited(found: Iterator[SourceFile]) -> Iterator[SourceFile]:
    names: set[str] = set()
    for file in found:
        # Two patterns may find the same file.
        if file.name in names:
            continue
        names.add(file.name)
        if len(names) > _MAX_FILES:
            raise LoadError(f"There are more than {_MAX_FILES} files, the most of one execution.")
        yield file


def _check_local(pattern: str) -> None:
    if pattern.startswith("/") or ".." in pattern.split("/") or {"\\", "\0"} & set(pattern):
        message = f"{pattern!r} leads out of the import directory; name files relative to it."
        raise EmulatorError(400, "ImportJob_InvalidFileName", message)


def _local(directory: Path, patterns: list[str]) -> Iterator[SourceFile]:
    system, root = fs.LocalFileSystem(), directory.resolve()
    for pattern in patterns:
        has_wildcard = not _WILDCARDS.isdisjoint(pattern)
        paths = sorted(root.glob(pattern)) if has_wildcard else [root / pattern]
        # A link may point elsewhere, and a pipe or a device would never end.
        paths = [path for path in paths if path.is_file() and path.resolve().is_relative_to(root)]
        if not paths:
            raise LoadError(f"No file {pattern!r} is in the import directory {directory}.")
        for path in paths:
            yield _file(system, str(path), path.relative_to(root).as_posix())


def _remote(server: Any, bucket: str, patterns: list[str]) -> Iterator[SourceFile]:
    for pattern in patterns:
        fixed = pattern[: next((i for i, c in enumerate(pattern) if c in _WILDCARDS), len(pattern))]
        folder = f"{bucket}/{fixed}".rpartition("/")[0]
        try:
            found = server.get_file_info(fs.FileSelector(folder, recursive=True))
        except OSError as error:
            raise LoadError(f"The bucket {bucket!r} cannot be listed: {error}") from None
        names = sorted(
            info.path.removeprefix(f"{bucket}/") for info in found if info.type == fs.FileType.File
        )
        matching = [name for name in names if name == pattern or fnmatchcase(name, pattern)]
        if not matching:
            raise LoadError(f"No object {pattern!r} is in the bucket {bucket!r}.")
        for name in matching:
            yield _file(server, f"{bucket}/{name}", name)


def _file(system: Any, path: str, name: str) -> SourceFile:
    return SourceFile(
        name, lambda: system.open_input_stream(path), lambda: system.open_input_file(path)
    )


def _s3(connection: Connection) -> Any:
    """Make a client of a local S3 server.

    That a connection's data has the keys `endpoint`, `accessKeyID`, `secretAccessKey`, `region` and
    `bucket` is inferred.
    """
    endpoint = _string(connection, "endpoint")
    try:
        parsed = urlsplit(endpoint if "://" in endpoint else f"http://{endpoint}")
    except ValueError:
        raise invalid("Connection", f"The endpoint {endpoint!r} is no address.") from None
    if not _is_loopback(parsed.hostname or ""):
        where = f"at {parsed.hostname}" if parsed.hostname else "without an endpoint"
        raise not_modelled(f"S3 {where}", "only servers on the loopback interface are called.")
    key, secret = _string(connection, "accessKeyID"), _string(connection, "secretAccessKey")
    try:
        return fs.S3FileSystem(
            **({"access_key": key, "secret_key": secret} if key else {"anonymous": True}),
            endpoint_override=parsed.netloc.rpartition("@")[2],
            scheme=parsed.scheme,
            region=_string(connection, "region") or "us-east-1",
            connect_timeout=5,
            request_timeout=30,
        )
    except (OSError, ValueError) as error:
        raise invalid("Connection", f"The connection cannot be used: {error}") from None


def _string(connection: Connection, key: str) -> str:
    value = connection.data.get(key, "")
    return value if isinstance(value, str) else ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
