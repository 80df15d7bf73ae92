"""Turn the arguments that describe an import job into requests. No I/O here, except reading a
schema file."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from bytehouse_raw import models
from bytehouse_raw.types import Model

from .._core.validation import require_name, require_names
from ..errors import InvalidArgument, ResponseDecodeError
from .import_configuration import ImportConfiguration

JobState = Literal["PUBLISHED", "DRAFT"]
ConfigurationLike = ImportConfiguration | models.ImportJobConfiguration | Mapping[str, Any]
SourceSchema = Sequence[str] | models.ImportJobSourceSchema | Mapping[str, Any]
SchemaFile = bytes | str | PathLike[str]
_LONGEST_NAME = 128
_EXECUTION_IDS = ("id", "executionID", "executionId", "execution_id", "uuid")
_FILES = "source.properties.fileNames"


def short_name(name: str) -> str:
    """Return the name of a connection or a job, checked.

    Raises:
        InvalidArgument: It is empty, or longer than the 128 characters that the service takes.
    """
    if len(require_name(name, "name")) > _LONGEST_NAME:
        raise InvalidArgument(
            f"name has {len(name)} characters; the service takes {_LONGEST_NAME} at most."
        )
    return name


def _state(state: str) -> models.ImportJobState:
    given = models.ImportJobState(state.upper()) if isinstance(state, str) else None
    if given is None or not given.is_known:
        raise InvalidArgument(f"state must be PUBLISHED or DRAFT, not {state!r}.")
    return given


def definition(
    name: str,
    *,
    configuration: ConfigurationLike,
    source_schema: SourceSchema | None,
    connection_id: int | None,
    description: str | None,
    schema_file: SchemaFile | None,
    state: str,
) -> dict[str, Any]:
    """Return the fields that define a job.

    Raises:
        InvalidArgument: One of them is invalid, or the job is not a draft and can never start.
    """
    published = _state(state)
    if isinstance(configuration, ImportConfiguration):
        if published is models.ImportJobState.PUBLISHED:
            configuration.check(connection_id, has_schema_file=schema_file is not None)
        configuration = configuration.to_dict()
    return {
        "name": short_name(name),
        "description": description,
        "connection_id": connection_id,
        "configuration": _mapping(configuration, "configuration"),
        "source_schema": _source_schema(source_schema or {}),
        "schema_file": _schema_file(schema_file),
        "state": published,
    }


def _source_schema(schema: SourceSchema) -> Mapping[str, Any]:
    if isinstance(schema, Mapping | Model):
        return _mapping(schema, "source_schema")
    return {"columns": [{"name": name} for name in require_names(schema, "source_schema")]}


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if isinstance(value, Model):
        return value.to_dict()
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        builder = ", or ImportConfiguration(...)" if what == "configuration" else ""
        raise InvalidArgument(
            f"{what} must be a mapping by the names on the wire{builder}; not {value!r}."
        )
    return value


def _schema_file(schema: SchemaFile | None) -> str | None:
    """Return a protobuf schema in Base64."""
    if schema is None:
        return None
    if isinstance(schema, str):
        if "{" not in schema:
            raise InvalidArgument(
                "schema_file is a string that is not a protobuf schema.",
                hint="Pass its path as a pathlib.Path, or the schema itself as a string or bytes.",
            )
        schema = schema.encode()
    elif isinstance(schema, PathLike):
        try:
            schema = Path(schema).read_bytes()
        except OSError as error:
            raise InvalidArgument(f"schema_file cannot be read: {error}") from None
    if not isinstance(schema, bytes | bytearray) or not schema:
        raise InvalidArgument("schema_file must be a schema as bytes or a string, or its path.")
    return base64.b64encode(schema).decode()


def start_request(
    file_names: Iterable[str] | str | None, arguments: Mapping[str, Any] | None
) -> models.StartImportJobRequest:
    """Return the body of a request to start a job.

    Raises:
        InvalidArgument: The file names are empty, or are in the arguments too.
    """
    fields: dict[str, Any] = {}
    if arguments is not None:
        fields = dict(_mapping(arguments, "arguments"))
    if file_names is not None:
        names = [file_names] if isinstance(file_names, str) else list(file_names)
        if not names or not all(isinstance(name, str) and name for name in names):
            raise InvalidArgument("file_names must be one name or several, none of them empty.")
        if len(names) > 1 and any("," in name for name in names):
            raise InvalidArgument("file_names are joined by commas, so none may contain one.")
        if _FILES in fields:
            raise InvalidArgument(f"file_names and {_FILES} in arguments exclude each other.")
        fields[_FILES] = ",".join(names)
    return models.StartImportJobRequest.from_dict(fields)


def execution_id_of(response: models.StartImportJobResponse, operation: str) -> str:
    """Return the id of the execution that was started; its name in the response is not documented.

    Raises:
        ResponseDecodeError: The response has none. The job runs nevertheless.
    """
    data: object = response.data
    fields = data.to_dict() if isinstance(data, Model) else {"id": data}
    for key in _EXECUTION_IDS:
        value = fields.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and value:
            return str(value)
    error = ResponseDecodeError(
        "the job was started, but the response does not have the id of the execution",
        operation=operation,
        hint="`import_jobs.executions(id)` lists the executions of the job.",
    )
    error.raw_response = response.raw_response
    raise error
