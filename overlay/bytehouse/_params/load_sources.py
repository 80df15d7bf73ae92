"""Turn what `load` takes into the source of an import job."""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, cast

import attrs

from .._core.validation import require_string
from ..errors import InvalidArgument
from .import_configuration import (
    FileSource,
    ImportSource,
    KafkaSource,
    KinesisSource,
    ObjectStoreSource,
    OSSSource,
    S3Source,
    TOSSource,
)

if TYPE_CHECKING:
    from .import_configuration import FileFormat

LoadSource = str | PathLike[str] | ImportSource
_STORES: dict[str, type[ObjectStoreSource]] = {"s3": S3Source, "tos": TOSSource, "oss": OSSSource}
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)/*(.*)", re.DOTALL)
_FORMATS = {
    ".csv": "CSV",
    ".json": "JSON",
    ".jsonl": "JSON",
    ".ndjson": "JSON",
    ".parquet": "PARQUET",
    ".avro": "AVRO",
    ".xlsx": "EXCEL",
}
_COMPRESSED = frozenset({".gz", ".zst", ".bz2", ".lz4"})


def source_of(source: LoadSource, format: str | None, *, strict: bool) -> ImportSource | Path:
    """Return the source of a job, or the path of a file on this machine.

    Args:
        source: What to load.
        format: Format of the files; by their extension if not given.
        strict: Whether a refused row ends the execution, where the source does not say it.

    Raises:
        InvalidArgument: It cannot be loaded at once, or its format is not known.
    """
    if isinstance(source, KafkaSource | KinesisSource):
        raise InvalidArgument(
            f"A job that reads from {source.type.value} does not end, so it cannot be waited for.",
            hint="Create it with import_jobs.create and start it.",
        )
    if not isinstance(source, ImportSource):
        url = _URL.fullmatch(source) if isinstance(source, str) else None
        if url is None:
            if not isinstance(source, str | PathLike) or not str(source):
                raise InvalidArgument(f"{source!r} is no URL, path or source to load from.")
            return Path(source)
        scheme, bucket, files = url.groups()
        source = _object_store(scheme, bucket, files, format)
    elif format is not None:
        raise InvalidArgument("format is part of the source: S3Source(..., format=...).")
    if isinstance(source, FileSource):
        if not source.files:
            raise InvalidArgument("The source does not name the files to load.")
        if strict and source.max_errors is None:
            source = attrs.evolve(source, max_errors=0)
    return source


def _object_store(scheme: str, bucket: str, files: str, format: str | None) -> ObjectStoreSource:
    kind = _STORES.get(scheme.lower())
    if kind is None or not bucket or not files or "@" in bucket:
        forms = ", ".join(f"{name}://bucket/file" for name in _STORES)
        raise InvalidArgument(
            f"{scheme}://... is not the URL of files that can be loaded: {forms}.",
            hint="For other sources pass MinIOSource(...) or so; credentials go into connection=.",
        )
    if format is not None:
        require_string(format, "format")
    known = cast("FileFormat", format or _format_of(files))  # or refused with the source
    return kind(files, known, bucket=bucket, header=True if known.upper() == "CSV" else None)


def _format_of(files: str) -> str:
    suffixes = [suffix.lower() for suffix in PurePosixPath(files).suffixes]
    if suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    found = _FORMATS.get(suffixes[-1]) if suffixes else None
    if found is None:
        raise InvalidArgument(
            f"The format of {files!r} is not known by its extension.",
            hint="Pass format=, such as format='CSV'.",
        )
    return found
