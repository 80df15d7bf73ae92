"""Run the tests that SECURITY.md and docs/reliability.md name, and show what each attack tried.

`make attacks` prints a table: attacks, flavours and HTTP libraries, how often each was tried, and
how often the client did not stand it. A test counts as often as it tries something: its cases, the
examples of hypothesis, the lines at which a call was interrupted.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import cases

__all__ = ["ROOT", "Attacks", "guards", "main", "where"]

ROOT = Path(__file__).parents[2]
COLUMNS = ("sync", "async", "aiohttp", "no client")


def guards() -> Iterator[tuple[str, list[str]]]:
    """Yield what the documents promise, a row of a table each, with the tests that hold it."""
    for page in ("SECURITY.md", "docs/reliability.md"):
        for line in (ROOT / page).read_text().splitlines():
            named = re.findall(r"`((?:test|observe)_\w+|tests/[\w/]+\.py)`", line)
            if line.startswith("| ") and named:
                yield line.split("|")[1].strip(), named


def where(named: str) -> list[Path]:
    """Return the files that hold a test, or the one that is named."""
    if named.endswith(".py"):
        return [ROOT / named]
    return [path for path in (ROOT / "tests").rglob("*.py") if f"def {named}(" in path.read_text()]


class Attacks:
    """Select the tests that hold a promise, and count what they try."""

    def __init__(self) -> None:
        self.tried: Counter[tuple[str, str]] = Counter()
        self.failed: Counter[tuple[str, str]] = Counter()
        self._named = dict(guards())

    def _rows_of(self, item: pytest.Item) -> list[str]:
        name, file = item.name.partition("[")[0], str(item.path.relative_to(ROOT))
        return [row for row, named in self._named.items() if name in named or file in named]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what holds none."""
        items[:] = [item for item in items if self._rows_of(item)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Count what one test tries."""
        before = cases.TRIED.total()
        result = yield
        examples = re.findall(r"(\d+) passing", str(getattr(item, "hypothesis_statistics", "")))
        parameters = getattr(item, "callspec", None)
        values = parameters.params.values() if parameters else ()
        column = next((name for name in COLUMNS if name in values), None)
        if column is None:
            column = "no client" if "httpx" not in values else "async"
        count = max(1, cases.TRIED.total() - before + sum(map(int, examples)))
        for row in self._rows_of(item):
            self.tried[row, column] += count
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a failure."""
        if report.failed:
            name, file = report.nodeid.partition("[")[0].rpartition("::")[2], report.location[0]
            for row, named in self._named.items():
                if name in named or file in named:
                    self.failed[row, "failed"] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        write = terminalreporter.write_line
        write(f"{'attack':70} " + " ".join(f"{name:>9}" for name in (*COLUMNS, "failed")))
        for row in self._named:
            counts = [self.tried[row, column] for column in COLUMNS]
            shown = [f"{count or '-':>9}" for count in counts]
            write(f"{row[:70]:70} " + " ".join([*shown, f"{self.failed[row, 'failed']:>9}"]))
        total = [sum(self.tried[row, column] for row in self._named) for column in COLUMNS]
        failed = self.failed.total()
        write(f"{'all':70} " + " ".join(f"{count:>9}" for count in (*total, failed)))


def main(arguments: list[str]) -> int:
    """Run them."""
    files = {str(file) for _, named in guards() for name in named for file in where(name)}
    tests = sorted(file for file in files if Path(file).name.startswith("test_"))
    return int(pytest.main(["-q", *tests, *arguments], plugins=[Attacks()]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
