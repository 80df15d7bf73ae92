"""Leave nothing behind where a call is interrupted: by Ctrl-C, a signal or the end of its task."""

from __future__ import annotations

import traceback

_PACKAGE = __name__.partition(".")[0] + "."


def interruption_in(error: BaseException, outer: BaseException | None) -> BaseException | None:
    """Return the interruption that an error hides; None if there is none.

    A library that is interrupted may fail while it cleans up, and raise that error instead.

    Args:
        error: The error.
        outer: What was being handled when the library was called; what came before is not looked
            at.
    """
    found: list[BaseException | None] = [error]
    for one in found:
        if one is None or one is outer:
            continue
        if not isinstance(one, Exception):
            return one
        found += [other for other in (one.__cause__, one.__context__) if other not in found]
    return None


def drop_locals(error: BaseException) -> None:
    """Let go of what the frames hold that an error has left, such as a connection: otherwise it
    would stay in use as long as the error is kept."""
    one: BaseException | None = error
    while one is not None and one.__traceback__ is not None:
        if one is not error and not _is_ours(one.__traceback__.tb_frame.f_globals):
            return  # what the caller was handling before
        traceback.clear_frames(one.__traceback__)
        one = one.__context__


def _is_ours(names: dict[str, object]) -> bool:
    return str(names.get("__name__")).startswith(_PACKAGE)
