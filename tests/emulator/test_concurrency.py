"""The emulator under any call, under many callers, and killed while it is written to.

`make fuzz-emulator` runs the same at length.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Final

import httpx
import pytest

from bytehouse_emulator import RunningEmulator, running_emulator
from tests.emulator.api import Api
from tests.emulator.mixing import Mixer
from tests.support.operations import DOCUMENTED, MODELLED

FULL: Final = bool(os.environ.get("BYTEHOUSE_EMULATOR_FULL"))
EXAMPLES: Final = 30 if FULL else 3
CALLS: Final = 10_000 if FULL else 800
WRITERS: Final = 8
SECONDS: Final = 10.0 if FULL else 2.0


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    """Run an emulator that validates its responses against the specification."""
    with running_emulator(validate_answers=True, roles=["Mixed"]) as running:
        yield running


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_response_conforms_to_the_specification(
    emulator: RunningEmulator, root: Path
) -> None:
    """No call returns a 500 or what the specification lacks, or succeeds without a key."""
    # What it imports takes seconds, also where this test is not selected.
    from tests.emulator.fuzzing import Fuzzer

    fuzzer = Fuzzer(emulator, root / "openapi.yaml")
    fuzzer.run(EXAMPLES)
    assert len(fuzzer.operations) == len(MODELLED) >= len(DOCUMENTED)
    # A fifth at least passes the validation.
    assert fuzzer.statuses[200] * 5 > fuzzer.statuses.total() > len(MODELLED) * EXAMPLES * 2
    print(f"{fuzzer.statuses.total()} cases: {dict(fuzzer.statuses)}")  # noqa: T201


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sixteen_concurrent_callers_get_their_own_responses(emulator: RunningEmulator) -> None:
    """No unexpected error, nothing of another caller, and no growing memory, through both doors,
    while queries are killed and responses are late."""
    emulator.fault(latency=0.02, count=1_000_000, probability=0.05, seed=1)
    numbers, sizes, calls = count(), [], 0
    for _ in range(4):
        mixers = [Mixer(emulator, next(numbers)) for _ in range(16)]
        with ThreadPoolExecutor(16) as pool:
            for done in [pool.submit(mixer.run, CALLS // 64) for mixer in mixers]:
                done.result()
        calls += sum(mixer.calls for mixer in mixers)
        sizes.append(_memory(emulator))
    assert calls >= CALLS - 64
    print(f"{calls} calls, memory in MiB after each quarter: {sizes}")  # noqa: T201
    # The first quarters fill caches and pools; what the engine holds goes up and down by 100.
    assert sizes[3] < sizes[1] + 200


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """Killed while callers write, an emulator has all that it acknowledged after a restart."""
    with running_emulator(data=tmp_path, roles=["Mixed"]) as emulator:
        writers = [Writer(emulator, number) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(SECONDS)
        while any(writer.round < 2 and writer.is_alive() for writer in writers):
            time.sleep(0.05)
        emulator.process.kill()
        emulator.process.wait()
        for writer in writers:
            writer.join()
    with running_emulator(data=tmp_path, roles=["Mixed"], validate_answers=True) as emulator:
        for writer in writers:
            assert writer.round > 1
            writer.check(emulator)


class Writer(threading.Thread):
    """Creates objects until the emulator is killed, and can check whether they exist."""

    def __init__(self, emulator: RunningEmulator, number: int) -> None:
        super().__init__(name=f"writer-{number}")
        self._emulator = emulator
        self._own = f"w{number}"
        self.round = 0
        self._made: list[tuple[str, dict[str, object]]] = []
        self._queries: list[str] = []
        self._rows = 0

    def run(self) -> None:
        api = Api(self._emulator.url, self._emulator.token)
        try:
            with api.client:
                api.ok("create_database", {"name": self._own})
                table = f"CREATE TABLE {self._own}.t (k Int64) ENGINE = CnchMergeTree ORDER BY k"
                api.rows(table)
                self._made.append(("get_table", {"db_name": self._own, "table_name": "t"}))
                while True:
                    self._write(api, f"{self._own}_{self.round}")
                    self.round += 1
        except httpx.TransportError:
            return

    def _write(self, api: Api, name: str) -> None:
        api.rows(f"INSERT INTO {self._own}.t VALUES ({self.round})")
        self._rows += 1
        api.ok("create_database", {"name": name})
        self._made.append(("get_database", {"db_name": name}))
        api.ok("create_warehouse", {"name": name, "configID": 123451})
        self._made.append(("get_warehouse", {"name": name}))
        body = {"name": name, "type": "S3", "data": {}}
        made = api.ok("create_connection", body)["data"]["id"]
        self._made.append(("get_connection", {"id": made}))
        api.rows("SELECT 1", queryID=name)
        self._queries.append(name)

    def check(self, emulator: RunningEmulator) -> None:
        """Check everything that was acknowledged."""
        api = Api(emulator.url, emulator.token)
        with api.client:
            for operation, path in self._made:
                api.ok(operation, **path)
            for query in self._queries:
                assert api.status(query) == "Finished"
            # One more may have been written without its response arriving.
            [[rows]] = api.rows(f"SELECT count() FROM {self._own}.t")
            assert int(rows) in {self._rows, self._rows + 1}


def _memory(emulator: RunningEmulator) -> int:
    pages = Path(f"/proc/{emulator.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") >> 20
