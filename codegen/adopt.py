"""Merge the service's own specification into openapi.yaml: `python -m codegen.adopt`.

Exits 0 when all is well, 1 when nothing could be taken over and so nothing was changed, 2 when it
was taken over and the tests then failed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

from bytehouse_openapi import Document, Upstream, UpstreamError, read
from codegen import generate, spec, trees
from codegen.errors import GenerationError, UnmatchedCorrection
from codegen.upstream import docstrings, drift
from codegen.upstream.adoption import adopted
from codegen.upstream.methods import methods
from codegen.upstream.render import sentence
from codegen.upstream.sources import ByteHouseError, add_arguments, read_upstream, vendored

CORRECTIONS = "codegen/corrections.yaml"
RECORDED = "tests/whole/test_recorded.py"


class Adopted(NamedTuple):
    """The result of an adoption."""

    changed: bool
    left_out: list[str]
    """What was removed: unused schemas, corrections that match nothing."""


def main(arguments: list[str] | None = None) -> int:
    """Merge, generate, test, and report what is left to decide."""
    parser = argparse.ArgumentParser(prog="python -m codegen.adopt", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--no-tests", action="store_true", help="do not run the tests afterwards")
    parser.add_argument(
        "--tests", nargs="+", default=[], metavar="PATH", help="run these tests, not all of them"
    )
    options = parser.parse_args(arguments)
    options.repository = options.repository.resolve()
    try:
        upstream = read_upstream(options, vendored(options))
        done = adopt(options.repository, upstream)
    except (ByteHouseError, GenerationError) as error:
        print(f"Nothing was changed. {error}", file=sys.stderr)
        return 1
    print(_CHANGED if done.changed else _NOTHING)
    for line in (*done.left_out, *left_to_decide(options.repository, upstream)):
        print(f"To decide: {line}")
    if not done.changed or options.no_tests:
        return 0
    return 0 if _passes(options.repository, options.tests) else 2


_CHANGED = "openapi.yaml and what is generated from it are changed."
_NOTHING = "There is nothing to take over."


def _passes(repository: Path, tests: list[str]) -> bool:
    """Record the cassettes on the new routes, and run tests against the code of the repository."""
    roots = (repository, repository / "generated", repository / "overlay", repository / "emulator")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))}

    def run(*arguments: str) -> bool:
        command = [sys.executable, "-m", "pytest", "-q", *arguments]
        return not subprocess.run(command, cwd=repository, env=environment, check=False).returncode

    return run(RECORDED, "--record-mode=rewrite") and run(*tests)


def adopt(repository: Path, upstream: Upstream) -> Adopted:
    """Merge a specification and generate.

    All of it is made beside the repository's files first, so that a failure changes nothing.

    Raises:
        ByteHouseError: The specification cannot be used.
        GenerationError: The generator cannot do with what would come of it.
    """
    target = repository / "openapi.yaml"
    before, ours = target.read_text("utf-8"), read(str(target)).document
    try:
        after = adopted(before, ours, upstream)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UpstreamError(f"{upstream.address} cannot be taken over ({reason}).") from error
    if after == before:
        return Adopted(changed=False, left_out=[])
    with tempfile.TemporaryDirectory(dir=repository, prefix=".adopt_", suffix="_cache") as name:
        copy = Path(name)
        (copy / CORRECTIONS).parent.mkdir()
        shutil.copy(repository / CORRECTIONS, copy / CORRECTIONS)
        shutil.copytree(repository / generate.ASYNC, copy / generate.ASYNC)
        (copy / "openapi.yaml").write_text(after, "utf-8")
        new = read(str(copy / "openapi.yaml")).document
        docstrings.rename(copy / generate.ASYNC, ours, new)
        left_out = [*_unused(ours, new), *_drop_corrections(copy)]
        fresh = generate.generate(copy, copy / "fresh")
        for place, made in {**fresh, copy / generate.ASYNC: copy / generate.ASYNC}.items():
            trees.replace(repository / place.relative_to(copy), made)
        for file in (CORRECTIONS, "openapi.yaml"):
            (copy / file).replace(repository / file)
    return Adopted(changed=True, left_out=left_out)


def _unused(before: Document, after: Document) -> Iterator[str]:
    """Tell which schemas are gone."""
    for name in sorted(
        before["components"]["schemas"].keys() - after["components"]["schemas"].keys()
    ):
        yield f"{name}, which nothing uses any more, is taken out; see whether the client does"


def _drop_corrections(repository: Path) -> list[str]:
    """Remove and return the corrections that match nothing: generation refuses those."""
    yaml = YAML()
    corrections = yaml.load(repository / CORRECTIONS)
    document = spec.load(repository / "openapi.yaml")
    dropped: list[str] = []
    while True:
        try:
            spec.correct(document, corrections)
        except UnmatchedCorrection as error:
            action = corrections["actions"].pop(error.number - 1)
            dropped.append(
                f"the correction of {action['target']} matches nothing any more and is taken out "
                f"of {CORRECTIONS}; see whether another place needs it: {action['description']}"
            )
        else:
            break
    if dropped:
        yaml.dump(corrections, repository / CORRECTIONS)
    return dropped


def left_to_decide(repository: Path, upstream: Upstream) -> list[str]:
    """Return what still differs, and what was not merged because a person must decide."""
    ours = read(str(repository / "openapi.yaml")).document
    known = methods(drift.overlay(repository))
    report = drift.compare(ours, upstream, known, ask_redocly=False)
    advice = {
        "operation added": "write it into openapi.yaml, with x-retry, and give it a method",
        "operation gone": "it stays until you take it out of openapi.yaml and the client",
        "security": "the client sends a bearer key; see whether that still is right",
    }
    lines = [
        f"{sentence(change)} ({', '.join(change.methods or change.operations)}): "
        f"{advice.get(change.kind, 'the generator cannot express it; change openapi.yaml by hand')}"
        for change in report.changes
    ]
    lines += [
        f"{name} may be {' or '.join(rivals)}: give it that path in openapi.yaml"
        for name, rivals in report.ambiguous.items()
    ]
    return lines


if __name__ == "__main__":
    sys.exit(main())
