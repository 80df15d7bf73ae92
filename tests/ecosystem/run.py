"""Run other tools against the emulator's ClickHouse interface: their tests, or a script of ours.

`make test-ecosystem` installs each into an environment of its own below `.venv-ecosystem`, and
fails if a test fails that `known_failures.tsv` does not name with its reason. `ARGS="ibis dbt"`
runs some. The tests of clickhouse-connect, its SQLAlchemy dialect included, and of dbt-clickhouse
are in their repositories only, which are cloned; `ARGS="--source dbt=DIR"` names a checkout.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from xml.etree import ElementTree as ET

from bytehouse_emulator import RunningEmulator, running_emulator
from requirements.install import indexes

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ENVIRONMENTS = ROOT / ".venv-ecosystem"
KNOWN = HERE / "known_failures.tsv"
GITHUB = "https://github.com/ClickHouse"


@dataclass(frozen=True)
class Tool:
    """What is installed, and what is run.

    Args:
        requirements: Packages, each with its version.
        scripts: Scripts of ours.
        repository: The repository whose tests are run instead, and `tag` its released version.
        tests: Which of them.
        conftest: A file of ours in place of one of theirs, that needs a right which callers lack.
    """

    requirements: tuple[str, ...]
    scripts: tuple[str, ...] = ()
    repository: str = ""
    tag: str = ""
    tests: tuple[str, ...] = ()
    conftest: tuple[str, str] | None = None


def tools() -> dict[str, Tool]:
    """Return the tools by name."""
    pins = (ROOT / "requirements" / "dev.txt").read_text("utf-8")
    [connect] = re.findall(r"^clickhouse-connect==([\w.]+)", pins, re.MULTILINE)
    extras = "alembic,arrow,async,numpy,orjson,pandas,polars,sqlalchemy"
    testing = ("pytest>=9,<10", "pytest-timeout>=2.4,<3")
    return {
        "sqlalchemy": Tool(
            (f"clickhouse-connect[sqlalchemy]=={connect}",), ("sqlalchemy_engine.py",)
        ),
        "ibis": Tool(
            ("ibis-framework[clickhouse]==12.0.0", "packaging>=24", "sqlglot<29"),
            ("ibis_session.py",),
        ),
        "airflow": Tool(
            ("apache-airflow==3.3.2", "apache-airflow-providers-clickhousedb==1.0.1"),
            ("airflow_dags_test.py",),
        ),
        # The setup of dbt-core 1.12 downloads a binary of its own.
        "dbt": Tool(
            ("dbt-core==1.11.16", "dbt-clickhouse==1.10.3", "dbt-tests-adapter==1.20.0", *testing),
            repository="dbt-clickhouse",
            tag="v1.10.3",
            tests=tuple(
                f"tests/integration/adapter/{name}" for name in ("basic", "incremental", "utils")
            ),
            conftest=("dbt_conftest.py", "tests/integration/conftest.py"),
        ),
        "clickhouse-connect": Tool(
            (
                f"clickhouse-connect[{extras}]=={connect}",
                *("alembic", "pydantic", "pyjwt", "pytest-asyncio", "pytest-mock"),
                *testing,
            ),
            repository="clickhouse-connect",
            tag=f"v{connect}",
            tests=("tests/integration_tests",),
        ),
    }


def main() -> None:
    """Run the tools, and print for each what passed, failed as known, and failed otherwise."""
    found = tools()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--source", action="append", default=[], metavar="TOOL=DIR", help="a checkout of its tests"
    )
    parser.add_argument("tools", nargs="*", metavar="tool", help=f"of {', '.join(found)}")
    options = parser.parse_args()
    if unknown := set(options.tools) - set(found):
        parser.error(f"there is no tool {', '.join(sorted(unknown))}; there are {', '.join(found)}")
    sources = dict(source.partition("=")[::2] for source in options.source)
    failed = [name for name in options.tools or found if not run(name, found[name], sources)]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def run(name: str, tool: Tool, sources: Mapping[str, str]) -> bool:
    """Run one tool on an emulator of its own; return whether all went as it should."""
    python = make_environment(name, tool.requirements)
    checkout = copy_of_tests(name, tool, sources.get(name, "")) if tool.repository else None
    with running_emulator(options=["--describe=clickhouse"]) as emulator:
        environment = variables(emulator, python)
        if checkout:
            report = ENVIRONMENTS / f"{name}.xml"
            report.unlink(missing_ok=True)
            command = [str(python), "-m", "pytest", "-q", "-o", "addopts=", "-o", "pythonpath=."]
            command += ["-o", "log_cli=false", "-p", "no:cacheprovider", "--tb=short"]
            command += ["--timeout=300", "--durations=10"]
            command += [f"--junitxml={report}", *tool.tests]
            subprocess.run(command, cwd=checkout, env=environment, check=False)
            return report.exists() and summarize(name, report)
        codes = [
            subprocess.run([python, HERE / script], env=environment, check=False).returncode
            for script in tool.scripts
        ]
    print(f"{name}: {codes.count(0)} of {len(codes)} scripts passed")  # noqa: T201 - the output
    return not any(codes)


def variables(emulator: RunningEmulator, python: Path) -> dict[str, str]:
    """Return the environment of a tool: where the interface is, for our scripts and for tests."""
    port, key = str(emulator.clickhouse_port), emulator.token
    return {
        **os.environ,
        "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "CLICKHOUSE_PORT": port,
        "CLICKHOUSE_PASSWORD": key,
        "CLICKHOUSE_CONNECT_TEST_HOST": "127.0.0.1",
        "CLICKHOUSE_CONNECT_TEST_PORT": port,
        "CLICKHOUSE_CONNECT_TEST_USER": "bytehouse",
        "CLICKHOUSE_CONNECT_TEST_PASSWORD": key,
        "CLICKHOUSE_CONNECT_TEST_FUZZ": "50",  # of 250 tables
    }


def make_environment(name: str, requirements: Iterable[str]) -> Path:
    """Install what a tool needs into an environment of its own, and return its Python."""
    environment = ENVIRONMENTS / name
    python, stamp = environment / "bin" / "python", environment / "installed"
    wanted = json.dumps(sorted(requirements))
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--clear", environment], check=True)
        install = [*uv, "pip", "install", "--quiet", "--python", str(python), *requirements]
        subprocess.run(install, check=True, env=indexes(sys.executable) | os.environ)
        stamp.write_text(wanted, "utf-8")
    return python


def copy_of_tests(name: str, tool: Tool, source: str) -> Path:
    """Return a copy of a tool's tests, ready to run."""
    target = ENVIRONMENTS / f"{name}-tests"
    if source or not (target / "tests").exists():
        checkout = Path(source) if source else ENVIRONMENTS / f"{name}-{tool.tag}"
        if not checkout.exists():
            command = ["git", "clone", "--quiet", "--depth=1", f"--branch={tool.tag}"]
            command += [f"{GITHUB}/{tool.repository}", str(checkout)]
            if subprocess.run(command, check=False).returncode:
                sys.exit(f"Without its repository, name a checkout: --source {name}=DIR")
        shutil.copytree(checkout / "tests", target / "tests", dirs_exist_ok=True)
        # Without a configuration of its own, pytest takes the one of this project.
        for configuration in ("pyproject.toml", "pytest.ini"):
            if (checkout / configuration).exists():
                shutil.copy(checkout / configuration, target)
    if tool.conftest:
        ours, theirs = tool.conftest
        shutil.copy(HERE / ours, target / theirs)
    return target


def summarize(name: str, report: Path) -> bool:
    """Print what the report has; return whether no test failed for an unknown reason."""
    lines = [line.split("\t") for line in KNOWN.read_text("utf-8").splitlines()]
    known = [line[1] for line in lines if line[0] == name]
    passed = skipped = expected = 0
    unexpected = []
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own report
        test = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            if any(fnmatchcase(test, pattern) for pattern in known):
                expected += 1
            else:
                unexpected.append(test)
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    for test in unexpected:
        print(f"{name}: failed without a known reason: {test}")  # noqa: T201 - the output
    print(  # noqa: T201 - the output
        f"{name}: {passed} passed, {expected} failed as known, {len(unexpected)} failed otherwise,"
        f" {skipped} skipped"
    )
    return bool(passed) and not unexpected


if __name__ == "__main__":
    main()
