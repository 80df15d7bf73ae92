"""Turn the configuration of an import job into a plan (for its keys see `plans.py`)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from bytehouse_emulator.errors import EmulatorError, invalid, not_modelled
from bytehouse_emulator.loading.documents import Job
from bytehouse_emulator.loading.plans import Configuration, Plan, Source

FILES: Final = frozenset({"LOCAL", "S3", "MINIO"})
_FILE_NAMES: Final = "source.properties.fileNames"
_FORMATS: Final = {"KAFKA": frozenset({"JSON"})} | dict.fromkeys(
    FILES, frozenset({"CSV", "JSON", "PARQUET"})
)


class _Column(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class _Schema(msgspec.Struct, forbid_unknown_fields=True):
    columns: list[_Column] = []


def source_type(job: Job) -> str:
    """Return the type of source that a job's configuration names, "" if it names none."""
    source = job.configuration.get("source")
    kind = source.get("type") if isinstance(source, dict) else None
    return kind if isinstance(kind, str) else ""


def start_arguments(job: Job) -> dict[str, Any]:
    """Return the start arguments of a job with their defaults."""
    if source_type(job).upper() not in FILES:
        return {}
    properties = job.configuration["source"].get("properties")
    names = properties.get("fileNames", "") if isinstance(properties, dict) else ""
    return {_FILE_NAMES: ",".join(names) if isinstance(names, list) else names}


def plan(job: Job, arguments: dict[str, Any]) -> Plan:
    """Return what a job does when it is started with these arguments."""
    try:
        found = msgspec.convert(job.configuration, Configuration)
        schema = msgspec.convert(job.source_schema, _Schema)
    except msgspec.ValidationError as error:
        reason = f"the emulator cannot read its configuration or source schema: {error}"
        raise not_modelled(f"Starting the job {job.name!r}", reason) from None
    source = found.source
    source.type, source.format = source.type.upper(), source.format.upper()
    _require_modelled(source)
    if schema.columns and (source.format != "CSV" or source.properties.header):
        raise not_modelled(
            "A source schema of records that name their columns",
            "it is of CSV files without a header.",
        )
    if job.schema_file:
        raise not_modelled("A Protobuf schema", "streams are read as JSON.")
    for name, value in arguments.items():
        if name != _FILE_NAMES:
            raise not_modelled(f"The start argument {name!r}", f"only {_FILE_NAMES!r} is.")
        if source.type == "KAFKA":
            raise invalid("ImportJob", f"A job that reads from Kafka takes no {name!r}.")
        source.properties.file_names = value
    if source.type == "KAFKA":
        if not source.properties.topic:
            raise _missing("source.properties.topic")
    elif not source.properties.patterns():
        raise _missing(f"{_FILE_NAMES}, in the configuration or as a start argument")
    return Plan(source, found.target, tuple(column.name for column in schema.columns))


def _require_modelled(source: Source) -> None:
    formats = _FORMATS.get(source.type)
    if formats is None:
        known = ", ".join(sorted(_FORMATS))
        raise not_modelled(f"Loading from {source.type}", f"these sources are: {known}.")
    if source.format not in formats:
        known = ", ".join(sorted(formats))
        raise not_modelled(f"Loading {source.format} from {source.type}", f"{known} is.")


def _missing(what: str) -> EmulatorError:
    return invalid("ImportJob", f"The job lacks {what}.")
