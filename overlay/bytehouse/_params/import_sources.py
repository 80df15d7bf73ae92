"""Describe how import jobs reach a data source, for each kind of source.

The API takes an object whose keys depend on the kind, and documents none of them. So every key here
is inferred: the attribute's name in camel case with `ID` in capitals, as the API writes others.
What is wrong or missing goes into `extra`, and a plain mapping is always accepted in place of one
of these classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import attrs

from bytehouse_raw.models import ConnectionData, ImportSourceType

from .._core.secrets import Secret
from .._core.validation import require_names
from ..errors import InvalidArgument

_SENSITIVE = re.compile(r"secret|passw|pwd|token|credential|auth|key|sign", re.IGNORECASE)


def _masked(value: Any, *, sensitive: bool = False) -> Any:
    """Return a value with every string wrapped that is under the name of a secret."""
    if isinstance(value, Mapping):
        return {
            name: _masked(inner, sensitive=sensitive or bool(_SENSITIVE.search(str(name))))
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(inner, sensitive=sensitive) for inner in value]
    return Secret(value) if sensitive and isinstance(value, str) else value


def _secret(value: str | None) -> Secret | None:
    if not isinstance(value, str | Secret | None):
        raise InvalidArgument("A secret must be a string; what was given is not shown.")
    return None if value is None else Secret(value)


def _addresses(value: str | Iterable[str] | None) -> str | None:
    return None if value is None else ",".join(require_names(value, "brokers"))


def _extra(value: Mapping[str, Any]) -> dict[str, Any]:
    masked: dict[str, Any] = _masked(value)
    return masked


def with_extra(fields: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with further ones.

    Raises:
        InvalidArgument: One of these is given already.
    """
    if duplicates := sorted(set(fields) & set(extra)):
        raise InvalidArgument(f"{', '.join(duplicates)}: given in extra, and as an argument.")
    return {**fields, **extra}


def wire_name(attribute: str) -> str:
    """Return the likely name on the wire of an attribute."""
    first, *rest = attribute.split("_")
    return first + "".join("ID" if word == "id" else word.capitalize() for word in rest)


@attrs.frozen(kw_only=True)
class ConnectionDetails:
    """Hold what all kinds of connections have.

    Attributes:
        extra: Further fields of the service, by their names on the wire.
    """

    type: ClassVar[ImportSourceType]

    extra: Mapping[str, Any] = attrs.field(factory=dict, converter=_extra)

    def to_dict(self) -> dict[str, Any]:
        """Return the object that is sent; secrets in it are masked when it is printed.

        Raises:
            InvalidArgument: `extra` has a field that is given already.
        """
        fields = {
            wire_name(field.name): value
            for field in attrs.fields(type(self))
            if field.name != "extra" and (value := getattr(self, field.name)) is not None
        }
        return with_extra(fields, self.extra)


@attrs.frozen(kw_only=True)
class LocalConnection(ConnectionDetails):
    """Describe files that are uploaded from this machine; no address, no credentials (inferred)."""

    type = ImportSourceType.LOCAL


@attrs.frozen(kw_only=True)
class ObjectStoreConnection(ConnectionDetails):
    """Hold what stores of objects in buckets have in common. All of it is inferred.

    Attributes:
        access_key_id: Id of the access key.
        secret_access_key: The access key itself.
        session_token: Token that goes with a temporary access key.
        region: Region, such as ``cn-beijing``.
        endpoint: Address, where the region does not imply it.
        bucket: Name of the bucket.
    """

    access_key_id: str | None = None
    secret_access_key: Secret | None = attrs.field(default=None, converter=_secret)
    session_token: Secret | None = attrs.field(default=None, converter=_secret)
    region: str | None = None
    endpoint: str | None = None
    bucket: str | None = None


@attrs.frozen(kw_only=True)
class S3Connection(ObjectStoreConnection):
    """Describe files in Amazon S3; for its fields see `ObjectStoreConnection` (inferred)."""

    type = ImportSourceType.S3


@attrs.frozen(kw_only=True)
class TOSConnection(ObjectStoreConnection):
    """Describe files in Volcengine TOS; for its fields see `ObjectStoreConnection` (inferred)."""

    type = ImportSourceType.TOS


@attrs.frozen(kw_only=True)
class OSSConnection(ObjectStoreConnection):
    """Describe files in Alibaba OSS; for its fields see `ObjectStoreConnection` (inferred)."""

    type = ImportSourceType.ALI_OSS


@attrs.frozen(kw_only=True)
class MinIOConnection(ObjectStoreConnection):
    """Describe files in MinIO; for its fields see `ObjectStoreConnection` (inferred)."""

    type = ImportSourceType.MINIO


@attrs.frozen(kw_only=True)
class CFSConnection(ObjectStoreConnection):
    """Describe files in CloudFS; for its fields see `ObjectStoreConnection` (inferred)."""

    type = ImportSourceType.CFS


