"""Name databases, tables and columns."""

from __future__ import annotations

from ..errors import InvalidArgument
from .quoting import escaped

__all__ = ["Identifier", "target_of"]


class Identifier:
    """A quoted name of a database, table or column, part by part.

    Example:
        bh.query("SELECT * FROM {table}", params={"table": Identifier("sales", "orders")})
    """

    __slots__ = ("parts",)

    def __init__(self, *parts: str) -> None:
        if not parts or not all(isinstance(part, str) and part for part in parts):
            raise InvalidArgument("An identifier needs at least one name, and none may be empty.")
        self.parts = parts

    def __str__(self) -> str:
        return ".".join(f"`{escaped(part, '`')}`" for part in self.parts)

    def __repr__(self) -> str:
        return f"Identifier({', '.join(map(repr, self.parts))})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identifier) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)


def target_of(table: str | Identifier, database: str | None = None) -> Identifier:
    """Return a table name as an identifier.

    Args:
        table: The name.
        database: Its database, if the name has none.

    Raises:
        InvalidArgument: It is neither "table" nor "database.table".
    """
    if isinstance(table, Identifier):
        if database is None or len(table.parts) > 1:
            return table
        return Identifier(database, *table.parts)
    parts = table.split(".") if isinstance(table, str) else []
    if not parts or len(parts) > 2 or not all(parts) or any(mark in table for mark in "`\"'"):
        raise InvalidArgument(
            f"{table!r} is not a table name.",
            hint='Write "database.table", or Identifier("database", "table") for other names.',
        )
    return Identifier(*([database] if database and len(parts) == 1 else []), *parts)
