"""Read a request of ClickHouse's HTTP interface: credentials, settings, statement and data."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from itertools import pairwise
from typing import Final
from urllib.parse import parse_qsl
from uuid import uuid4

from bytehouse_emulator.clickhouse.compression import (
    RESPONSE_ENCODINGS,
    BodyEncoder,
    decode_blocks,
    decode_http,
)
from bytehouse_emulator.clickhouse.errors import RequestRefused
from bytehouse_emulator.errors import not_modelled, syntax_error
from bytehouse_emulator.sql.lexer import (
    Statement,
    Token,
    is_insert,
    quote_identifier,
    quote_string,
    split,
)

USER: Final = "bytehouse"
# Parameters that are not settings of the engine.
_RESERVED: Final = frozenset(
    "add_http_cors_header buffer_size cancel_http_readonly_queries_on_client_close"
    " client_protocol_version compress database decompress default_format"
    " dialect_type enable_http_compression http_headers_progress_interval_ms"
    " http_native_compression_disable_checksumming_on_decompress http_zlib_compression_level"
    " password query query_id quota_key send_progress_in_http_headers session_check session_id"
    " session_timeout stacktrace user virtual_warehouse wait_end_of_query".split()
)
_NAME: Final = re.compile(r"(?:[A-Za-z_]\w*|param_[\w$]+)\Z")
# Of chDB's Python package alone.
_NOT_OF_THE_ENGINE: Final = frozenset({"arrowtable", "dataframe", "datastore"})
_MAX_SESSION_TIMEOUT: Final = 3600
_DIALECTS: Final = {"ANSI": "ansi_sql", "CLICKHOUSE": "clickhouse_sql"}


@dataclass(frozen=True)
class ExternalTable:
    """A table that came with the request, for this query alone."""

    name: str
    structure: str
    format: str
    data: bytes


@dataclass
class ClickHouseRequest:
    """One request, its parameters and body already read."""

    method: str
    parameters: dict[str, str]
    headers: Mapping[str, str]
    external: list[ExternalTable] = field(default_factory=list)
    head: str = ""
    output_format: str = ""
    input_format: str = ""
    data: bytes = b""

    @property
    def reads_only(self) -> bool:
        """Whether its method allows no change."""
        return self.method != "POST"

    def session(self, user: int) -> str:
        """Return the name of the session, which is one user's; empty for none."""
        return f"clickhouse/{user}/{self.session_id}" if self.session_id else ""

    @property
    def session_id(self) -> str:
        """What the caller calls the session, empty for none."""
        return self.parameters.get("session_id", "")

    @property
    def session_timeout(self) -> int:
        """For how many seconds the session is kept after this request."""
        return self._number("session_timeout", 60, _MAX_SESSION_TIMEOUT, "SessionTimeout")

    @property
    def progress_interval(self) -> float:
        """How many seconds are between two notes of the progress."""
        return self._number("http_headers_progress_interval_ms", 100, 1 << 63, "Setting") / 1000

    def flag(self, name: str) -> bool:
        """Return a parameter that is 0 or 1."""
        given = self.parameters.get(name, "0").lower()
        if given not in {"", "0", "1", "false", "true"}:
            raise RequestRefused("Setting", f"Cannot parse {given[:20]!r}: {name} is 0 or 1.")
        return given in {"1", "true"}

    def _number(self, name: str, default: int, most: int, code: str) -> int:
        given = self.parameters.get(name, str(default))
        if not given.isdecimal() or int(given[:20]) > most:
            raise RequestRefused(code, f"Invalid {name}: {given[:20]!r}; it is at most {most}.")
        return int(given[:20])

    def credentials(self) -> str:
        """Return the API key; an error tells a missing one from a wrong user."""
        authorization = self.headers.get("Authorization", "")
        named = self.headers.get("X-ClickHouse-User"), self.headers.get("X-ClickHouse-Key")
        given = self.parameters.get("user"), self.parameters.get("password")
        ways = [way for way in (authorization, any(named), any(given)) if way]
        if len(ways) > 1:
            raise RequestRefused("WrongLogin", "The key is given in more than one way.")
        user, key = named if any(named) else given
        if authorization:
            scheme, _, value = authorization.partition(" ")
            if scheme.lower() != "basic":
                raise RequestRefused(
                    "WrongLogin", f"{scheme[:20]!r} HTTP Authorization scheme is not supported."
                )
            user, key = _decode_basic(value)
        if user != USER or not key:
            code = "WrongLogin" if key else "RequiredPassword"
            raise RequestRefused(code, f"The user is {USER!r}, and the password an API key.")
        return key

    def query_id(self) -> str:
        """Return the caller's id of the query, or a new one."""
        given = self.parameters.get("query_id") or self.headers.get("X-ClickHouse-Query-Id")
        if given and not given.isprintable():
            raise RequestRefused("Setting", "A query_id has no characters of control.")
        return given or str(uuid4())

    def encoder(self) -> BodyEncoder:
        """Return what compresses the response."""
        accepted = self.headers.get("Accept-Encoding", "").lower()
        encoding = next((name for name in RESPONSE_ENCODINGS if name in accepted), "")
        return BodyEncoder(
            blocks=self.flag("compress"),
            encoding=encoding if self.flag("enable_http_compression") else "",
            level=self._number("http_zlib_compression_level", 3, 9, "Setting"),
        )

    def changes(self) -> list[str]:
        """Return the statements that make the settings of the request hold."""
        found = []
        for name, value in self.parameters.items():
            if name not in _RESERVED:
                if not _NAME.match(name):
                    raise RequestRefused("Setting", f"{name[:80]!r} is not the name of a setting.")
                found.append(f"SET {name}={quote_string(value)}")
        database = self.headers.get("X-ClickHouse-Database") or self.parameters.get("database", "")
        if database and database != "default":
            found.append(f"USE {quote_identifier(database.lower())}")
        return found

    @property
    def mode(self) -> str:
        """The dialect; `dialect_type` names it as ByteHouse's setting does."""
        named = self.parameters.get("dialect_type", "CLICKHOUSE").upper()
        if named not in _DIALECTS:
            raise not_modelled(f"dialect_type = {named[:40]}", "ANSI and CLICKHOUSE are.")
        return _DIALECTS[named]

    @property
    def warehouse(self) -> str:
        """The virtual warehouse, empty for the user's default."""
        return self.parameters.get("virtual_warehouse", "")


