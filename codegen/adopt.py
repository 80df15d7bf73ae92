"""Merge the service's own specification into openapi.yaml: `python -m codegen.adopt`.

What cannot be taken over is left as it is in openapi.yaml and listed as `To decide`, with the place
in the service's specification and the reason; everything else is taken over.

Exits 0 when all is well, 1 when nothing could be taken over and so nothing was changed, 2 when it
was taken over and the tests then failed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

from bytehouse_openapi import Document, Upstream, UpstreamError, read
from bytehouse_openapi.shape import word
from codegen import generate, spec, trees
from codegen.errors import GenerationError, UnmatchedCorrection
from codegen.upstream import docstrings, drift
from codegen.upstream.adoptable import Skipped
from codegen.upstream.adoption import Merged
from codegen.upstream.causes import causes, some
from codegen.upstream.compare import BREAKING, Difference, changes_time, differences
from codegen.upstream.drift import Sides, sides
from codegen.upstream.meaning import ADVICE, changed_safety
from codegen.upstream.methods import Method, methods, models
from codegen.upstream.render import UNRESOLVED, sentence
from codegen.upstream.schemas import references
from codegen.upstream.search import BROKEN, AdoptionSearch, skipped_lines
from codegen.upstream.sources import ByteHouseError, add_arguments, read_upstream, vendored

CORRECTIONS = "codegen/corrections.yaml"
RECORDED = "tests/whole/test_recorded.py"
_SHOWN = 12
"""Maximum number of methods in a line about what is left as it is."""
_REMOVED = {
    f"{part} {change}" for part in ("parameter", "property") for change in ("removed", "renamed")
}
_OUTDATED = {
    "sent": _REMOVED | {"type", "items", "enum added", "enum values removed"},
    "received": _REMOVED | {"type", "items"},
}
"""Kinds of differences after which the code that passes or reads a value must change."""


class Adopted(NamedTuple):
    """The result of an adoption."""

    changed: bool
    left_out: list[str]
    """What was renamed or left as it is, and what was removed: unused schemas, corrections that
    match nothing."""
    skipped: list[Skipped]
    """The parts that are left as they are."""


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
    for line in (*done.left_out, *left_to_decide(options.repository, upstream, done.skipped)):
        print(f"To decide: {line}")
    if not done.changed:
        return 0
    page = options.repository / "docs" / "cli.md"
    if page.exists() and not _python(options.repository, "codegen.cli_page"):
        print("To decide: docs/cli.md could not be written; see `make generate`")
    return 0 if options.no_tests or _passes(options.repository, options.tests) else 2


_CHANGED = "openapi.yaml and what is generated from it are changed."
_NOTHING = "There is nothing to take over."


def _passes(repository: Path, tests: list[str]) -> bool:
    """Record the cassettes on the new routes, and run tests."""
    return _python(repository, "pytest", "-q", RECORDED, "--record-mode=rewrite") and _python(
        repository, "pytest", "-q", *tests
    )


def _python(repository: Path, *module: str) -> bool:
    """Run a module with the code of the repository; return whether it succeeded."""
    roots = (repository, repository / "generated", repository / "overlay", repository / "emulator")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))}
    command = [sys.executable, "-m", *module]
    return not subprocess.run(command, cwd=repository, env=environment, check=False).returncode


def adopt(repository: Path, upstream: Upstream) -> Adopted:
    """Merge a specification and generate.

    All of it is made beside the repository's files first, so that a failure changes nothing.

    Raises:
        ByteHouseError: The specification cannot be used.
        GenerationError: The generator cannot do with what would come of it.
    """
    target = repository / "openapi.yaml"
    before, ours = target.read_text("utf-8"), read(str(target)).document
    both = sides(ours, upstream)
    used = models(repository / generate.ASYNC.partition("/")[0])
    try:
        merged = AdoptionSearch(before, ours, upstream, used).merged()
    except BROKEN as error:
        reason = f"{type(error).__name__}: {error}"
        raise UpstreamError(f"{upstream.address} cannot be taken over ({reason}).") from error
    left_out = skipped_lines(merged, both, upstream)
    if merged.text == before:
        return Adopted(changed=False, left_out=left_out, skipped=merged.adoptable.skipped)
    with tempfile.TemporaryDirectory(dir=repository, prefix=".adopt_", suffix="_cache") as name:
        copy = Path(name)
        (copy / CORRECTIONS).parent.mkdir()
        shutil.copy(repository / CORRECTIONS, copy / CORRECTIONS)
        shutil.copytree(repository / generate.ASYNC, copy / generate.ASYNC)
        (copy / "openapi.yaml").write_text(merged.text, "utf-8")
        new = read(str(copy / "openapi.yaml")).document
        docstrings.rename(copy / generate.ASYNC, ours, new)
        left_out += [*_unused(ours, new, used), *_drop_corrections(copy)]
        left_out += changed_safety(both.ours, merged.adoptable.contracts)
        left_out += _outdated_arguments(both, merged, methods(drift.overlay(repository), ours))
        fresh = generate.generate(copy, copy / "fresh")
        for place, made in {**fresh, copy / generate.ASYNC: copy / generate.ASYNC}.items():
            trees.replace(repository / place.relative_to(copy), made)
        for file in (CORRECTIONS, "openapi.yaml"):
            (copy / file).replace(repository / file)
    return Adopted(changed=True, left_out=left_out, skipped=merged.adoptable.skipped)


def _outdated_arguments(
    both: Sides, merged: Merged, known: Mapping[str, list[Method]]
) -> Iterator[str]:
    """Tell which methods still pass or return what has another name or type now, or is gone."""
    followed = [*merged.adoptable.keys.items(), *merged.adoptable.headers.items()]
    found = [
        difference
        for name, contract in merged.adoptable.contracts.items()
        for difference in differences(name, both.ours[name], contract)
        if difference.impact == BREAKING and not _keeps_its_attribute(difference, followed)
    ]
    for way, advice in (
        ("sent", "change {}, which still pass the old one"),
        ("received", "taken over; whatever reads it must change, see {}"),
    ):
        parts = ("response",) if way == "received" else ("query", "header", "body")
        kinds = _OUTDATED[way]
        concerned = [d for d in found if d.where[0] in parts and _is_outdated(d, kinds)]
        for change in causes(concerned, known):
            users = ", ".join(change.methods or change.operations)
            yield f"{sentence(change)}: {advice.format(users)}"


def _is_outdated(one: Difference, kinds: Collection[str]) -> bool:
    return one.kind in kinds or changes_time(one.kind, one.before, one.after)


def _keeps_its_attribute(one: Difference, followed: Collection[tuple[str, str]]) -> bool:
    """Tell whether what has another name now is called in Python as it was."""
    respelled = one.kind == "property renamed" and word(one.before) == word(one.after)
    return respelled or (one.after, one.before) in followed


def _unused(before: Document, after: Document, kept: Collection[str]) -> Iterator[str]:
    """Tell which schemas are gone, or stay only because the client imports them."""
    schemas = after["components"]["schemas"]
    for name in sorted(before["components"]["schemas"].keys() - schemas.keys()):
        yield f"{name}, which nothing uses any more, is taken out"
    needed = {reference.rpartition("/")[2] for reference in references(after)}
    for name in sorted((schemas.keys() & set(kept)) - needed):
        yield f"no operation uses {name} any more; it stays until the client does not import it"


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


def left_to_decide(repository: Path, upstream: Upstream, skipped: Sequence[Skipped]) -> list[str]:
    """Return what still differs, and what was not merged because a person must decide.

    Args:
        repository: Where openapi.yaml is.
        upstream: The upstream specification.
        skipped: What is told already, with the reason.
    """
    ours = read(str(repository / "openapi.yaml")).document
    known = methods(drift.overlay(repository), ours)
    report = drift.compare(ours, upstream, known, ask_redocly=False)
    explained = _explained(ours, upstream, skipped)
    advice = {
        "operation added": "write it into openapi.yaml, with x-retry, and give it a method",
        "operation gone": "it stays until you take it out of openapi.yaml and the client",
        **ADVICE,
    }
    lines = [
        f"{sentence(change)} ({some(change.methods or change.operations, _SHOWN)}): "
        f"{advice.get(change.kind, 'ours stays; change openapi.yaml by hand, if theirs is right')}"
        for change in report.changes
        if not all((name, change.kind) in explained for name in change.operations)
    ]
    lines += [
        f"{name} may be {' or '.join(rivals)}: give it that path in openapi.yaml"
        for name, rivals in report.ambiguous.items()
    ]
    lines += [
        f"{UNRESOLVED.format(one)}; bundle the specification into one file, or ask its owner"
        for one in report.unresolved
    ]
    return lines


def _explained(
    ours: Document, upstream: Upstream, skipped: Sequence[Skipped]
) -> set[tuple[str, str]]:
    """Return the operations and kinds of difference that are told in full as what is left."""
    both = sides(ours, upstream)
    found: dict[tuple[str, str], bool] = {}
    for name, theirs in both.theirs.items():
        parts = [part for part in skipped if part.operation == name]
        for one in differences(name, both.ours[name], theirs):
            told = any(part.covers(one.where) for part in parts)
            found[name, one.kind] = told and found.get((name, one.kind), True)
    return {key for key, told in found.items() if told}


if __name__ == "__main__":
    sys.exit(main())
