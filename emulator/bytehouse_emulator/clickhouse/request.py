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

from bytehouse_emulator.clickhouse.errors import RequestRefused
from bytehouse_emulator.errors import EmulatorError, not_modelled
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
    " client_protocol_version close_session compress database decompress default_format"
    " dialect_type enable_http_compression http_headers_progress_interval_ms"
    " http_response_buffer_size http_zlib_compression_level password query query_id quota_key role"
    " send_progress_in_http_headers session_check session_id session_timeout stacktrace user"
    " virtual_warehouse wait_end_of_query".split()
)
_NAME: Final = re.compile(r"(?:[A-Za-z_]\w*|param_[\w$]+)\Z")
_CHANGES: Final = frozenset(
    "ALTER CREATE DELETE DROP EXCHANGE INSERT KILL OPTIMIZE RENAME TRUNCATE UPDATE".split()
)
_ENCODINGS: Final = ("gzip", "lz4", "zstd")
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
    def session(self) -> str:
        """Name of the session, empty for none."""
        return self.parameters.get("session_id", "")

    @property
    def waits(self) -> bool:
        """Whether nothing is to be sent before the query has ended."""
        return self.flag("wait_end_of_query")

    def flag(self, name: str) -> bool:
        """Return a parameter that is 0 or 1."""
        return self.parameters.get(name, "0") not in {"", "0", "false"}

    def credentials(self) -> str:
        """Return the API key; an error tells a missing one from a wrong user."""
        authorization = self.headers.get("Authorization", "")
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return value
        user, key = self.parameters.get("user", ""), self.parameters.get("password", "")
        if scheme.lower() == "basic":
            user, key = _decode_basic(value)
        elif named := self.headers.get("X-ClickHouse-User", ""):
            user, key = named, self.headers.get("X-ClickHouse-Key", "")
        if user != USER or not key:
            code = "WrongLogin" if key else "RequiredPassword"
            raise RequestRefused(code, f"The user is {USER!r}, and the password an API key.")
        return key

    def query_id(self) -> str:
        """Return the caller's id of the query, or a new one."""
        return self.parameters.get("query_id") or str(uuid4())

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
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    request = ClickHouseRequest(method, dict(pairs), headers)
    body = _decompress(headers.get("Content-Encoding", ""), body)
    if request.flag("decompress") or request.flag("compress"):
        raise not_modelled(
            "ClickHouse's own compressed blocks (compress=1, decompress=1)",
            "use HTTP's compression: Content-Encoding, and enable_http_compression=1.",
        )
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


def _decompress(encoding: str, body: bytes) -> bytes:
    name = encoding.lower()
    if name in {"", "identity"}:
        return body
    if name not in _ENCODINGS:
        raise not_modelled(f"Content-Encoding: {encoding[:20]}", f"{', '.join(_ENCODINGS)} are.")
    import pyarrow as pa

    try:
        # Reads on after the end of a frame: clients compress block by block.
        with pa.input_stream(pa.py_buffer(body), compression=name) as stream:
            return bytes(stream.read())
    except (OSError, pa.ArrowException) as error:
        raise RequestRefused("Body", f"The body is not {name}: {error}") from None


def _read_multipart(request: ClickHouseRequest, kind: str, body: bytes) -> None:
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + body
    )
    files: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", "", header="content-disposition"))
        data = part.get_payload(decode=True)
        content = data if isinstance(data, bytes) else b""
        if part.get_filename() is None:
            request.parameters[name] = content.decode(errors="replace")
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
        raise EmulatorError(400, "Query_SyntaxError", "Multi-statements are not allowed.")
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
    first = next((t.word for t in statement.tokens if t.text != "("), "")
    if request.method in {"GET", "HEAD"} and first in _CHANGES:
        raise RequestRefused("Readonly", "Cannot execute query in readonly mode: use POST.")


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
