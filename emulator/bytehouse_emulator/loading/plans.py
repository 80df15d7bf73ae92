"""The configuration of an import job.

The docs show none of its keys. One start argument is documented, `source.properties.fileNames`, and
from it the rest is inferred:

    {
      "source": {
        "type": "LOCAL",                  also S3, MINIO and KAFKA; the others are not modelled
        "format": "CSV",                  also JSON and PARQUET
        "properties": {
          "fileNames": "a.csv, b*.csv",   or a list; with the wildcards * and ?
          "bucket": "...",                S3 alone, unless the connection names one
          "delimiter": ",",               CSV alone
          "header": true,                 CSV alone: the first row holds the names of the columns
          "maxErrors": 1000,              an execution with more rows than this that fail, fails
          "topic": "...",                 Kafka alone
          "offsetReset": "earliest"       Kafka alone: where a job begins, earliest or latest
        }
      },
      "target": {
        "database": "...",
        "table": "...",
        "loadMode": "INCREMENTAL",
        "vwID": "..."                     the virtual warehouse, which must exist; it is not charged
      }
    }

With the load mode FULL the rows replace all rows of the table. With INCREMENTAL they replace the
partitions they belong to, and are added to a table without partitions. With APPEND they are always
added. `sourceSchema` may be `{"columns": [{"name": "..."}]}`: the columns of a CSV file without a
header, in order.

A job with any other configuration can be created, listed and changed, but not started.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Delimiter = Annotated[str, msgspec.Meta(pattern=r'^[^"\r\n]$')]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Properties(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Where in the source the data is, and its format in detail."""

    file_names: str | list[str] = ""
    bucket: str = ""
    delimiter: Delimiter = ","
    header: bool = True
    max_errors: Count = 1000
    topic: str = ""
    offset_reset: Literal["earliest", "latest"] = "earliest"

    def patterns(self) -> list[str]:
        """Return the names of the files, which may have wildcards."""
        names = self.file_names
        found = names.split(",") if isinstance(names, str) else names
        return [name.strip() for name in found if name.strip()]


class Source(msgspec.Struct, forbid_unknown_fields=True):
    """Where the data comes from."""

    type: str
    format: str
    properties: Properties = msgspec.field(default_factory=Properties)


class Target(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Where the data goes."""

    database: str
    table: str
    load_mode: Literal["FULL", "INCREMENTAL", "APPEND"] = "INCREMENTAL"
    warehouse: str = msgspec.field(default="", name="vwID")


class Configuration(msgspec.Struct, forbid_unknown_fields=True):
    """What a job does."""

    source: Source
    target: Target


class Plan(msgspec.Struct):
    """A configuration that can be executed, and the columns of the source schema."""

    source: Source
    target: Target
    columns: tuple[str, ...]
