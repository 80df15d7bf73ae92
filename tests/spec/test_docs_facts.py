"""openapi.yaml says what the public docs page says, fact by fact."""

import functools

import pytest

from tests.spec.comparison import Comparison, comparisons
from tests.spec.draft import original
from tests.spec.view import ROOT, load, operations
from tests.support.operations import DOCUMENTED

FACTS = load(ROOT / "tests" / "spec" / "docs_facts.yaml")
ROLE = "X-User-ActiveRole"


@functools.cache
def compared() -> dict[int, list[Comparison]]:
    """Group all comparisons by the number of their operation, 0 for the document."""
    grouped: dict[int, list[Comparison]] = {}
    for comparison in comparisons(FACTS, original()):
        grouped.setdefault(comparison.operation, []).append(comparison)
    return grouped


def report(found: list[Comparison]) -> str:
    """Show both sides of what differs."""
    return "\n" + "\n".join(str(comparison) for comparison in found)


def test_the_document_is_that_of_the_docs() -> None:
    """Title, version and order of the operations are the page's, and none of them is missing."""
    different = [comparison for comparison in compared()[0] if not comparison.holds]
    assert not different, report(different)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(fact["number"], id=f"{fact['number']} {fact['title']}")
        for fact in FACTS["operations"]
    ],
)
def test_an_operation_is_that_of_the_docs(number: int) -> None:
    """Each fact of an operation is in the specification, and nothing unmarked beside them."""
    different = [comparison for comparison in compared()[number] if not comparison.holds]
    assert not different, report(different)


def test_the_facts_are_those_of_71_operations() -> None:
    """The table of facts is complete: 71 operations, numbered through, none without an answer."""
    numbers = [fact["number"] for fact in FACTS["operations"]]
    assert numbers == list(range(1, 72))
    assert all("response" in fact for fact in FACTS["operations"])


def test_the_role_header_is_taken_where_the_docs_say_so() -> None:
    """All operations but four take the role header."""
    without = {
        operation.name
        for operation in operations(original())
        if operation.name in DOCUMENTED
        and ROLE not in {node["name"] for node in operation.parameters(original())}
    }
    assert without == {
        "subscribe_metadata",
        "unsubscribe_metadata",
        "get_cluster_status",
        "get_account_status",
    }
