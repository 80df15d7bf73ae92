"""Make one call of each kind with a private name of a library taken away; print what came of it.

    python rename_private.py LIBRARY NAME FLAVOUR URL

The name is renamed in the library's source wherever it stands, as a new version of it might do; the
library goes on working, and what reaches for the old name finds nothing.
"""

import asyncio
import importlib.abc
import importlib.machinery
import importlib.util
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from bytehouse._core.config import Http


class Renaming(importlib.abc.MetaPathFinder):
    """Import the modules of a library with a name of it changed."""

    def __init__(self, library: str, name: str) -> None:
        self._library = library
        self._name = re.compile(rf"(?<![\w]){name}\b")
        self.count = 0

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] != self._library:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = RenamingLoader(fullname, spec.loader.path, self)
        return spec

    def renamed(self, source: str) -> str:
        """Return source with the name changed."""
        source, count = self._name.subn("_renamed", source)
        self.count += count
        return source


class RenamingLoader(importlib.machinery.SourceFileLoader):
    """Load one module of it."""

    def __init__(self, fullname: str, path: str, finder: Renaming) -> None:
        super().__init__(fullname, path)
        self._finder = finder

    def get_code(self, fullname: str) -> Any:  # noqa: ARG002 - it is this module's own
        source = self._finder.renamed(self.get_data(self.path).decode())
        return compile(source, self.path, "exec")


def outcome(call: Callable[[], object]) -> dict[str, object]:
    """Return the name of the error that a call ends with, and its seconds."""
    began = time.monotonic()
    try:
        call()
    except Exception as error:  # noqa: BLE001 - what it is, is what is asked
        kind = type(error).__name__
    else:
        kind = "success"
    return {"error": kind, "seconds": time.monotonic() - began}


def main(library: str, name: str, flavour: str, url: str) -> None:
    """Print what comes of the calls as JSON."""
    finder = Renaming(library, name)
    if name:
        sys.meta_path.insert(0, finder)
    from bytehouse import AsyncByteHouse, ByteHouse

    settings: dict[str, Any] = {"max_body": 10_000, "max_retries": 0}
    with asyncio.Runner() as runner:
        if flavour == "sync":
            get: Callable[..., Any] = ByteHouse(url, "k", **settings).databases.get
        else:
            client = AsyncByteHouse(url, "k", http=cast("Http", flavour), **settings)

            async def called(database: str, **options: Any) -> Any:
                return await client.databases.get(database, **options)

            get = lambda *args, **options: runner.run(called(*args, **options))  # noqa: E731
        get("d")  # imports what a call takes
        found: dict[str, Any] = {
            "slow": outcome(lambda: get("drips", timeout=0.5, deadline=1.0)),
            "slow head": outcome(lambda: get("drips-its-head", timeout=0.5, deadline=1.0)),
            "large": outcome(lambda: get("large")),
            "cut": outcome(lambda: get("cut")),
            "names": [get(f"d{number}").name for number in range(3)],
            "followed": [get("followed").name, get("d").name],
        }
    found["renamed"] = finder.count
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
