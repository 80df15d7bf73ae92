"""Run properties of the tests guided by the code that they reach: `make fuzz-coverage`.

Each target has a process of its own. There pytest makes the fixtures of the test, libFuzzer (by
atheris) the bytes, from those in `.fuzz/` that reached something new, and Hypothesis of these the
arguments. What makes a test fail goes into the database of Hypothesis, from which `make fuzz` takes
it, shrinks and prints it; as an `@example` it is tried in each run of the tests.
"""
# ruff: noqa: T201 - its output is for a terminal

from __future__ import annotations

import functools
import inspect
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".fuzz"
INSTRUMENTED = ["bytehouse", "bytehouse_raw", "bytehouse_openapi", "bytehouse_emulator"]
TARGETS = {
    "json": "tests/core/test_json.py::test_any_bytes_mean_the_same_or_are_refused",
    "result": "tests/results/test_parser.py::test_any_bytes_mean_the_same_in_any_chunks",
    "rows": "tests/results/test_parser.py::test_any_rows_in_any_chunks",
    "response": "tests/call/test_fuzz.py::test_any_response_gives_a_result_or_one_of_our_errors",
    "http": "tests/call/test_fuzz.py::test_any_bytes_give_a_result_or_one_of_our_errors",
    "models": "tests/codegen/test_raw.py::test_decoding_never_raises",
    "paging": "tests/api/test_pagination.py::test_any_iteration_by_offset_yields_a_beginning",
    "routes": "tests/openapi/test_fuzz.py::test_any_route_is_parsed_or_refused",
    "document": "tests/openapi/test_fuzz.py::test_any_document_is_read_or_refused",
    "page": "tests/openapi/test_fuzz.py::test_any_page_can_be_searched",
    "type": "tests/types/test_widening.py::test_any_string_can_be_parsed_as_a_type",
    "literal": "tests/sql/test_parameters.py::test_any_string_round_trips",
    "parameter": "tests/sql/test_parameters.py::test_no_value_changes_what_a_statement_does",
    "lexer": "tests/emulator/sql/test_lexer.py::test_any_string_can_be_split",
    "statement": "tests/emulator/sql/test_dialect.py::test_any_statement_is_translated_or_refused",
}


def driven(item: pytest.Function) -> Callable[[bytes], object]:
    """Return what calls a test with its fixtures, and with arguments that are made of bytes."""
    handle = item.obj.hypothesis
    test = handle.inner_test
    fixtures = {name: item.funcargs[name] for name in inspect.signature(item.obj).parameters}

    @functools.wraps(test)  # by its name and source, Hypothesis finds again what made it fail
    def bound(**arguments: object) -> None:
        test(**fixtures, **arguments)

    handle.inner_test = bound
    item.obj.__signature__ = inspect.Signature()  # nothing else is missing
    return handle.fuzz_one_input  # type: ignore[no-any-return]


def run(target: str, arguments: list[str]) -> int:
    """Run a target in this process, which ends when libFuzzer does."""
    atheris = import_module("atheris")

    def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
        atheris.Setup(["fuzz", *arguments], driven(pyfuncitem))
        atheris.Fuzz()

    options = ["-s", "--hypothesis-profile=fuzz", "--timeout=0", "-o", "faulthandler_timeout=0"]
    options += ["--assert=plain"]  # pytest's import hook would come before that of atheris
    plugin = SimpleNamespace(pytest_pyfunc_call=pytest_pyfunc_call)
    with atheris.instrument_imports(include=INSTRUMENTED):
        return pytest.main([*options, TARGETS[target]], plugins=[plugin])


def fuzz(target: str, seconds: int) -> bool:
    """Run a target in another process, print what came of it, and return whether it held."""
    corpus, log = KEPT / target, KEPT / f"{target}.log"
    corpus.mkdir(parents=True, exist_ok=True)
    for size in (64, 512, 2048):  # of few bytes, few arguments can be made
        (corpus / f"random-{size}").write_bytes(Random(size).randbytes(size))  # noqa: S311
    command = [sys.executable, "-m", __spec__.name, "--run", target, f"-max_total_time={seconds}"]
    command += ["-print_final_stats=1", "-timeout=60", "-len_control=0"]
    command += [f"-artifact_prefix={KEPT / target}-", str(corpus)]
    with log.open("wb") as out:
        ended = subprocess.run(command, stdout=out, stderr=out, check=False, cwd=ROOT)
    text = log.read_text("utf-8", "replace")
    executed, reached = (
        (re.findall(pattern, text) or ["0"])[-1]
        for pattern in (r"stat::number_of_executed_units: +(\d+)", r" cov: (\d+)")
    )
    held = ended.returncode == 0 and "Done " in text
    found = "none" if held else f"see {log.relative_to(ROOT)}"
    print(f"{target:<10} {executed:>10} {reached:>9}  {found}", flush=True)
    if "Uncaught Python exception" in text:
        print(f'  to shrink it: make fuzz ARGS="{TARGETS[target]}"; to keep it: as an @example')
    return held


def main() -> int:
    """Run the targets that are named, or all, one after another."""
    parser = ArgumentParser(prog="make fuzz-coverage", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="time for each target")
    parser.add_argument(
        "targets", nargs="*", metavar="target", help=f"of {', '.join(TARGETS)}; without: all"
    )
    asked = parser.parse_args()
    if find_spec("atheris") is None:
        sys.exit("atheris has no wheels for this Python and system: `make fuzz` needs none.")
    print(f"{'target':<10} {'executions':>10} {'coverage':>9}  findings")
    held = [fuzz(target, asked.seconds) for target in asked.targets or TARGETS]
    return not all(held)


if __name__ == "__main__":
    sys.exit(run(sys.argv[2], sys.argv[3:]) if sys.argv[1:2] == ["--run"] else main())
