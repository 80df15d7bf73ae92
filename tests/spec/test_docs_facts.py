"""openapi.yaml says what the public docs page says, fact by fact."""

from collections.abc import Iterator

import pytest

from bytehouse_raw.operations import ROLE_HEADER
from tests.spec.comparison import comparisons
from tests.spec.view import ROOT, load, operations, original
from tests.support.operations import DOCUMENTED

FACTS = load(ROOT / "tests" / "spec" / "docs_facts.yaml")


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
        if operation.name in DOCUMENTED
        and ROLE_HEADER not in {node["name"] for node in operation.parameters(original())}
    }
    assert without == {
        "subscribe_metadata",
        "unsubscribe_metadata",
        "get_cluster_status",
        "get_account_status",
    }


def test_the_documented_statuses_are_those_of_the_vendor() -> None:
    """Of the statuses of an error, those are marked documented that the vendor lists."""
    statuses = original()["components"]["responses"]["Error"]["x-statuses"]
    documented = {
        status: fact["description"]
        for status, fact in statuses.items()
        if fact["x-evidence"] == "documented"
    }
    assert documented.keys() == FACTS["statuses"].keys()
    for status, text in FACTS["statuses"].items():
        assert documented[status].startswith(text)
    assert {"401", "409", "429"} < statuses.keys()


def test_the_emulator_returns_documented_statuses() -> None:
    """What the emulator returned on a tour of all operations is in the vendor's list."""
    observed = load(ROOT / "emulator/bytehouse_emulator/spec/coverage.json")
    returned = {str(status) for facts in observed.values() for status in facts["errors"]}
    assert returned <= FACTS["statuses"].keys()


@pytest.mark.parametrize("text", FACTS["texts"], ids=lambda text: text[:40])
def test_the_words_of_the_vendor_are_kept(text: str) -> None:
    """Where the page says more than a name, a type or a limit, the specification quotes it."""
    assert any(text in described for described in _descriptions(original()))


def _descriptions(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if isinstance(part, str):
                yield " ".join(part.split()) if key == "description" else part
            else:
                yield from _descriptions(part)
    elif isinstance(value, list):
        for part in value:
            yield from _descriptions(part)