@attrs.frozen(kw_only=True)
class LASFSConnection(ObjectStoreConnection):
    """Describe files in LAS; for its fields see `ObjectStoreConnection` (inferred)."""

    type = ImportSourceType.LASFS


@attrs.frozen(kw_only=True)
class HiveConnection(ConnectionDetails):
    """Describe a Hive metastore. All fields are inferred.

    Attributes:
        metastore: Address of the metastore, ``thrift://host:9083``.
        username: Name of the user.
        password: Password.
        access_key_id: Id of the access key for the files of the tables.
        secret_access_key: The access key itself.
        region: Region of the files.
    """

    type = ImportSourceType.HIVE

    metastore: str | None = None
    username: str | None = None
    password: Secret | None = attrs.field(default=None, converter=_secret)
    access_key_id: str | None = None
    secret_access_key: Secret | None = attrs.field(default=None, converter=_secret)
    region: str | None = None


@attrs.frozen(kw_only=True)
class KafkaConnection(ConnectionDetails):
    """Describe a Kafka cluster. All fields are inferred.

    Attributes:
        brokers: Addresses, ``host:port``; several are joined by commas.
        mechanism: How to log in, such as ``SASL_PLAIN`` or ``SCRAM-SHA-256``.
        username: Name of the user.
        password: Password.
        ssl: Whether to encrypt the connection.
        vpc_id: Id of the private network that the cluster is in.
    """

    type = ImportSourceType.KAFKA

    brokers: str | None = attrs.field(default=None, converter=_addresses)
    mechanism: str | None = None
    username: str | None = None
    password: Secret | None = attrs.field(default=None, converter=_secret)
    ssl: bool | None = None
    vpc_id: str | None = None


@attrs.frozen(kw_only=True)
class KinesisConnection(ConnectionDetails):
    """Describe Amazon Kinesis. All fields are inferred.

    Attributes:
        access_key_id: Id of the access key.
        secret_access_key: The access key itself.
        session_token: Token that goes with a temporary access key.
        region: Region.
        stream: Name of the stream.
    """

    type = ImportSourceType.KINESIS

    access_key_id: str | None = None
    secret_access_key: Secret | None = attrs.field(default=None, converter=_secret)
    session_token: Secret | None = attrs.field(default=None, converter=_secret)
    region: str | None = None
    stream: str | None = None


@attrs.frozen(kw_only=True)
class DatabaseConnection(ConnectionDetails):
    """Hold what database servers have in common. All of it is inferred.

    Attributes:
        host: Address.
        port: Number of the port.
        username: Name of the user.
        password: Password.
        database: Name of the database.
    """

    host: str | None = None
    port: int | None = None
    username: str | None = None
    password: Secret | None = attrs.field(default=None, converter=_secret)
    database: str | None = None


@attrs.frozen(kw_only=True)
class MySQLConnection(DatabaseConnection):
    """Describe a MySQL server; for its fields see `DatabaseConnection` (inferred)."""

    type = ImportSourceType.MYSQL


@attrs.frozen(kw_only=True)
class ByteHouseConnection(DatabaseConnection):
    """Describe ByteHouse as a source; for its fields see `DatabaseConnection` (inferred).

    A job that reads from the same ByteHouse needs no connection; its `connection_id` is 0.
    """

    type = ImportSourceType.BYTEHOUSE


ConnectionLike = ConnectionDetails | ConnectionData | Mapping[str, Any]


def data_of(data: ConnectionLike) -> ConnectionData:
    """Return the data of a connection, for the body of a request.

    A mapping is sent as it is. A string in it that is under the name of a secret is wrapped, so
    that no error and no traceback shows it.

    Raises:
        InvalidArgument: It is not the data of a connection.
    """
    if isinstance(data, ConnectionDetails | ConnectionData):
        data = data.to_dict()
    if not isinstance(data, Mapping) or not all(isinstance(name, str) for name in data):
        # The value is not shown: it may hold a secret.
        raise InvalidArgument(
            "data must be a connection such as S3Connection(...), or a mapping by wire name; "
            f"not {type(data).__name__}."
        )
    return ConnectionData(additional_properties=_extra(data))


def source_type(data: ConnectionLike, type: str | None) -> ImportSourceType:
    """Return the kind of source that a connection is for.

    Raises:
        InvalidArgument: None is given, it is not known, or it is not that of `data`.
    """
    type_of_data = data.type if isinstance(data, ConnectionDetails) else None
    if type is None:
        if type_of_data is None:
            raise InvalidArgument("data does not say what it is for: pass type=..., such as 'S3'.")
        return type_of_data
    given = ImportSourceType(type.upper()) if isinstance(type, str) else None
    if given is None or not given.is_known:
        known = ", ".join(member.value for member in ImportSourceType)
        raise InvalidArgument(f"type is {type!r}, which is not a kind of source. Known: {known}.")
    if type_of_data is not None and type_of_data != given:
        raise InvalidArgument(f"type is {given.value}, but data is for {type_of_data.value}.")
    return given
