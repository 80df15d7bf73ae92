"""Operations are found again when they are called otherwise, and never mistaken."""

import copy
import re
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from bytehouse_openapi import (
    Document,
    Matching,
    match,
    operations,
    shape_of,
    shapes_of_client,
)
from bytehouse_openapi.matching import path_in_our_words, path_names
from bytehouse_openapi.shape import path_parameters, word
from tests.openapi.planted import route, take

Change = Callable[[dict[str, Any], int], object]
WORDS = {
    "List": "Get all",
    "Retrieve": "Read",
    "Delete": "Remove",
    "Create": "Make",
    "Get": "Fetch",
}


def changed(
    document: Document, change: Change, path: Callable[[str, int], str] | None = None
) -> tuple[dict[str, Any], dict[tuple[str, str], str]]:
    """Return a copy with every operation changed, and which operation has which route there."""
    copied = copy.deepcopy(dict(document))
    paths: dict[str, Any] = {}
    truth = {}
    number = 0
    for old, item in copied["paths"].items():
        for method, node in item.items():
            if isinstance(node, dict):
                number += 1
                new = path(old, number) if path else old
                truth[method.upper(), new] = node["operationId"]
                change(node, number)
                paths.setdefault(new, {})[method] = node
    return {**copied, "paths": paths}, truth


def matched(document: Document) -> Matching:
    """Match the client's operations with those of a document."""
    return match(shapes_of_client(), [shape_of(document, o) for o in operations(document)])


def without_id(node: dict[str, Any], _: int) -> None:
    """Take the operation id away."""
    del node["operationId"]
    node.pop("x-upstream", None)


def reworded(node: dict[str, Any], _: int) -> None:
    """Take the id away, rename the tag and say the title in other words."""
    del node["operationId"]
    node.pop("x-upstream", None)
    node["tags"] = [f"{node['tags'][0]} API"]
    node["summary"] = re.sub(r"\w+", lambda w: WORDS.get(w[0], w[0]), node["summary"])


def nameless(node: dict[str, Any], number: int) -> None:
    """Leave nothing but the shape."""
    reworded(node, number)
    node["summary"] = ""


def retagged(node: dict[str, Any], _: int) -> None:
    """Take the id away and rename the tag."""
    del node["operationId"]
    node.pop("x-upstream", None)
    node["tags"] = ["All"]


def renamed(node: dict[str, Any], number: int) -> None:
    """Give ids of another kind."""
    node.pop("x-upstream", None)
    node["operationId"] = f"Api_{number}"


def camel(node: dict[str, Any], _: int) -> None:
    """Write the id as Go and Java do."""
    node["operationId"] = "".join(part.title() for part in node["operationId"].split("_"))
    node["summary"] = node["tags"][0] = "x"


def elsewhere(path: str, number: int) -> str:
    """Return another path with as many parameters."""
    return f"/api/x{number}" + "".join(f"/{{p{i}}}" for i in range(path.count("{")))


def test_the_client_knows_the_shapes_of_the_specification(vendored: Document) -> None:
    """What a user's installation matches by is what the repository matches by."""
    shapes = [shape_of(vendored, operation) for operation in operations(vendored)]
    # The specification may note another id beside ours; the client has no need of it.
    assert shapes_of_client() == [
        attrs.evolve(shape, names=frozenset({word(shape.id)})) for shape in shapes
    ]


@pytest.mark.parametrize(
    ("change", "path", "by"),
    [
        (camel, None, "operation id"),
        (camel, elsewhere, "operation id"),
        (renamed, elsewhere, "tag and summary"),
        (without_id, elsewhere, "tag and summary"),
        (retagged, elsewhere, "summary"),
        (reworded, None, "shape"),
    ],
)
def test_all_operations_are_found_again(
    change: Change, path: Callable[[str, int], str] | None, by: str, vendored: Document
) -> None:
    """Ids, tags, titles or routes may change: as long as something is left, all are found."""
    document, truth = changed(vendored, change, path)
    found = matched(document)
    assert {p.ours.id: truth[p.theirs.method, p.theirs.path] for p in found.pairs} == {
        name: name for name in truth.values()
    }
    assert by in {pair.by for pair in found.pairs}
    assert (found.missing, found.added, found.ambiguous) == ((), (), ())


def test_what_cannot_be_told_apart_is_reported(vendored: Document) -> None:
    """With ids, tags, titles and paths gone nothing is matched wrongly; rivals come with scores."""
    document, truth = changed(vendored, nameless, elsewhere)
    found = matched(document)
    assert [p for p in found.pairs if truth[p.theirs.method, p.theirs.path] != p.ours.id] == []
    assert len(found.pairs) >= 50
    assert len(found.pairs) + len(found.missing) + len(found.ambiguous) == len(truth)
    for _, rivals in found.ambiguous:
        assert all(0 < score <= 1 for _, score in rivals)


def test_two_that_share_all_are_reported_not_guessed(draft: dict[str, Any]) -> None:
    """An operation that is there twice, without an id, is left to a person."""
    path, method = route(draft, "list_roles")
    node = draft["paths"].pop(path)[method]
    del node["operationId"]
    node.pop("x-upstream", None)
    draft["paths"]["/v2/iam/roles"] = {method: copy.deepcopy(node)}
    draft["paths"]["/v3/iam/roles"] = {method: node}
    found = matched(draft)
    ((ours, rivals),) = found.ambiguous
    assert ours.id == "list_roles"
    assert {shape.path for shape, _ in rivals} == {"/v2/iam/roles", "/v3/iam/roles"}


def test_swapped_routes_are_followed(draft: dict[str, Any]) -> None:
    """Two operations that trade places are known by their ids."""
    one, other = route(draft, "get_database"), route(draft, "delete_database")
    first, second = take(draft, "get_database"), take(draft, "delete_database")
    draft["paths"][one[0]][one[1]] = second
    draft["paths"][other[0]][other[1]] = first
    pairs = {p.ours.id: (p.theirs.path, p.theirs.method.lower()) for p in matched(draft).pairs}
    assert (pairs["get_database"], pairs["delete_database"]) == (other, one)


@pytest.mark.parametrize(
    ("ours", "theirs", "names"),
    [
        ("/a/{db_name}", "/b/{database}", {"database": "db_name"}),
        (
            "/{db_name}/{table_name}",
            "/{tableName}/{dbName}",
            {"tableName": "table_name", "dbName": "db_name"},
        ),
        ("/{db_name}/{table_name}", "/{x}/{db_name}", {"x": "table_name", "db_name": "db_name"}),
        ("/{a}", "/b", None),
    ],
)
def test_parameters_of_a_path_are_mapped(
    ours: str, theirs: str, names: dict[str, str] | None
) -> None:
    """Equal names are the same parameter wherever they stand, the others go by their order."""
    assert path_names(ours, theirs) == names
    rewritten = path_in_our_words(ours, theirs)
    assert (rewritten is None) == (names is None)
    assert sorted(path_parameters(rewritten or ours)) == sorted(path_parameters(ours))
