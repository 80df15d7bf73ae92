"""The processor time of the tests, per file and in all, printed at the end of a run.

Counted are a process with its threads and the processes that it started. With
pytest-xdist each worker counts its own, and the controller adds up. The limit holds on every
machine: the sum is converted to seconds of a processor of one speed, which is measured.
"""

import contextlib
import json
import os
import time
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

SECONDS = 400
REFERENCE = 0.005  # seconds that `_work` takes on the processor of which the limit speaks
TOLERANCE = 1.25  # a busy machine takes more for the same work, and Pythons differ
SHOWN = 2.0  # seconds: files that took less are counted together
OUTSIDE_TESTS = "(imports, collection, workers)"


class Budget:
    """Adds up processor time by test file; `seconds` is the limit of all, 0 being none."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.speed = speed()
        self.files: defaultdict[str, float] = defaultdict(float)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Count one test with its fixtures."""
        began = used()
        try:
            return (yield)
        finally:
            self.files[item.nodeid.partition("::")[0]] += used() - began

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Take over what a worker counted."""
        for file, seconds in getattr(node, "workeroutput", {}).get("processor_time", {}).items():
            self.files[file] += seconds

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand a worker's figures to the controller; there, and without workers, judge the run."""
        if hasattr(session.config, "workeroutput"):
            self.files[OUTSIDE_TESTS] = used() - self.total
            session.config.workeroutput["processor_time"] = dict(self.files)
            return
        distributed = OUTSIDE_TESTS in self.files
        own = sum(os.times()[:2]) if distributed else used() - self.total
        self.files[OUTSIDE_TESTS] += own
        if self.exceeded and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @property
    def total(self) -> float:
        """The processor time of all, in seconds."""
        return sum(self.files.values())

    @property
    def converted(self) -> float:
        """The same, in seconds of the processor of which the limit speaks."""
        return self.total * self.speed

    @property
    def exceeded(self) -> bool:
        """Whether the run fails: over the limit by a clear margin, where CI watches it."""
        return "CI" in os.environ and self.converted > self.seconds * TOLERANCE > 0

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the files that took most, and the sum."""
        converted = f"{self.converted:.0f} s at {1 / self.speed:.1f} times this machine's speed"
        limit = f", {converted}; at most {self.seconds:.0f} s of these" if self.seconds else ""
        terminalreporter.section(f"processor time: {self.total:.0f} s{limit}")
        shown = [
            (file, seconds)
            for file, seconds in sorted(self.files.items(), key=lambda one: -one[1])
            if seconds >= SHOWN
        ]
        for file, seconds in shown:
            terminalreporter.line(f"{seconds:7.1f} s  {file}")
        others = self.total - sum(seconds for _, seconds in shown)
        terminalreporter.line(f"{others:7.1f} s  {len(self.files) - len(shown)} other files")
        if self.exceeded:
            terminalreporter.line("Over the budget: make the costliest tests cheaper.", red=True)


def speed() -> float:
    """Return how fast this processor is, relative to the one of which the limit speaks."""
    took = []
    for _ in range(5):
        began = time.process_time()
        _work()
        took.append(time.process_time() - began)
    return REFERENCE / min(took)


def _work() -> None:
    """Do what most programs in Python do: make objects, write and read them."""
    rows = [{"name": f"orders_{number}", "keys": [number, number * 7]} for number in range(200)]
    for _ in range(20):
        json.loads(json.dumps(rows))


def used() -> float:
    """Return the processor time so far, in seconds, of this process and its children.

    Those that are still running, as an emulator that many tests share, are seen on Linux only.
    """
    ticks = 0
    for children in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread or a process that has ended meanwhile
            for child in children.read_text().split():
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15]))
    return sum(os.times()[:4]) + ticks / os.sysconf("SC_CLK_TCK")
