"""Compare openapi.yaml with the service's own specification: `python -m codegen.drift`.

Exits 0 without drift, 1 for breaking and 2 for compatible drift, 3 when it could not tell.
"""

import argparse
import sys

from codegen.upstream import drift
from codegen.upstream.methods import methods
from codegen.upstream.render import FORMATS
from codegen.upstream.sources import ByteHouseError, add_arguments, read_upstream, vendored


def main(arguments: list[str] | None = None) -> int:
    """Compare, print a report, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m codegen.drift", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--format", choices=FORMATS, default="terminal")
    parser.add_argument(
        "--no-redocly", action="store_true", help="classify by own rules alone, as without Node"
    )
    options = parser.parse_args(arguments)
    try:
        ours = vendored(options)
        upstream = read_upstream(options, ours)
        known = methods(drift.overlay(options.repository), ours)
        report = drift.compare(ours, upstream, known, ask_redocly=not options.no_redocly)
    except ByteHouseError as error:
        print(f"Could not tell whether there is drift. {error}", file=sys.stderr)
        return drift.EXIT["unknown"]
    print(FORMATS[options.format](report))
    return drift.EXIT[report.verdict]


if __name__ == "__main__":
    sys.exit(main())
