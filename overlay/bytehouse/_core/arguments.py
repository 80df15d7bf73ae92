"""Refuse arguments of a wrong type before a method begins, by the annotations of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, wraps
from inspect import CO_COROUTINE
from types import FunctionType
from typing import Any, TypeVar

from bytehouse_raw.types import Unset

from ..errors import InvalidArgument

C = TypeVar("C", bound=type[Any])


def _is_string(value: object) -> bool:
    return isinstance(value, str) and (value.isascii() or _is_unicode(value))


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_strings(value: Any) -> bool:
    if isinstance(value, Iterator):
        return True  # it can be read only once: the method checks what it yields
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
    return several and all(map(_is_string, value))


def _maps_strings(value: object) -> bool:
    return isinstance(value, Mapping) and all(map(_is_string, value))


def _maps_strings_to_strings(value: Any) -> bool:
    return _maps_strings(value) and all(map(_is_string, value.values()))


_KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "None": ("", lambda value: value is None),
    "Unset": ("", lambda value: isinstance(value, Unset)),
    "str": ("a string", _is_string),
    "int": ("a whole number, 0 or more", _is_number),
    "bool": ("True or False", lambda value: isinstance(value, bool)),
    "Iterable[str]": ("several strings", _are_strings),
    "Sequence[str]": ("a list of strings", _are_strings),
    "Mapping[str, str]": ("a mapping of strings to strings", _maps_strings_to_strings),
    "Mapping[str, object]": ("a mapping of names to values", _maps_strings),
    "Mapping[str, Any]": ("a mapping of names to values", _maps_strings),
}


class _Rule:
    """Hold what an annotation allows."""

    def __init__(self, kinds: list[str]) -> None:
        self._tests = [_KINDS[kind][1] for kind in kinds]
        self.words = " or ".join(words for kind in kinds if (words := _KINDS[kind][0]))

    def fits(self, value: object) -> bool:
        """Return whether a value is of one of the kinds."""
        for test in self._tests:  # noqa: SIM110 - each call pays, and any() takes three times as long
            if test(value):
                return True
        return False


@cache
def _rule(annotation: str) -> _Rule | None:
    """Return the rule of an annotation; None if the method checks for itself."""
    kinds = annotation.split(" | ")
    return _Rule(kinds) if all(kind in _KINDS for kind in kinds) else None


def _first_refused(
    positional: Iterable[tuple[str, _Rule | None]],
    rules: Mapping[str, _Rule],
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
) -> str:
    """Return what the first argument that does not fit must be; empty if all do."""
    for (name, rule), value in zip(positional, args, strict=False):
        if rule is not None and not rule.fits(value):
            return f"{name} must be {rule.words}; not {_shown(value)}"
    for name, value in kwargs.items():
        if (rule := rules.get(name)) is not None and not rule.fits(value):
            return f"{name} must be {rule.words}; not {_shown(value)}"
    return ""


def _shown(value: object) -> str:
    """Return a value for a message, which must not repeat what may be a secret."""
    if isinstance(value, str) and not _is_string(value):
        return "a string with a lone surrogate"
    if value is None or isinstance(value, int | float | str):
        return repr(value)
    return f"an object of type {type(value).__name__}"


def _checking(function: FunctionType) -> Callable[..., Any]:
    """Return a function with a check of the arguments whose annotations have a rule."""
    code = function.__code__
    annotated = {name: _rule(str(of)) for name, of in function.__annotations__.items()}
    rules = {name: rule for name, rule in annotated.items() if rule and name != "return"}
    if not rules:
        return function
    positional = [(name, rules.get(name)) for name in code.co_varnames[: code.co_argcount]]
    where = function.__qualname__.removeprefix("Async")

    def check(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        refused = _first_refused(positional, rules, args, kwargs)
        del args, kwargs
        if refused:
            raise InvalidArgument(f"{where}: {refused}.")

    # No frame of an error may keep the arguments: there may be a secret among them.
    if code.co_flags & CO_COROUTINE:

        @wraps(function)
        async def checked(*args: Any, **kwargs: Any) -> Any:
            try:
                check(args, kwargs)
                return await function(*args, **kwargs)
            finally:
                del args, kwargs

    else:

        @wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            try:
                check(args, kwargs)
                return function(*args, **kwargs)
            finally:
                del args, kwargs

    return checked


def check_arguments(cls: C) -> C:
    """Let the public methods of a class refuse arguments of a wrong type.

    What is checked are strings (a lone surrogate is none), whole numbers, bools, lists of strings
    and mappings with strings as keys; the methods check what is annotated with other types.
    """
    for name, member in list(vars(cls).items()):
        if isinstance(member, FunctionType) and not name.startswith("_"):
            setattr(cls, name, _checking(member))
    return cls
