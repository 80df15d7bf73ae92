"""Read specifications of tables from YAML or JSON files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from ._query import read_text
from ._signatures import default_database

if TYPE_CHECKING:
    from bytehouse import TableSpec


def read_specs(file: str) -> list[tuple[str, TableSpec]]:
    """Return the tables that a file describes, each with its database.

    Each document of the file, or each entry of a list in it, has ``name``, ``columns``,
    ``order_by`` and the other arguments of a `TableSpec`, and ``database``, which may also stand
    before the name (``sales.orders``) or be configured.

    Raises:
        UsageError: It is not YAML, or describes something else.
        InvalidArgument: A table cannot be like this.
    """
    found = [_spec(one, file) for one in _documents(read_text(file), file)]
    if not found:
        raise click.UsageError(f"{file} describes no table.")
    return found


def _documents(text: str, file: str) -> Iterator[Any]:
    from bytehouse._core.extras import import_optional

    yaml = import_optional("yaml", "yaml")
    try:
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise click.UsageError(f"{file} is not YAML: {' '.join(str(error).split())}") from None
    for document in documents:
        if isinstance(document, list):
            yield from document
        elif document is not None:
            yield document


def _spec(document: Any, file: str) -> tuple[str, TableSpec]:
    from bytehouse import TableSpec

    if not isinstance(document, Mapping) or not isinstance(document.get("name"), str):
        raise click.UsageError(f"{file} must describe tables, each with a name and columns.")
    fields = {str(name): value for name, value in document.items()}
    database, dot, name = fields["name"].rpartition(".")
    if dot:
        fields |= {"name": name}
        fields.setdefault("database", database)
    where = fields.pop("database", None) or default_database(f"Write it into {file}")
    fields["columns"] = _columns(fields.get("columns"))
    try:
        return str(where), TableSpec(**fields)
    except TypeError as error:
        reason = str(error).partition("() ")[2] or str(error)
        raise click.UsageError(f"{file}, table {name}: {reason}.") from None


def _columns(value: Any) -> Any:
    """Return columns; in a mapping, what belongs to a name may be more than its type."""
    if not isinstance(value, Mapping):
        return value or ()
    return [
        {"name": name, **(other if isinstance(other, Mapping) else {"type": other})}
        for name, other in value.items()
    ]
