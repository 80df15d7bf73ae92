"""What a difference means to callers beyond the layout of a message: paging, names, the role."""

import re
from collections.abc import Mapping

from codegen.upstream.canonical import Contract, Schema, written

STYLES: dict[str, set[str]] = {"offset": {"offset", "limit"}, "cursor": {"cursor", "limit"}}
"""The query parameters of each value of `x-pagination`."""
PAGING = frozenset().union(*STYLES.values())

Key = tuple[str, str]
"""Location and name of a parameter."""


def pages(contract: Contract) -> set[str | None]:
    """Return the values of `x-pagination` that the parameters of an operation fit; None if none."""
    taken = query(contract)
    return {style for style, needed in STYLES.items() if needed <= taken} or {None}


def query(contract: Contract) -> set[str]:
    """Return the names of the query parameters of an operation."""
    return {name for place, name in contract.parameters if place == "query"}


def renames(ours: Mapping[str, Schema], theirs: Mapping[str, Schema]) -> dict[str, str]:
    """Return the new name of each of ours that has another name there.

    It has an equal schema, and of several it shares a word with the old name; or it is the only
    new one where one is gone, and is as well an object or a list.
    """
    gone = {name: schema for name, schema in ours.items() if name not in theirs}
    new = {name: schema for name, schema in theirs.items() if name not in ours}
    found: dict[str, str] = {}
    for name, schema in gone.items():
        equal = [other for other in new if written(new[other]) == written(schema)]
        alike = [other for other in equal if _words(other) & _words(name)]
        rivals = [other for other in gone if written(gone[other]) == written(schema)]
        if len(equal) == len(rivals) == 1 or len(alike) == 1:
            found[name] = (alike or equal)[0]
    if len(gone) == len(new) == 1 and not found:
        (old, schema), (name, other) = *gone.items(), *new.items()
        if schema.get("type") == other.get("type") and schema.get("type") in ("array", "object"):
            return {old: name}
    return {old: one for old, one in found.items() if [*found.values()].count(one) == 1}


def _words(name: str) -> set[str]:
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)
    return {part.lower() for part in parts} - {"x"}


def renamed_parameters(ours: Contract, theirs: Contract) -> dict[Key, Key]:
    """Return the new key of each query parameter and header that only its name is gone of."""
    found: dict[Key, Key] = {}
    for place in ("query", "header"):
        named = renames(_schemas(ours, place), _schemas(theirs, place))
        found |= {(place, old): (place, new) for old, new in named.items()}
    return found


def _schemas(contract: Contract, place: str) -> dict[str, Schema]:
    apart = PAGING if place == "query" else frozenset()
    return {
        name: parameter["schema"]
        for (where, name), parameter in contract.parameters.items()
        if where == place and name not in apart
    }