def read_request(
    method: str, query_string: bytes, headers: Mapping[str, str], body: bytes
) -> ClickHouseRequest:
    """Read a request whose body has arrived."""
    address = query_string.decode("latin-1")
    try:
        pairs = parse_qsl(address, keep_blank_values=True, errors="strict", max_num_fields=1000)
    except ValueError as error:
        raise RequestRefused("Syntax", f"The address cannot be read: {error}") from None
    request = ClickHouseRequest(method, dict(pairs), headers)
    if len(request.parameters) < len(pairs):
        raise RequestRefused("Setting", "A parameter is given twice.")
    body = decode_http(headers.get("Content-Encoding", ""), body)
    if request.flag("decompress"):
        unchecked = "http_native_compression_disable_checksumming_on_decompress"
        body = decode_blocks(body, verify=not request.flag(unchecked))
    kind = headers.get("Content-Type", "")
    if kind.startswith("multipart/form-data"):
        _read_multipart(request, kind, body)
        body = b""
    _read_statement(request, body)
    return request


def _decode_basic(value: str) -> tuple[str, str]:
    try:
        user, _, key = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        raise RequestRefused(
            "WrongLogin", "The credentials in Authorization are malformed."
        ) from None
    return user, key


def _read_multipart(request: ClickHouseRequest, kind: str, body: bytes) -> None:
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + body
    )
    if not message.is_multipart() or message.defects:
        raise RequestRefused("External", "The body is not multipart/form-data.")
    files: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", "", header="content-disposition"))
        data = part.get_payload(decode=True)
        content = data if isinstance(data, bytes) else b""
        if part.get_filename() is None:
            try:
                request.parameters[name] = content.decode()
            except UnicodeDecodeError:
                raise RequestRefused("Syntax", f"{name[:40]!r} is not UTF-8.") from None
        else:
            files[name] = content
    for name, data in files.items():
        structure = request.parameters.pop(f"{name}_structure", "")
        if types := request.parameters.pop(f"{name}_types", ""):
            structure = ", ".join(f"_{i} {t}" for i, t in enumerate(types.split(","), 1))
        kind = request.parameters.pop(f"{name}_format", "TabSeparated")
        if not structure or not _NAME.match(name):
            raise RequestRefused(
                "External", f"External table {name[:40]!r}: {name}_structure is missing."
            )
        request.external.append(ExternalTable(name, structure, kind, data))


