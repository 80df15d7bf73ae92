"""Start an emulator from Python, in a process of its own, and control it.

Nothing heavy is imported here: the engine runs in the emulator's process.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, TypedDict
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

_START_TIMEOUT: Final = 30.0
_STOP_TIMEOUT: Final = 15.0


class ClientArguments(TypedDict):
    """The arguments of a client."""

    host: str
    api_key: str
    clickhouse_port: int


class RunningEmulator:
    """A running emulator: its URL and token, and its control API as methods.

    What the control API refuses is a ValueError with the reason.
    """

    def __init__(
        self, process: subprocess.Popen[str], url: str, token: str, clickhouse_port: int
    ) -> None:
        self.process = process
        self.url = url
        self.token = token
        # Of ClickHouse's HTTP interface: user "bytehouse", the token as the password.
        self.clickhouse_port = clickhouse_port
        # No proxy of the environment for the loopback interface.
        self._opener = build_opener(ProxyHandler({}))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(url={self.url!r})"

    @property
    def client_arguments(self) -> ClientArguments:
        """The arguments of a client for this emulator."""
        return {
            "host": self.url,
            "api_key": self.token,
            "clickhouse_port": self.clickhouse_port,
        }

    def reset(self) -> None:
        """Restore the state at the start, seed file included."""
        self._call("POST", "/_emulator/reset")

    def fault(
        self,
        operation: str = "*",
        *,
        count: int = 1,
        status: int = 0,
        body: str = "",
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
        truncate: bool = False,
        effect: bool = False,
        drop: Literal["", "before", "after"] = "",
        latency: float = 0.0,
        probability: float = 1.0,
        seed: int = 7,
        distort: Literal["", "malformed", "repeated_cursor", "unknown_enum", "extra_fields"] = "",
    ) -> None:
        """Inject a fault into the next `count` calls of an operation, or of any with `*`.

        With a `status`, that and the body are the response, and the call has no effect unless
        `effect` is set; with `truncate` the call takes effect and its response ends half-way; with
        `drop` the connection is dropped before or after the call takes effect. `latency` seconds
        pass first. With a `probability` below 1 some calls do not meet the fault, the same ones
        with the same `seed`. With `distort` the response is broken JSON, or has something in it
        that a client may not expect.
        """
        fault = {
            "operation": operation,
            "count": count,
            "status": status,
            "body": body,
            "content_type": content_type,
            "headers": headers or {},
            "truncate": truncate,
            "effect": effect,
            "drop": drop,
            "latency": latency,
            "probability": probability,
            "seed": seed,
            "distort": distort,
        }
        self._call("POST", "/_emulator/faults", fault)

    def journal(self, operation: str = "") -> list[dict[str, Any]]:
        """Return the calls so far, or those of one operation, and the outcome of each."""
        path = f"/_emulator/journal?operation={operation}"
        entries: list[dict[str, Any]] = self._call("GET", path)["entries"]
        return entries

    def clear_journal(self) -> None:
        """Delete all entries of the journal."""
        self._call("DELETE", "/_emulator/journal")

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._call("DELETE", "/_emulator/faults")

    def produce(
        self,
        topic: str,
        *,
        messages: int = 0,
        rows: Sequence[dict[str, Any]] = (),
        partition: int = 0,
        speed: float | None = None,
    ) -> None:
        """Add messages to a Kafka topic, which is created if there is none.

        Rows are inserted into the tables of the jobs that read them; a number of messages only
        moves offsets and lag. `speed` is how many messages per second are read from each partition
        from now on; it is 1000 at first.
        """
        body: dict[str, Any] = {"topic": topic, "partition": partition, "messages": messages}
        body |= {"rows": list(rows), "speed": speed}
        self._call("POST", "/_emulator/kafka", body)

    def advance_clock(self, seconds: float) -> None:
        """Put the emulator's clock forward; it does not go back."""
        self._call("POST", "/_emulator/clock", {"advance_seconds": seconds})

    def transitions(self, mode: Literal["immediate", "manual", "polls"], *, polls: int = 1) -> None:
        """Let state changes complete immediately, on a `step`, or after some polls."""
        self._call("PUT", "/_emulator/transitions", {"mode": mode, "polls": polls})

    def step(self, kind: str = "", key: str = "") -> int:
        """Complete pending transitions, or those of a kind or key; return how many there were."""
        stepped = self._call("POST", "/_emulator/transitions/step", {"kind": kind, "key": key})
        return int(stepped["stepped"])

    def add_role(self, name: str) -> None:
        """Add a role without permissions, and assign it to the first user."""
        self._call("POST", "/_emulator/roles", {"name": name})

    def add_user(self, user_id: int, roles: Sequence[str] = ()) -> str:
        """Add a user with some roles; return an API key."""
        added = self._call("POST", "/_emulator/users", {"id": user_id, "roles": list(roles)})
        return str(added["api_key"])

    def snapshot(self, name: str) -> None:
        """Save the state under a name, once running queries and imports have ended."""
        self._call("PUT", f"/_emulator/snapshots/{name}")

    def restore(self, name: str) -> None:
        """Restore the state of a snapshot."""
        self._call("POST", f"/_emulator/snapshots/{name}/restore")

    def seed(self, document: str | dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Create the objects of a YAML document or a mapping; see docs/emulator.md.

        Returns the API keys of users by their ids as `users`, and the ids of `connections` and
        `jobs` by their names.
        """
        text = document if isinstance(document, str) else json.dumps(document)
        return self._call("POST", "/_emulator/seed", text.encode())

    def result_shape(self, shape: Literal["columns", "objects", "meta", "id"]) -> None:
        """Return the rows of queries in another shape from now on."""
        self._call("PUT", "/_emulator/result-shape", {"shape": shape})

    def statuses(self, statuses: Literal["documented", "conventional"]) -> None:
        """Return errors with these statuses from now on: those that the vendor documents, the
        default, or 401 and 409 as well."""
        self._call("PUT", "/_emulator/statuses", {"statuses": statuses})

    def stop(self) -> int:
        """Stop it and return its exit status."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            return self.process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def _call(
        self, method: str, path: str, body: dict[str, Any] | bytes | None = None
    ) -> dict[str, Any]:
        request = Request(  # noqa: S310 - its scheme is http
            self.url + path,
            method=method,
            data=json.dumps(body).encode() if isinstance(body, dict) else body,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=30) as response:
                result: dict[str, Any] = json.load(response)
        except HTTPError as error:
            raise ValueError(json.load(error)["message"]) from None
        return result


