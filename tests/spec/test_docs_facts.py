"""openapi.yaml says what the public docs page says, fact by fact."""

from tests.spec.comparison import comparisons
from tests.spec.view import ROOT, load, operations, original

FACTS = load(ROOT / "tests" / "spec" / "docs_facts.yaml")
ROLE = "X-User-ActiveRole"


def test_the_document_is_that_of_the_docs() -> None:
    """Title, version, order of the operations and each fact of them are the page's, and there is
    nothing unmarked beside them."""
    different = [each for each in comparisons(FACTS, original()) if not each.holds]
    assert not different, "\n" + "\n".join(map(str, different))


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
        if ROLE not in {node["name"] for node in operation.parameters(original())}
    }
    assert without == {
        "subscribe_metadata",
        "unsubscribe_metadata",
        "get_cluster_status",
        "get_account_status",
    }
