"""openapi.yaml keeps the rules of this repository."""

from collections.abc import Callable, Iterator

import pytest

from tests.spec.rules import RULES
from tests.spec.view import Node, operations, original
from tests.support.operations import DOCUMENTED


def test_operation_ids_stay() -> None:
    """The operations have the names that the client is built on, in the order of the docs."""
    # Modules and methods are named after them: to change one breaks callers.
    ids = [operation.name for operation in operations(original())]
    assert [name for name in ids if name in DOCUMENTED] == list(DOCUMENTED)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_it_keeps_the_rule(rule: Callable[[Node], Iterator[str]]) -> None:
    """No part of the document breaks the rule."""
    broken = list(rule(original()))
    assert not broken, "\n" + "\n".join(broken)
