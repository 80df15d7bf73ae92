"""Run several statements one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._sql.lexer import statements
from .._sql.parameters import bind
from .._sql.settings import with_settings
from .._sql.statements import secret_parameters, statement_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from .._core.options import ViewOptions
    from .client import AsyncByteHouse
    from .result import AsyncResult


async def run_script(
    client: AsyncByteHouse,
    sql: str | PathLike[str],
    params: Mapping[str, object] | None,
    session_id: str | None,
    options: ViewOptions,
) -> list[AsyncResult]:
    """Run statements one after another in a session; see `script` of the client."""
    text = bind(statement_text(sql), params)
    with_settings(text, options.get("settings"), {})  # refused before anything is sent
    found = list(statements(text))
    session = client._redacting(secret_parameters(params)).session(
        session_id, database=options.pop("database", None)
    )
    results = []
    for number, statement in enumerate(found, 1):
        try:
            result = await session.query(text[statement.begin : statement.end], **options)
            await result.rows()
        except BaseException as error:
            line = text.count("\n", 0, statement.begin) + 1
            error.add_note(f"script: statement {number} of {len(found)}, at line {line}")
            raise
        results.append(result)
    return results
