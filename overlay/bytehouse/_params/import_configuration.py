"""Describe what an import job reads, where it writes, and how.

The API documents one key of a job's configuration, `source.properties.fileNames`. So every other
key here is inferred: the attribute's name in camel case, in the layout that this one key implies.
What is wrong or missing goes into `extra`, and a plain mapping is always accepted in place of these
classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

import attrs

from bytehouse_raw.models import ImportSourceType

from .._core.enums import NamedEnum
from .._core.validation import require_name, require_names
from .._types.identifiers import Identifier, target_of
from ..errors import InvalidArgument
from .import_sources import wire_name, with_extra

FileFormat = Literal["CSV", "JSON", "PARQUET", "AVRO", "EXCEL"]
StreamFormat = Literal["JSON", "PROTOBUF"]
_WITHOUT_CONNECTION = frozenset({ImportSourceType.LOCAL, ImportSourceType.BYTEHOUSE})


class LoadMode(NamedEnum):
    """What becomes of the rows that a table has. The vendor's console has the first two
    (documented); the third and all spellings are inferred."""

    FULL = "FULL"
    """The loaded rows replace all rows."""
    INCREMENTAL = "INCREMENTAL"
    """They replace the partitions that they belong to; without partitions, they are added."""
    APPEND = "APPEND"
    """They are added."""


def _file_names(files: Iterable[str] | str) -> str:
    names = require_names(files, "files") if files else []
    if len(names) > 1 and any("," in name for name in names):
        raise InvalidArgument("files are joined by commas, so none may contain one.")
    return ",".join(names)


def _upper(value: object) -> Any:
    if not isinstance(value, str):
        raise InvalidArgument(f"format must be a string, not {value!r}.")
    return value.upper()


def _file_format(value: FileFormat) -> FileFormat:
    found: FileFormat = _upper(value)
    return found


def _stream_format(value: StreamFormat) -> StreamFormat:
    found: StreamFormat = _upper(value)
    return found


@attrs.frozen
class ImportSource:
    """Hold what all sources have.

    Attributes:
        extra: Further properties of the source, by their names on the wire.
    """

    type: ClassVar[ImportSourceType]
    formats: ClassVar[frozenset[str]] = frozenset()

    extra: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the source as it is sent.

        Raises:
            InvalidArgument: `extra` has a property that is given already.
        """
        given = {
            field.name: value
            for field in attrs.fields(type(self))
            if field.name != "extra" and (value := getattr(self, field.name)) not in (None, "")
        }
        head = {"type": self.type.value}
        if "format" in given:
            head["format"] = given.pop("format")
        properties = {
            _PROPERTIES.get(name, wire_name(name)): value for name, value in given.items()
        }
        return {**head, "properties": with_extra(properties, self.extra)}

    def check(self) -> None:
        """Refuse a source that no job can read.

        Raises:
            InvalidArgument: What it needs is missing, or the vendor names no such format for it.
        """
        given = getattr(self, "format", None)
        if given is not None and given not in self.formats:
            known = ", ".join(sorted(self.formats))
            raise InvalidArgument(f"{self.type.value} has no format {given}; it has {known}.")
        for name in _REQUIRED.intersection(field.name for field in attrs.fields(type(self))):
            require_name(getattr(self, name), name)


_PROPERTIES = {"files": "fileNames"}
_REQUIRED = frozenset({"topic", "stream", "database", "table"})


@attrs.frozen
class FileSource(ImportSource):
    """Hold what sources of files have in common. All but `files` is inferred.

    Attributes:
        files: Name of the file, or several; ``*`` and ``?`` are wildcards (inferred). Without it,
            `import_jobs.start` takes the names.
        format: ``CSV``, ``JSON``, ``PARQUET``, ``AVRO`` or ``EXCEL`` (the console has these).
        delimiter: Of a CSV file, what separates the values.
        header: Whether a CSV file begins with a row of names.
        max_errors: How many rows may be refused before the execution fails.
    """

    formats = frozenset({"CSV", "JSON", "PARQUET", "AVRO", "EXCEL"})

    files: str = attrs.field(default="", converter=_file_names)
    format: FileFormat = attrs.field(default="CSV", converter=_file_format)
    delimiter: str | None = attrs.field(default=None, kw_only=True)
    header: bool | None = attrs.field(default=None, kw_only=True)
    max_errors: int | None = attrs.field(default=None, kw_only=True)


@attrs.frozen
class LocalSource(FileSource):
    """Read files that were uploaded to the service, in its console for instance: the API has no
    operation that uploads one. `load` inserts files of this machine. Its attributes are those of
    `FileSource`."""

    type = ImportSourceType.LOCAL


@attrs.frozen
class ObjectStoreSource(FileSource):
    """Hold what sources in buckets have in common, beside what `FileSource` has (inferred).

    Attributes:
        bucket: Name of the bucket, if the connection does not name it.
    """

    bucket: str | None = attrs.field(default=None, kw_only=True)


@attrs.frozen
class S3Source(ObjectStoreSource):
    """Read objects in Amazon S3; for its attributes see `FileSource` (inferred)."""

    type = ImportSourceType.S3


@attrs.frozen
class TOSSource(ObjectStoreSource):
    """Read objects in Volcengine TOS; for its attributes see `FileSource` (inferred)."""

    type = ImportSourceType.TOS


@attrs.frozen
class OSSSource(ObjectStoreSource):
    """Read objects in Alibaba OSS; for its attributes see `FileSource` (inferred)."""

    type = ImportSourceType.ALI_OSS


@attrs.frozen
class MinIOSource(ObjectStoreSource):
    """Read objects in MinIO; for its attributes see `FileSource` (inferred)."""

    type = ImportSourceType.MINIO


