"""Command-line arguments for the location of the upstream specification."""

import argparse
import os
import tomllib
from pathlib import Path

from bytehouse import ByteHouseError
from bytehouse_openapi import (
    Document,
    Matching,
    Upstream,
    UpstreamError,
    match,
    operations,
    read,
    shape_of,
)

REPOSITORY = Path(__file__).parents[2]
CONFIGURED = "codegen/upstream.toml"
HEADERS = "BYTEHOUSE_UPSTREAM_HEADERS"

__all__ = [
    "REPOSITORY",
    "ByteHouseError",
    "add_arguments",
    "read_upstream",
    "same_api",
    "vendored",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the location of the upstream specification."""
    parser.add_argument(
        "upstream", nargs="?", default="", help=f"address or file; else that of {CONFIGURED}"
    )
    parser.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help=f"header for its host; in {HEADERS}, a line each, no process list shows it",
    )
    parser.add_argument(
        "--repository", type=Path, default=REPOSITORY, help="where openapi.yaml and overlay/ are"
    )


def vendored(options: argparse.Namespace) -> Document:
    """Read openapi.yaml.

    Raises:
        ByteHouseError: It is not there, or broken.
    """
    return read(str(options.repository / "openapi.yaml")).document


def read_upstream(options: argparse.Namespace, ours: Document) -> Upstream:
    """Read the upstream specification named by the arguments or the configuration.

    Raises:
        ByteHouseError: None is named, or it cannot be used.
    """
    source = options.upstream or _configured(options.repository)
    headers = {}
    for line in (*os.environ.get(HEADERS, "").splitlines(), *options.header):
        name, colon, value = line.partition(":")
        if line.strip() and not (colon and name.strip()):
            raise UpstreamError("A header must look like 'Name: value'.")
        if line.strip():
            headers[name.strip()] = value.strip()
    upstream = read(source, headers=headers, rank=lambda found: len(_matching(ours, found).pairs))
    same_api(ours, upstream)
    return upstream


def _configured(repository: Path) -> str:
    path = repository / CONFIGURED
    source = tomllib.loads(path.read_text("utf-8")).get("upstream", "") if path.exists() else ""
    if not source:
        raise UpstreamError(
            "No upstream specification is configured.",
            hint=f"Give one, UPSTREAM=<address or file>, or set it in {CONFIGURED}. The docs page "
            "of your tenant, with its link to download the OpenAPI specification, is one.",
        )
    return str(source)


def _matching(ours: Document, theirs: Document) -> Matching:
    return match(
        [shape_of(ours, operation) for operation in operations(ours)],
        [shape_of(theirs, operation) for operation in operations(theirs)],
    )


def same_api(ours: Document, upstream: Upstream) -> Matching:
    """Match the operations of a specification of this API.

    Raises:
        UpstreamError: It is of another.
    """
    matching = _matching(ours, upstream.document)
    matching.require_same_api(upstream.address)
    return matching
