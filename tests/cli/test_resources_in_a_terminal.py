"""The commands of the resources in a terminal: questions, secrets, and Ctrl-C while they wait."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from bytehouse import ByteHouse, KafkaConnection, S3Connection
from bytehouse_emulator import RunningEmulator
from tests.cli.test_terminal import PROMPT, in_terminal
from tests.emulator.loading.test_s3 import s3

__all__ = ["s3"]

HUSH = "Typed-hush-91b3"


@pytest.fixture(scope="module")
def emulator(bytehouse_emulator: RunningEmulator) -> RunningEmulator:
    """Return an emulator with a database and a topic."""
    bytehouse_emulator.reset()
    bytehouse_emulator.seed(
        {
            "databases": [{"name": "sales"}],
            "kafka": [{"topic": "clicks", "messages": 5000, "speed": 1.0}],
        }
    )
    with ByteHouse(**bytehouse_emulator.client_arguments) as bh:
        bh.tables.create("sales", "clicks", {"id": "UInt64"}, order_by="id")
    return bytehouse_emulator


@pytest.fixture(scope="module")
def job(emulator: RunningEmulator) -> int:
    """Return the id of a job that runs until it is stopped."""
    with ByteHouse(**emulator.client_arguments) as bh:
        connection = bh.connections.create("broker", KafkaConnection(brokers="h:1"))
        source = {"type": "KAFKA", "format": "JSON", "properties": {"topic": "clicks"}}
        target = {"database": "sales", "table": "clicks", "loadMode": "APPEND"}
        created = bh.import_jobs.create(
            "clicks",
            configuration={"source": source, "target": target},
            source_schema={},
            connection_id=connection.id,
        )
    assert created.id is not None
    return created.id


@pytest.fixture
def environment(emulator: RunningEmulator, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a user of the emulator."""
    return {
        "BYTEHOUSE_HOST": emulator.url,
        "BYTEHOUSE_API_KEY": emulator.token,
        "HOME": str(tmp_path),
    }


def test_what_is_deleted_is_asked_about(
    emulator: RunningEmulator, environment: dict[str, str]
) -> None:
    """The question says what is to be done; only yes does it."""
    with ByteHouse(**emulator.client_arguments) as bh:
        bh.databases.create("old")
        for answer, code, left in (("n", 1, True), ("y", 0, False)):
            with in_terminal(environment, "databases", "drop", "old") as terminal:
                terminal.wait_for("Drop a database with everything in it: old? [y/N]:")
                terminal.enter(f"{answer}\r")
                assert terminal.wait() == code
                assert ("Nothing was changed." in terminal.shown) == left
            assert ("old" in [found.name for found in bh.databases.list()]) == left


def test_ctrl_c_at_a_question_does_nothing(
    emulator: RunningEmulator, environment: dict[str, str]
) -> None:
    """It ends the command, on a line of its own."""
    for words, question in (
        (["databases", "drop", "sales"], "[y/N]:"),
        (["connections", "create", "k", "--type", "kafka", "--secret", "password"], "password:"),
        (["init"], "API key (not shown):"),
    ):
        with in_terminal(environment, *words) as terminal:
            if words == ["init"]:
                terminal.wait_for("shows it")
                terminal.enter("\r")
            terminal.wait_for(question)
            # The question is written before its answer is waited for.
            terminal.enter("x")
            terminal.press_ctrl_c()
            assert terminal.wait() == 130
            assert terminal.shown.splitlines()[-1] == "Interrupted."
    with ByteHouse(**emulator.client_arguments) as bh:
        assert "sales" in [found.name for found in bh.databases.list()]


def test_what_names_an_object_is_whole_in_a_narrow_terminal(
    emulator: RunningEmulator, environment: dict[str, str], job: int
) -> None:
    """An id is there to be copied, so other columns are cut before it."""
    assert job
    with ByteHouse(**emulator.client_arguments) as bh:
        (connection,) = bh.connections.list()
    with in_terminal({**environment, "COLUMNS": "60"}, "connections", "list") as terminal:
        assert terminal.wait() == 0
    lines = terminal.shown.splitlines()
    assert any(str(connection.id) in line and "…" in line for line in lines), lines
    assert max(map(len, lines)) <= 60


