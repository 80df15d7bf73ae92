"""Write generated/ and the synchronous client: `python -m codegen.generate`."""

import argparse
import sys
import tempfile
from pathlib import Path

from codegen import operations_page, raw, spec, trees, unasync
from codegen.errors import GenerationError

REPOSITORY = Path(__file__).resolve().parent.parent
RAW = f"generated/{raw.PACKAGE}"
ASYNC = "overlay/bytehouse/_async"
SYNC = "overlay/bytehouse/_sync"
REFERENCE = "docs/reference"


def generate(repository: Path, into: Path) -> dict[Path, Path]:
    """Generate into a directory; return what is to replace which directory of the repository."""
    package = into / raw.PACKAGE
    raw.generate(repository / "openapi.yaml", repository / "codegen" / "corrections.yaml", package)
    fresh = {repository / RAW: package}
    if (repository / ASYNC).exists():
        derived = into / "_sync"
        unasync.derive_package(repository, repository / ASYNC, derived)
        fresh[repository / SYNC] = derived
        reference = into / "reference"
        document = spec.load(repository / "openapi.yaml")
        operations_page.write(document, repository / ASYNC, reference)
        fresh[repository / REFERENCE] = reference
    return fresh


def main(arguments: list[str] | None = None) -> int:
    """Generate, or with --check tell whether what is committed is fresh."""
    parser = argparse.ArgumentParser(prog="python -m codegen.generate", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing, fail on any difference"
    )
    parser.add_argument(
        "--repository", type=Path, default=REPOSITORY, help="where openapi.yaml is and the files go"
    )
    options = parser.parse_args(arguments)
    repository = options.repository.resolve()
    # Beside what it replaces, so that a rename does it.
    with tempfile.TemporaryDirectory(
        dir=repository, prefix=".generate_", suffix="_cache"
    ) as directory:
        try:
            fresh = generate(repository, Path(directory))
        except GenerationError as error:
            print(error, file=sys.stderr)
            return 1
        if options.check:
            return _report(fresh)
        for target, made in fresh.items():
            trees.replace(target, made)
    return 0


def _report(fresh: dict[Path, Path]) -> int:
    found = [line for target, made in fresh.items() for line in trees.differences(target, made)]
    for line in found:
        print(line)
    if found:
        print(
            f"Files that `make generate` makes otherwise: {len(found)}. Run it, commit the result."
        )
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