def _read_statement(request: ClickHouseRequest, body: bytes) -> None:
    """Take the statement from the address, the body or both, and apart from its data."""
    # In latin-1 a character is a byte, so that positions hold for data of any kind.
    encoded = body.removeprefix(codecs.BOM_UTF8).decode("latin-1")
    if address := request.parameters.get("query", ""):
        encoded = address.encode().decode("latin-1") + "\n" + encoded
    statements = split(encoded)
    if not statements:
        raise RequestRefused("Syntax", "Empty query.")
    statement = statements[0]
    request.output_format = request.headers.get("X-ClickHouse-Format") or request.parameters.get(
        "default_format", "TabSeparated"
    )
    insert = _insert_format(statement)
    if insert is None and len(statements) > 1:
        raise syntax_error("Multi-statements are not allowed.")
    if insert is not None:
        keyword, name = insert
        request.input_format = name.text
        request.data = _after_format(statement.text[name.end :]).encode("latin-1")
        encoded = statement.text[: keyword.start]
    else:
        encoded, output = _without_format(statement)
        request.output_format = output or request.output_format
    try:
        request.head = encoded.encode("latin-1").decode().strip()
    except UnicodeDecodeError:
        raise RequestRefused("Syntax", "The statement is not UTF-8.") from None
    if "\0" in request.head:
        raise RequestRefused("Syntax", "The statement has a character 0.")
    if request.output_format.lower() in _NOT_OF_THE_ENGINE:
        raise RequestRefused("Format", f"Unknown format {request.output_format}.")


def _insert_format(statement: Statement) -> tuple[Token, Token] | None:
    """Return FORMAT and the name after it, of an INSERT whose data follow."""
    if not is_insert(statement.tokens):
        return None
    found = [t for t in statement.tokens if t.kind != "data"]
    for keyword, name in pairwise(found):
        if keyword.word == "FORMAT" and not keyword.depth and name.kind == "word":
            return None if name.word == "VALUES" else (keyword, name)
    return None


def _after_format(text: str) -> str:
    """Return the data: what follows the name of the format, blanks and one end of line."""
    rest = text.lstrip(" \t\r")
    return rest[1:] if rest[:1] in {"\n", ";"} else rest


def _without_format(statement: Statement) -> tuple[str, str]:
    """Return a statement without its FORMAT clause, and the name of the format."""
    found = statement.tokens
    if is_insert(found):
        return statement.text, ""
    for place in range(len(found) - 2, 0, -1):
        keyword, name = found[place], found[place + 1]
        last = place + 2 == len(found) or found[place + 2].word == "SETTINGS"
        if keyword.word == "FORMAT" and not keyword.depth and name.kind == "word" and last:
            return statement.text[: keyword.start] + statement.text[name.end :], name.text
    return statement.text, ""
