"""Errors as ClickHouse's HTTP interface returns them: a line of text, and a status by its code."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from bytehouse_emulator.errors import EmulatorError

# Numbers and names of ClickHouse, for what the emulator refuses itself.
_OWN: Final = {
    400: (36, "BAD_ARGUMENTS"),
    401: (516, "AUTHENTICATION_FAILED"),
    403: (497, "ACCESS_DENIED"),
    404: (60, "UNKNOWN_TABLE"),
    409: (373, "SESSION_IS_LOCKED"),
    413: (62, "QUERY_IS_TOO_LARGE"),
    501: (48, "NOT_IMPLEMENTED"),
    503: (236, "ABORTED"),
}
_BY_CODE: Final = {
    "errbook_Query_Invalid": (62, "SYNTAX_ERROR"),
    "errbook_Warehouse_NotFound": (36, "BAD_ARGUMENTS"),
    "errbook_ClickHouse_CannotDecompress": (271, "CANNOT_DECOMPRESS"),
    "errbook_ClickHouse_CannotReadAllData": (33, "CANNOT_READ_ALL_DATA"),
    "errbook_ClickHouse_Checksum": (40, "CHECKSUM_DOESNT_MATCH"),
    "errbook_ClickHouse_Format": (73, "UNKNOWN_FORMAT"),
    "errbook_ClickHouse_LengthRequired": (381, "HTTP_LENGTH_REQUIRED"),
    "errbook_ClickHouse_SessionTimeout": (374, "INVALID_SESSION_TIMEOUT"),
    "errbook_ClickHouse_Syntax": (62, "SYNTAX_ERROR"),
    "errbook_ClickHouse_TooLargeCompressed": (98, "TOO_LARGE_SIZE_COMPRESSED"),
    "errbook_ClickHouse_Readonly": (164, "READONLY"),
    "errbook_ClickHouse_RequiredPassword": (194, "REQUIRED_PASSWORD"),
    "errbook_ClickHouse_WrongLogin": (516, "AUTHENTICATION_FAILED"),
    "errbook_Query_AlreadyExists": (216, "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING"),
    "errbook_Query_SessionNotFound": (372, "SESSION_NOT_FOUND"),
}
_ENGINE: Final = re.compile(r"Code: (\d+)\. DB::Exception: (.*?) \((\w+)\)", re.DOTALL)
# As the open-source core has them; ClickHouse has added others since (400 of BAD_ARGUMENTS, 403 of
# ACCESS_DENIED). What is not named here is a 500. That a stopping emulator is a 503 is its own.
_STATUS: Final = {
    **dict.fromkeys(
        "UNKNOWN_AGGREGATE_FUNCTION UNKNOWN_DATABASE UNKNOWN_DATABASE_ENGINE"
        " UNKNOWN_DIRECTION_OF_SORTING UNKNOWN_FORMAT UNKNOWN_FUNCTION UNKNOWN_IDENTIFIER"
        " UNKNOWN_SETTING UNKNOWN_STORAGE UNKNOWN_TABLE UNKNOWN_TYPE UNKNOWN_TYPE_OF_QUERY".split(),
        404,
    ),
    **dict.fromkeys(
        "CANNOT_PARSE_DATE CANNOT_PARSE_DATETIME CANNOT_PARSE_ESCAPE_SEQUENCE"
        " CANNOT_PARSE_INPUT_ASSERTION_FAILED CANNOT_PARSE_NUMBER CANNOT_PARSE_QUOTED_STRING"
        " CANNOT_PARSE_TEXT INCORRECT_DATA SYNTAX_ERROR TOO_BIG_AST TOO_DEEP_AST TYPE_MISMATCH"
        " UNEXPECTED_AST_STRUCTURE UNKNOWN_ELEMENT_IN_AST UNKNOWN_TYPE_OF_AST_NODE".split(),
        400,
    ),
    "ABORTED": 503,
    "AUTHENTICATION_FAILED": 403,
    "HTTP_LENGTH_REQUIRED": 411,
    "NOT_IMPLEMENTED": 501,
    "QUERY_IS_TOO_LARGE": 413,
    "REQUIRED_PASSWORD": 401,
}


class RequestRefused(EmulatorError):
    """A request that this interface refuses itself."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(400, f"ClickHouse_{code}", message)


def text_of(error: EmulatorError) -> str:
    """Return the line that an error is."""
    number, name, message = _identify(error)
    return f"Code: {number}. DB::Exception: {message} ({name})\n"


def error_response(error: EmulatorError, headers: dict[str, str]) -> Response:
    """Return the response of an error."""
    number, name, _ = _identify(error)
    status = _STATUS.get(name, 500)
    headers = {**headers, "X-ClickHouse-Exception-Code": str(number)}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
    return Response(text_of(error), status, headers, "text/plain; charset=UTF-8")


def _identify(error: EmulatorError) -> tuple[int, str, str]:
    """Return the number and name of an error, and its message without them."""
    if not (match := _ENGINE.fullmatch(error.message)):
        known = _BY_CODE.get(error.code) or _OWN.get(error.status, (1002, "UNKNOWN_EXCEPTION"))
        return *known, error.message
    number, message, name = match.groups()
    message = message.removesuffix(f" ({name})")
    if name == "NO_DATABASE":
        # ClickHouse looks in its database `default`, where nothing is.
        return 60, "UNKNOWN_TABLE", message
    return int(number), name, message
