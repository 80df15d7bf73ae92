"""What a difference means to callers beyond the layout of a message: paging, names, the role."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bytehouse_openapi.shape import word
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

    It is spelled otherwise alone; or it has an equal schema, and shares a word with the old name
    where there are others of this schema or it says little; or it is the only new one where one is
    gone, and is as well an object or a list.
    """
    gone = {name: schema for name, schema in ours.items() if name not in theirs}
    new = {name: schema for name, schema in theirs.items() if name not in ours}
    found: dict[str, str] = {}
    for name, schema in gone.items():
        same = [other for other in new if word(other) == word(name) != ""]
        if len(same) == 1:
            found[name] = same[0]
            continue
        equal = [other for other in new if written(new[other]) == written(schema)]
        alike = [other for other in equal if _words(other) & _words(name)]
        rivals = [other for other in gone if written(gone[other]) == written(schema)]
        telling = len(gone) == len(new) == 1 or {"properties", "items", "enum"} & schema.keys()
        if (telling and len(equal) == len(rivals) == 1) or len(alike) == 1:
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


# Adoption.

ADVICE = {
    "paging": "its parameters stay, and a list longer than a page ends with an error, until "
    "you change x-pagination, the parameters and the client together",
    "parameter added": "taken over as optional; give the client a value for it, then require it",
    "property added": "taken over as optional; give the client a value for it, then require it",
    "required": "it stays optional; let the client always fill it, then require it",
    "media type": "the client sends and reads application/json; see whether the service does",
    "response removed": "ours stays; see what the service returns",
    "security": "the client sends a bearer key; see whether that still is right",
}
"""What a person must do about a difference that `adoptable` has left, by its kind."""


def adoptable(ours: Mapping[str, Contract], theirs: Mapping[str, Contract]) -> dict[str, Contract]:
    """Return their contracts as far as the methods of the client work with them.

    Where a list is paged in another way, its parameters of paging stay. Nothing becomes required
    that the client may not send. What is left shows as a difference again, `ADVICE` says what to do
    about it.
    """
    return {name: _adoptable(ours[name], contract) for name, contract in theirs.items()}


def _adoptable(ours: Contract, theirs: Contract) -> Contract:
    parameters = dict(theirs.parameters)
    if ours.pagination and ours.pagination not in pages(theirs):
        for key in (("query", name) for name in sorted(STYLES[ours.pagination])):
            if key in ours.parameters and key not in parameters:
                parameters[key] = {**ours.parameters[key], "~skipped": True}
    for key, parameter in parameters.items():
        known = ours.parameters.get(key, {"required": False})
        if key[0] != "path" and parameter["required"] and not known["required"]:
            parameters[key] = {**parameter, "required": False}
    body = theirs.body
    if body is not None:
        known = ours.body or {"required": False, "schema": {}}
        schema = _no_more_required(known["schema"], body["schema"])
        required = body["required"] and known["required"]
        body = {**body, "required": required, "schema": schema}
    return replace(theirs, parameters=parameters, body=body)


def _no_more_required(ours: Schema, theirs: Schema) -> Schema:
    made = dict(theirs)
    if "items" in ours and "items" in theirs:
        made["items"] = _no_more_required(ours["items"], theirs["items"])
    if "properties" in ours and "properties" in theirs:
        known = ours["properties"]
        made["properties"] = {
            name: _no_more_required(known[name], inner) if name in known else inner
            for name, inner in theirs["properties"].items()
        }
        made["required"] = [n for n in theirs.get("required", ()) if n in ours.get("required", ())]
    return {key: value for key, value in made.items() if (key, value) != ("required", [])}


def changed_safety(ours: Mapping[str, Contract], theirs: Mapping[str, Contract]) -> Iterator[str]:
    """Yield what a person must look at where a read is no GET any more, or a GET is no read."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for name, other in theirs.items():
        mine = ours[name]
        if mine.method != other.method and (mine.retry == "read") != (other.method == "GET"):
            found[mine.method, other.method, mine.retry].append(name)
    for (before, after, retry), names in found.items():
        yield (
            f"safety, {before} → {after} ({', '.join(names)}): x-retry stays {retry!r}; "
            "see whether it still is right"
        )
