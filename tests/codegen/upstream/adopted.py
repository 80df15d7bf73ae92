"""A copy of the repository that has adopted another upstream: `make test-adopted`.

It runs in an environment of its own that sees the copy first, whatever a test gives its programs.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bytehouse_openapi import Document, operations, read
from tests.openapi.planted import (
    Spec,
    by_cursor,
    with_other_envelope,
    with_other_role_header,
)

ROOT: Final = Path(__file__).parents[3]
LEFT_OUT: Final = (".venv*", "node_modules", ".*_cache", "__pycache__", "dist")
_METHODS: Final = {"get": "post", "post": "put", "put": "patch", "patch": "post", "delete": "put"}


def with_other_routes(document: Document) -> dict[str, Any]:
    """Return the specification with another method, path, id and tag for every operation."""
    paths: dict[str, Any] = {}
    for number, found in enumerate(operations(document), start=1):
        node = {**found.node, "operationId": f"Op{number}", "tags": [f"{found.tag} API"]}
        node["parameters"] = [
            {**p, "name": p["name"].upper()} if p["in"] == "path" else p for p in found.parameters
        ]
        names = [p["name"] for p in node["parameters"] if p["in"] == "path"]
        path = f"/api/v3/area{number % 9}/x{number}" + "".join(f"/{{{n}}}" for n in names)
        paths[path] = {_METHODS[found.method.lower()]: node}
    return {**document, "paths": paths}


def _changed(change: Callable[[Spec], object]) -> Callable[[Document], Spec]:
    def changed(document: Document) -> Spec:
        draft = copy.deepcopy(dict(document))
        change(draft)
        return draft

    return changed


UPSTREAMS: Final[dict[str, Callable[[Document], Spec]]] = {
    "routes": with_other_routes,
    "envelope": _changed(with_other_envelope),
    "paging": _changed(by_cursor),
    "role": _changed(with_other_role_header),
}
"""What a copy can adopt."""


class Copy:
    """A copy of the repository, as it stands, and a Python that runs its code."""

    def __init__(self, directory: Path, upstream: str = "routes") -> None:
        self.root = directory / "repository"
        shutil.copytree(ROOT, self.root, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
        self._python = _environment(directory / "environment", self.root)
        self._upstream = directory / "upstream.json"
        ours = read(str(ROOT / "openapi.yaml")).document
        self._upstream.write_text(json.dumps(UPSTREAMS[upstream](ours)))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the copy."""
        command = [str(self._python), *arguments]
        others = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run(
            command, cwd=self.root, env=others, text=True, check=False, capture_output=True
        )

    def adopt(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Adopt the upstream."""
        return self.run("-m", "codegen.adopt", str(self._upstream), *options)


def _environment(at: Path, repository: Path) -> Path:
    """Make an environment with all that is installed here, but with the code of a repository."""
    venv.create(at, symlinks=True)
    for tool in (Path(sys.prefix) / "bin").iterdir():
        if not (at / "bin" / tool.name).exists():
            (at / "bin" / tool.name).symlink_to(tool)
    [packages] = (at / "lib").glob("python*/site-packages")
    places = [str(repository / name) for name in ("emulator", "generated", "overlay")]
    # What is installed comes after, the code of the first repository with it.
    installed = sysconfig.get_path("purelib")
    places.append(f"import site; site.addsitedir({installed!r})")
    (packages / "copy.pth").write_text("\n".join(places))
    return at / "bin" / "python"


def main() -> int:
    """Adopt, which runs all tests; generate and adopt again, which must change nothing."""
    parser = argparse.ArgumentParser(prog="make test-adopted", description=main.__doc__)
    parser.add_argument("--upstream", choices=UPSTREAMS, default="routes", help="what to adopt")
    parser.add_argument("tests", nargs="*", help="run these tests, not all of them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        adopted = Copy(Path(directory), options.upstream)
        done = adopted.adopt(*(["--tests", *options.tests] if options.tests else []))
        print(done.stdout, done.stderr)  # noqa: T201 - what was asked for
        if done.returncode:
            return done.returncode
        fresh = adopted.run("-m", "codegen.generate", "--check")
        again = adopted.adopt("--no-tests")
        print(fresh.stdout, again.stdout)  # noqa: T201
        return fresh.returncode or int("nothing to take over" not in again.stdout)


if __name__ == "__main__":
    sys.exit(main())
