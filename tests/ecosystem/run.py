"""Run the tests of other tools against the emulator's ClickHouse interface.

`make test-ecosystem` installs what they need into `.venv-ecosystem`, and fails if one fails that
`known_failures.tsv` does not name with its reason. The tests of clickhouse-connect, its SQLAlchemy
dialect included, are those of its repository: `ARGS="--source DIR"` names a checkout; without it,
the released version that is pinned is cloned.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import venv
from fnmatch import fnmatchcase
from pathlib import Path
from xml.etree import ElementTree as ET

from bytehouse_emulator import running_emulator

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv-ecosystem"
REPOSITORY = "https://github.com/ClickHouse/clickhouse-connect"
KNOWN = Path(__file__).with_name("known_failures.tsv")
EXTRAS = "alembic,arrow,async,numpy,orjson,pandas,polars,sqlalchemy"
TOOLS = (
    "alembic",
    "pydantic",
    "pyjwt",
    "pytest",
    "pytest-asyncio",
    "pytest-mock",
    "pytest-timeout",
)


def main() -> None:
    """Run the tests, and print how many passed, failed as known, and failed otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, help="a checkout of clickhouse-connect")
    parser.add_argument("tests", nargs="*", default=["tests/integration_tests"])
    options = parser.parse_args()
    version = pinned_version()
    python = make_environment(version)
    source = (options.source or clone(version)).resolve()
    report = ENVIRONMENT / "report.xml"
    with running_emulator(options=["--describe=clickhouse"]) as emulator:
        environment = {
            **os.environ,
            "CLICKHOUSE_CONNECT_TEST_HOST": "127.0.0.1",
            "CLICKHOUSE_CONNECT_TEST_PORT": str(emulator.clickhouse_port),
            "CLICKHOUSE_CONNECT_TEST_USER": "bytehouse",
            "CLICKHOUSE_CONNECT_TEST_PASSWORD": emulator.token,
        }
        command = [python, "-m", "pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
        command += ["--timeout=60", "--tb=short", f"--junitxml={report}", *options.tests]
        subprocess.run(command, cwd=source, env=environment, check=False)
    sys.exit(summarize(report))


def pinned_version() -> str:
    """Return the version of clickhouse-connect that the development requirements pin."""
    text = (ROOT / "requirements" / "dev.txt").read_text("utf-8")
    found = re.search(r"^clickhouse-connect==([\w.]+)", text, re.MULTILINE)
    if found is None:
        sys.exit("requirements/dev.txt pins no clickhouse-connect")
    return found[1]


def make_environment(version: str) -> str:
    """Install what the tests need into an environment of their own, and return its Python."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "installed"
    if not stamp.exists() or stamp.read_text("utf-8") != version:
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        wanted = [f"clickhouse-connect[{EXTRAS}]=={version}", *TOOLS]
        subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
        stamp.write_text(version, "utf-8")
    return str(python)


def clone(version: str) -> Path:
    """Return a checkout of the released version."""
    target = ENVIRONMENT / f"clickhouse-connect-{version}"
    if not target.exists():
        options = ["--quiet", "--depth=1", f"--branch=v{version}"]
        subprocess.run(["git", "clone", *options, REPOSITORY, target], check=True)
    return target


def summarize(report: Path) -> int:
    """Print what the report has; return 1 if a test failed for no known reason."""
    known = [
        line.split("\t")[0]
        for line in KNOWN.read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    passed = skipped = expected = 0
    unexpected = []
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own report
        name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            if any(fnmatchcase(name, pattern) for pattern in known):
                expected += 1
            else:
                unexpected.append(name)
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    for name in unexpected:
        print(f"failed without a known reason: {name}")  # noqa: T201 - the output
    print(  # noqa: T201 - the output
        f"{passed} passed, {expected} failed as known, {len(unexpected)} failed otherwise,"
        f" {skipped} skipped"
    )
    return 1 if unexpected or not passed else 0


if __name__ == "__main__":
    main()