def test_a_secret_that_is_typed_is_not_shown(
    emulator: RunningEmulator, environment: dict[str, str]
) -> None:
    """It reaches the service, and nothing else."""
    arguments = ["--type", "MYSQL", "--set", "host=h", "--secret", "password"]
    with in_terminal(environment, "connections", "create", "shop", *arguments) as terminal:
        terminal.wait_for("password:")
        terminal.enter(f"{HUSH}\r")
        assert terminal.wait() == 0
        assert HUSH not in terminal.shown
        assert "shop" in terminal.shown
    with ByteHouse(**emulator.client_arguments) as bh:
        (stored,) = [one for one in bh.connections.list() if one.name == "shop"]
        assert "password" in str(stored.to_dict())


def test_ctrl_c_stops_the_job_that_it_started(
    emulator: RunningEmulator, environment: dict[str, str], job: int
) -> None:
    """`jobs start --watch` leaves nothing running on the service."""
    with (
        ByteHouse(**emulator.client_arguments) as bh,
        in_terminal(environment, "jobs", "start", str(job), "--watch") as terminal,
    ):
        terminal.wait_for("RUNNING")
        terminal.press_ctrl_c()
        began = time.monotonic()
        assert terminal.wait() == 130
        assert time.monotonic() - began < PROMPT
        assert "Interrupted." in terminal.shown
        assert "Traceback" not in terminal.shown
        (run,) = bh.import_jobs.executions(job)
        assert run.status in {"STOPPED", "CANCELLED"}, run


def test_ctrl_c_leaves_what_others_started(
    emulator: RunningEmulator, environment: dict[str, str], job: int
) -> None:
    """`executions watch` and `executions lag --watch` end alone."""
    with ByteHouse(**emulator.client_arguments) as bh:
        run = bh.import_jobs.start(job)
        waits = {"watch": "RUNNING", "lag": "partition"}
        for name, shown in waits.items():
            more = ["--watch", "--interval", "0.1"] if name == "lag" else []
            with in_terminal(environment, "executions", name, run.id, *more) as terminal:
                terminal.wait_for(shown)
                if name == "lag":
                    terminal.wait_for(shown)  # it is shown again
                time.sleep(0.2)
                terminal.press_ctrl_c()
                assert terminal.wait() == 130
                assert "Traceback" not in terminal.shown
            assert run.status().status == "RUNNING"
        run.cancel()


def test_files_of_a_url_are_loaded_with_progress(
    emulator: RunningEmulator, environment: dict[str, str], s3: tuple[str, Any], tmp_path: Path
) -> None:
    """Where it runs and each status are said, then the counts; refused rows are in the file."""
    endpoint, store = s3
    with store.open_output_stream("bucket/shell/a.csv") as stream:
        stream.write(b"id\n1\n2\nthree\n")
    refused = tmp_path / "refused.ndjson"
    with ByteHouse(**emulator.client_arguments) as bh:
        connection = S3Connection(
            bucket="bucket",
            region="r",
            endpoint=endpoint,
            access_key_id="a",
            secret_access_key="b",
        )
        stored = bh.connections.create("s3", connection)
        words = ["s3://bucket/shell/*.csv", "sales.clicks", "--connection", str(stored.id)]
        with in_terminal(environment, "load", *words, "--refused", str(refused)) as terminal:
            assert terminal.wait() == 16, terminal.shown
            shown = terminal.shown
        assert "Loading s3://bucket/shell/*.csv, on the service." in shown
        assert "SUCCEEDED" in shown or "FINISHED" in shown
        assert "Warning: " in shown
        assert ".py" not in shown
        assert "Row 3 of shell/a.csv failed" in refused.read_text()
        assert not [job for job in bh.import_jobs.list() if str(job.name).startswith("load-")]
