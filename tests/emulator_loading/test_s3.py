"""Files are loaded from a local S3 server, and from no other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator_loading.loader import Loader


@pytest.fixture(scope="session")
def s3() -> Iterator[tuple[str, Any]]:
    """Run an S3 server, and return its address and a way to write to it."""
    from moto.server import ThreadedMotoServer
    from pyarrow import fs

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    system = fs.S3FileSystem(
        access_key="a",
        secret_key="b",
        endpoint_override=f"{host}:{port}",
        scheme="http",
        region="us-east-1",
        allow_bucket_creation=True,
    )
    system.create_dir("bucket")
    yield f"http://{host}:{port}", system
    server.stop()


def _job(api: Loader, endpoint: str, names: str, **data: str) -> int:
    given = {"endpoint": endpoint, "accessKeyID": "a", "secretAccessKey": "b", "bucket": "bucket"}
    connection = api.connection("S3", given | data)
    source = {"type": "S3", "format": "CSV", "properties": {"fileNames": names}}
    return api.job(source, connectionID=connection, mode="APPEND")


def test_objects_are_loaded_from_a_local_server(api: Loader, s3: tuple[str, Any]) -> None:
    """Through the connection's address and credentials, by name and by pattern."""
    endpoint, system = s3
    table = api.table("id Int32")
    for number in range(3):
        with system.open_output_stream(f"bucket/sales/{number}.csv") as file:
            file.write(f"id\n{number}\nbad\n".encode())
    execution = api.run(_job(api, endpoint, "sales/[01].csv, sales/2.csv"))
    assert execution["status"] == "FINISHED", execution["message"]
    assert execution["statistics"]["filesLoaded"] == 3
    assert api.rows(f"SELECT id FROM {table} ORDER BY id") == [[0], [1], [2]]
    bad = [line for line in api.log(execution["id"]) if line["level"] == "ERROR"]
    assert [line["file"] for line in bad] == [f"sales/{number}.csv" for number in range(3)]


def test_what_is_not_there_fails_the_execution(api: Loader, s3: tuple[str, Any]) -> None:
    """An object, a bucket or a whole server."""
    api.table("id Int32")
    endpoint, _ = s3
    for job, says in [
        (_job(api, endpoint, "none.csv"), "none.csv"),
        (_job(api, endpoint, "a.csv", bucket="nobucket"), "nobucket"),
        (_job(api, "http://127.0.0.1:9", "a.csv"), "cannot be listed"),
    ]:
        execution = api.run(job)
        assert execution["status"] == "FAILED"
        assert says in execution["message"]


@pytest.mark.parametrize(
    "endpoint",
    ["", "https://s3.amazonaws.com", "http://169.254.169.254", "http://127.0.0.1.evil.example"],
)
def test_only_a_loopback_server_is_spoken_to(api: Loader, endpoint: str) -> None:
    """Nothing leaves the machine, whatever a connection says."""
    api.table("id Int32")
    job = _job(api, endpoint, "a.csv")
    assert api.fails("start_import_job", {}, id=job) == (501, "Emulator_NotModelled")
