"""openapi.yaml keeps the rules of this repository."""

from collections.abc import Callable, Iterator

import pytest

from tests.spec.rules import RULES
from tests.spec.view import ROOT, Node, operations, original


def test_operation_ids_stay() -> None:
    """The operations have the names that the client is built on, in the order of the docs."""
    # Modules and methods are named after them: to change one breaks callers.
    agreed = (ROOT / "tests" / "spec" / "operation_ids.txt").read_text(encoding="utf-8").split()
    assert [operation.node.get("operationId") for operation in operations(original())] == agreed


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_it_keeps_the_rule(rule: Callable[[Node], Iterator[str]]) -> None:
    """No part of the document breaks the rule."""
    broken = list(rule(original()))
    assert not broken, "\n" + "\n".join(broken)
