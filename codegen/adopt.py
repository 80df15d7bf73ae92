"""Take the service's own specification into openapi.yaml: `python -m codegen.adopt`.

Exits 0 when all is well, 1 when nothing could be taken over and so nothing was changed, 2 when it
was taken over and the tests then failed.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bytehouse._upstream import Upstream, UpstreamError, read
from codegen import generate, trees
from codegen.errors import GenerationError
from codegen.upstream import drift
from codegen.upstream.adoption import adopted
from codegen.upstream.methods import methods
from codegen.upstream.render import sentence
from codegen.upstream.sources import ByteHouseError, add_arguments, read_upstream, vendored

INPUTS = ("codegen/corrections.yaml", "overlay/bytehouse/_async")


def main(arguments: list[str] | None = None) -> int:
    """Take over, generate, test, and tell what is left to decide."""
    parser = argparse.ArgumentParser(prog="python -m codegen.adopt", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--no-tests", action="store_true", help="do not run the tests afterwards")
    options = parser.parse_args(arguments)
    options.repository = options.repository.resolve()
    try:
        upstream = read_upstream(options, vendored(options))
        changed = adopt(options.repository, upstream)
    except (ByteHouseError, GenerationError) as error:
        print(f"Nothing was changed. {error}", file=sys.stderr)
        return 1
    print("openapi.yaml and what is generated from it are changed." if changed else _NOTHING)
    for line in left_to_decide(options.repository, upstream):
        print(line)
    if not changed or options.no_tests:
        return 0
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=options.repository, check=False
    )
    return 2 if done.returncode else 0


_NOTHING = "There is nothing to take over."


def adopt(repository: Path, upstream: Upstream) -> bool:
    """Take a specification over and generate; return whether anything has changed.

    All of it is made beside the repository's files first, so that a failure changes nothing.

    Raises:
        ByteHouseError: The specification cannot be used.
        GenerationError: The generator cannot do with what would come of it.
    """
    target = repository / "openapi.yaml"
    before = target.read_text("utf-8")
    try:
        after = adopted(before, read(str(target)).document, upstream)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UpstreamError(f"{upstream.address} cannot be taken over ({reason}).") from error
    if after == before:
        return False
    with tempfile.TemporaryDirectory(dir=repository, prefix=".adopt_", suffix="_cache") as name:
        copy = Path(name)
        for path in INPUTS:
            _copy(repository / path, copy / path)
        (copy / "openapi.yaml").write_text(after, "utf-8")
        fresh = generate.generate(copy, copy / "fresh")
        for place, made in fresh.items():
            trees.replace(repository / place.relative_to(copy), made)
        (copy / "openapi.yaml").replace(target)
    return True


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy(source, target)


def left_to_decide(repository: Path, upstream: Upstream) -> list[str]:
    """Return what still differs, and what was not taken over because it is a person's to decide."""
    ours = read(str(repository / "openapi.yaml")).document
    known = methods(drift.overlay(repository))
    report = drift.compare(ours, upstream, known, ask_redocly=False)
    advice = {
        "operation added": "write it into openapi.yaml, with x-retry, and give it a method",
        "operation gone": "it stays until you take it out of openapi.yaml and the client",
        "security": "the client sends a bearer key; see whether that still is right",
    }
    lines = [
        f"To decide: {sentence(change)} ({', '.join(change.methods or change.operations)}): "
        f"{advice.get(change.kind, 'the generator cannot express it; change openapi.yaml by hand')}"
        for change in report.changes
    ]
    lines += [
        f"To decide: {name} may be {' or '.join(rivals)}: give it that path in openapi.yaml"
        for name, rivals in report.ambiguous.items()
    ]
    return lines


if __name__ == "__main__":
    sys.exit(main())
