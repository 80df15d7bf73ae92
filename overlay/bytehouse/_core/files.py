"""Read and write files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import IO, Any, Literal


def read_text(path: str | PathLike[str]) -> str:
    """Return the text of a file in UTF-8, without the byte order mark that some editors write.

    Raises:
        OSError: It cannot be read.
        UnicodeDecodeError: It is not UTF-8.
    """
    return Path(path).expanduser().read_text(encoding="utf-8-sig")


@contextmanager
def atomic_file(
    path: str | PathLike[str], mode: Literal["w", "wb"], *, private: bool = False
) -> Iterator[IO[Any]]:
    """Open a file that gets its name only when it has been written completely.

    Args:
        path: Its path.
        mode: Whether text, in UTF-8, or bytes are written.
        private: Whether its owner alone can read it. Nobody else can have opened it before.
    """
    target = Path(path)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    text = mode == "w"
    try:
        with open(
            unfinished,
            mode.replace("w", "x") if private else mode,
            encoding="utf-8" if text else None,
            newline="" if text else None,
            opener=_open_private if private else None,
        ) as file:
            yield file
        unfinished.replace(target)
    except OSError as error:
        if error.filename == str(unfinished):
            error.filename = str(target)
        raise
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
