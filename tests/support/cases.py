"""Many cases in one test: they share its fixtures, and a failure names the case."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, cast

import pytest

__all__ = ["TRIED", "cases"]

TRIED: Counter[str] = Counter()
"""How many cases each test has run in this process."""

Test = Callable[..., None]


def cases(names: str | tuple[str, ...], values: Iterable[Any]) -> Callable[[Test], Test]:
    """Run a test for each of the values, as `pytest.mark.parametrize` does, but as one test.

    A parametrised test costs its fixtures and its reports for each case: several times what a call
    of the client costs. Before each case, the server forgets its script and its requests, the
    clock its waits and caplog its messages; the other fixtures are those of the case before.

    Args:
        names: The argument, or the arguments, that a value is given as.
        values: One value for each case; a tuple of them where there are several arguments.
    """
    arguments = (names,) if isinstance(names, str) else names

    def decorate(test: Test) -> Test:
        signature = inspect.signature(test)
        fixtures = [p for name, p in signature.parameters.items() if name not in arguments]

        @wraps(test)
        def every_case(**given: Any) -> None:
            for value in values:
                case = dict(zip(arguments, (value,) if names in arguments else value, strict=True))
                for name in ("server", "clock", "caplog"):
                    if name in given:
                        given[name].clear()
                TRIED[test.__name__] += 1
                try:
                    test(**given, **case)
                except BaseException as failure:
                    failure.add_note(f"In the case {case!r:.500}")
                    raise

        del every_case.__wrapped__
        every_case.__signature__ = signature.replace(parameters=fixtures)  # type: ignore[attr-defined]
        # All cases together may take longer than one test, on a busy machine.
        return cast("Test", pytest.mark.timeout(240)(every_case))

    return decorate