@attrs.frozen
class CFSSource(FileSource):
    """Read files in CloudFS; for its attributes see `FileSource` (inferred)."""

    type = ImportSourceType.CFS


@attrs.frozen
class LASFSSource(FileSource):
    """Read files in LAS; for its attributes see `FileSource` (inferred)."""

    type = ImportSourceType.LASFS


@attrs.frozen
class TableSource(ImportSource):
    """Hold what sources of tables have in common (inferred).

    Attributes:
        database: Name of the database.
        table: Name of the table.
    """

    database: str
    table: str


@attrs.frozen
class HiveSource(TableSource):
    """Read a table of Hive; for its attributes see `TableSource` (inferred)."""

    type = ImportSourceType.HIVE


@attrs.frozen
class MySQLSource(TableSource):
    """Read a table of MySQL; for its attributes see `TableSource` (inferred)."""

    type = ImportSourceType.MYSQL


@attrs.frozen
class ByteHouseSource(TableSource):
    """Read a table of ByteHouse; for its attributes see `TableSource` (inferred)."""

    type = ImportSourceType.BYTEHOUSE


@attrs.frozen
class KafkaSource(ImportSource):
    """Read a topic of Kafka, until the job is stopped (inferred).

    Attributes:
        topic: Name of the topic.
        format: ``JSON``, or ``PROTOBUF``, which needs the `schema_file` of the job (documented).
        offset_reset: Where a job begins that has read nothing yet, ``earliest`` or ``latest``.
    """

    type = ImportSourceType.KAFKA
    formats = frozenset({"JSON", "PROTOBUF"})

    topic: str
    format: StreamFormat = attrs.field(default="JSON", converter=_stream_format)
    offset_reset: Literal["earliest", "latest"] | None = attrs.field(default=None, kw_only=True)


@attrs.frozen
class KinesisSource(ImportSource):
    """Read a stream of Amazon Kinesis, until the job is stopped (inferred).

    Attributes:
        stream: Name of the stream.
        format: ``JSON`` or ``PROTOBUF``.
    """

    type = ImportSourceType.KINESIS
    formats = frozenset({"JSON", "PROTOBUF"})

    stream: str
    format: StreamFormat = attrs.field(default="JSON", converter=_stream_format)


def _target(into: str | Identifier) -> Identifier:
    target = target_of(into)
    if len(target.parts) != 2:
        raise InvalidArgument(f"into must name the database too: 'database.table', not {into!r}.")
    return target


def _load_mode(mode: LoadMode | str) -> LoadMode:
    known = ", ".join(LoadMode)
    if not isinstance(mode, str) or mode.upper() not in list(LoadMode):
        raise InvalidArgument(f"load_mode must be one of {known}, not {mode!r}.")
    return LoadMode(mode.upper())


@attrs.frozen
class ImportConfiguration:
    """Describe what a job reads, where it writes, and how. All keys are inferred but that of the
    names of files.

    Example:
        ImportConfiguration(S3Source("orders/*.csv", header=True), "sales.orders", "APPEND")

    Attributes:
        source: What is read: `S3Source`, `KafkaSource` and so on.
        into: Table that is written, ``"database.table"`` or an `Identifier`.
        load_mode: What becomes of the rows that it has; see `LoadMode`.
        schedule: When the service starts it by itself, as a cron expression such as
            ``0 2 * * *``; without it, `import_jobs.start` does.
        warehouse: Name or id of the virtual warehouse that it runs on.
        extra: Further keys, by their names on the wire.
    """

    source: ImportSource
    into: Identifier = attrs.field(converter=_target)
    load_mode: LoadMode = attrs.field(default=LoadMode.INCREMENTAL, converter=_load_mode)
    schedule: str | None = attrs.field(default=None, kw_only=True)
    warehouse: str | None = attrs.field(default=None, kw_only=True)
    extra: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as it is sent.

        Raises:
            InvalidArgument: `extra` has a key that is given already.
        """
        database, table = self.into.parts
        target = {"database": database, "table": table, "loadMode": self.load_mode.value}
        if self.warehouse is not None:
            target["vwID"] = self.warehouse
        keys: dict[str, Any] = {"source": self.source.to_dict(), "target": target}
        if self.schedule is not None:
            keys["schedule"] = {"cron": self.schedule}
        return with_extra(keys, self.extra)

    def check(self, connection: int | bool | None, *, has_schema_file: bool) -> None:
        """Refuse a job that can never start.

        Args:
            connection: Id of its connection, or whether it has one.
            has_schema_file: Whether it has a Protobuf schema.

        Raises:
            InvalidArgument: What it needs is missing, or what it has contradicts itself.
        """
        if not isinstance(self.source, ImportSource):
            raise InvalidArgument(f"source must be S3Source(...) or so, not {self.source!r}.")
        self.source.check()
        kind, fields = self.source.type, str(self.schedule).split()
        if self.schedule is not None and len(fields) != 5:
            raise InvalidArgument(
                f"schedule must be a cron expression of five fields, not {self.schedule!r}.",
                hint="`0 2 * * *` is each day at 2:00.",
            )
        if not connection and kind not in _WITHOUT_CONNECTION:
            raise InvalidArgument(
                f"A job that reads from {kind.value} needs a connection.",
                hint="Pass connection_id, the id of one; `connections.create` stores one. `load` "
                "takes connection=S3Connection(...) or so.",
            )
        if kind is ImportSourceType.BYTEHOUSE and connection:
            raise InvalidArgument("A job that reads from ByteHouse takes the connection_id 0.")
        if (getattr(self.source, "format", None) == "PROTOBUF") != has_schema_file:
            raise InvalidArgument("schema_file goes with the format PROTOBUF, which needs it.")