@contextmanager
def running_emulator(
    *,
    data: Path | str | None = None,
    token: str | None = None,
    port: int = 0,
    roles: Sequence[str] = (),
    validate_answers: bool = False,
    options: Sequence[str] = (),
) -> Iterator[RunningEmulator]:
    """Start an emulator on a free port, and stop it at the end of the `with` block.

    It also stops if this process dies. `options` are further ones of the `bytehouse-emulator`
    command. Raises `RuntimeError` if it does not start.
    """
    token = token or secrets.token_urlsafe(24)
    command = [sys.executable, "-m", "bytehouse_emulator", "--exit-with-stdin", f"--port={port}"]
    command += [f"--role={role}" for role in roles]
    command += [f"--data={data}"] if data is not None else []
    command += ["--validate-answers"] if validate_answers else []
    process = subprocess.Popen(  # noqa: S603 - this program, run again
        [*command, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Not an argument, for other users can list those.
        env={**os.environ, "BYTEHOUSE_EMULATOR_TOKEN": token, "PYTHONPATH": _path()},
    )
    url, clickhouse_port = _wait_until_ready(process)
    emulator = RunningEmulator(process, url, token, clickhouse_port)
    try:
        yield emulator
    finally:
        emulator.stop()
        if process.stdout:
            process.stdout.close()


def _wait_until_ready(process: subprocess.Popen[str]) -> tuple[str, int]:
    timer = threading.Timer(_START_TIMEOUT, process.kill)
    timer.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        timer.cancel()
    words = line.split()
    if words[:3] != ["bytehouse-emulator", "listening", "on"]:
        process.kill()
        status = process.wait()
        raise RuntimeError(
            f"The emulator did not start (exit status {status}); its output is above. Is the"
            " extra installed: pip install 'bytehouse-sdk[emulator]'?"
        )
    return words[3], int(words[5])


def _path() -> str:
    """Return a PYTHONPATH with which the new process imports this same package."""
    here = str(Path(__file__).parents[1])
    return os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
