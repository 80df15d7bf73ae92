"""The scripts of examples/howto do their jobs, and are short."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import runpy
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import httpx
import pytest

from bytehouse_emulator import RunningEmulator, running_emulator

LONGEST: Final = 35
OBJECT: Final = b"id,day,amount\n20,2026-11-07,5.00\n"
# A line that each prints.
PRINTED: Final = {
    "cancel": "Killed",
    "connect": "ACTIVE",
    "create_database": "created: True",
    "db_api": "1 inserted",
    "drop_partitions": "left: 1",
    "import_job": "2 read, 2 written",
    "insert_frame": "0 2026-10-31  10.50",
    "insert_rows": "inserted: 1",
    "kafka_lag": "lag by partition: {0: 0}",
    "keys": "1 key",
    "load_bucket": "1 rows written, 0 refused",
    "load_file": "1 rows written, 0 refused",
    "notebook": "3 rows in <table",
    "permissions": "as Analyst: 2",
    "plan_changes": "nothing left: True",
    "profiles": "AccountAdmin etl 1800.0",
    "query": "2 7.25",
    "query_background": "orders: 2",
    "query_cost": "2 rows read",
    "query_to_file": "orders.parquet True",
    "roles": "['Analyst']",
    "sessions": "2 orders",
    "tasks": "{'orders': 2}",
    "threads": "'north'",
    "usage": "days: 1",
    "warehouses": "etl down",
}


@pytest.fixture(scope="module")
def scripts(root: Path) -> Path:
    """Return the folder of the scripts."""
    return root / "examples/howto"


@pytest.fixture(scope="module")
def service(scripts: Path) -> Iterator[RunningEmulator]:
    """Run an emulator that has what the scripts expect."""
    options = [f"--seed={scripts / 'seed.yaml'}", f"--import-dir={scripts / 'uploads'}"]
    with running_emulator(options=options) as running:
        running.snapshot("seeded")
        yield running


class Bucket(BaseHTTPRequestHandler):
    """Serve one object as S3 does, as far as it takes to load it."""

    def do_GET(self) -> None:
        """List the bucket, or give the object."""
        body, kind = OBJECT, "text/csv"
        if "list-type" in self.path:
            kind = "application/xml"
            body = (
                b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Contents>'
                b"<Key>orders/1.csv</Key><Size>%d</Size><LastModified>2026-11-01T00:00:00.000Z"
                b"</LastModified></Contents></ListBucketResult>" % len(OBJECT)
            )
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        """Tell the size of the object."""
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Run a server with a bucket, and return its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_a_script_does_its_job(
    service: RunningEmulator,
    scripts: Path,
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    name: str,
) -> None:
    """Against a service that has what seed.yaml has, and nothing else to set up."""
    service.restore("seeded")
    monkeypatch.chdir(tmp_path)
    environment = {
        "BYTEHOUSE_HOST": service.url,
        "BYTEHOUSE_API_KEY": service.token,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_ENDPOINT_URL": bucket,
    }
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(str(scripts / f"{name}.py"), run_name="__main__")
    assert PRINTED[name] in printed.getvalue()


def test_the_web_application_serves_orders(
    service: RunningEmulator, scripts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client opens with it; a statement that fails is a 400."""
    service.restore("seeded")
    monkeypatch.setenv("BYTEHOUSE_HOST", service.url)
    monkeypatch.setenv("BYTEHOUSE_API_KEY", service.token)
    app = runpy.run_path(str(scripts / "web_app.py"))["app"]

    async def call() -> tuple[Any, int]:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://app") as client,
        ):
            found = (await client.get("/orders/north")).json()
            await app.state.bh.databases.delete("sales")
            return found, (await client.get("/orders/north")).status_code

    assert asyncio.run(call()) == ([{"id": 1, "amount": "10.50"}], 400)


def test_each_script_is_tested_short_and_listed(scripts: Path, documents: Path) -> None:
    """It uses public names alone, and the guide leads to it."""
    found = {path.stem: path.read_text("utf-8") for path in scripts.glob("*.py")}
    assert set(found) == {*PRINTED, "web_app"}
    guide = (documents / "guide.md").read_text("utf-8")
    for name, text in found.items():
        assert f"(../examples/howto/{name}.py)" in guide, name
        assert not re.search(r"bytehouse\._|from _", text), name
        code = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert len(code) <= LONGEST, name
