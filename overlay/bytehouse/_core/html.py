"""Show objects in notebooks, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from bytehouse_raw.types import Model, html_table, shown_fields

PREVIEW_ROWS = 20


def fields_of(entry: object) -> dict[str, Any]:
    """Return the fields of an object that its repr shows, by name; a plain value is one field."""
    if isinstance(entry, Model):
        shown = shown_fields(entry)
        other = shown.pop("additional_properties", {})
        return {**shown, **other} if isinstance(other, Mapping) else shown
    kind: Any = type(entry)
    if attrs.has(kind):
        return {
            each.name: getattr(entry, each.name)
            for each in attrs.fields(kind)
            if each.repr and not each.name.startswith("_")
        }
    if isinstance(entry, HtmlRepr):
        return {name: value for name, value in vars(entry).items() if not name.startswith("_")}
    return dict(entry) if isinstance(entry, Mapping) else {"value": entry}


def rows_of(entries: Sequence[object]) -> tuple[list[str], list[list[Any]]]:
    """Return the names of all fields of some objects, and the values of each object for them."""
    found = [fields_of(entry) for entry in entries]
    names = list(dict.fromkeys(name for fields in found for name in fields))
    return names, [[fields.get(name) for name in names] for fields in found]


class HtmlRepr:
    """Show an object in a notebook, as a table of its fields or public attributes."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return html_table([type(self).__name__, ""], fields_of(self).items())
