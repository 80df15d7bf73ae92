"""DESCRIBE as ByteHouse has it: with the column `flags`, and in `ansi_sql` `nullable`."""

from __future__ import annotations

from typing import Final

from bytehouse_emulator.sql.dialect import Mode, Prepared
from bytehouse_emulator.sql.engine import EngineSession
from bytehouse_emulator.sql.lexer import quote_identifier, quote_string

_NULLABLE: Final = "Nullable("


def bytehouse_description(session: EngineSession, prepared: Prepared, mode: Mode) -> str:
    """Run a DESCRIBE and return a statement whose result is what ByteHouse returns.

    Name, place and meaning of the added columns are those of the open-source core; that the service
    returns the same is inferred. In `ansi_sql` a type inside another keeps ClickHouse's spelling.
    """
    rows = []
    for found in session.rows(prepared.text):
        row = {"name": found.pop("name"), "type": found.pop("type")}
        if mode == "ansi_sql":
            nullable = row["type"].startswith(_NULLABLE)
            if nullable:
                row["type"] = row["type"][len(_NULLABLE) : -1]
            row["nullable"] = str(nullable).lower()
        rows.append({**row, "flags": "", **found})
    structure = ", ".join(f"{quote_identifier(name)} String" for name in rows[0])
    values = ", ".join(f"({', '.join(map(quote_string, row.values()))})" for row in rows)
    return f"SELECT * FROM values({quote_string(structure)}, {values})"
