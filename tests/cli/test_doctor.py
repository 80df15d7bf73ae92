"""`bytehouse doctor`: it finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from bytehouse._diagnostics.doctor import examine
from bytehouse_emulator import RunningEmulator
from bytehouse_raw.operations import OPERATIONS
from tests.cli.conftest import Bytehouse
from tests.support.flavours import KEY
from tests.support.operations import MODELLED
from tests.support.server import CLOSED, SILENT, Reply, ScriptedServer, Seen, closed_port, data

GUESSED = any(operation.evidence == "inferred" for operation in OPERATIONS.values())
ASKED = {
    "get_account_status",
    "list_api_keys",
    "list_assignments",
    "list_connections",
    "list_databases",
    "list_dialects",
    "list_executions",
    "list_import_jobs",
    "list_roles",
    "list_warehouse_configurations",
    "list_warehouses",
}


STATEMENT = Reply(body={"data": [[1]], "meta": [{"name": "1", "type": "UInt8"}]})


def sound(seen: Seen) -> Reply:
    """Answer as a sound service does."""
    return STATEMENT if seen.operation == "submit_sync_query" else data([])


@pytest.fixture
def configured(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """Let the server be the service."""
    monkeypatch.setenv("BYTEHOUSE_HOST", server.url)
    monkeypatch.setenv("BYTEHOUSE_API_KEY", KEY)
    server.handler = sound
    return server


def found(bytehouse: Bytehouse, *arguments: str) -> dict[str, dict[str, Any]]:
    """Return the checks by their names."""
    report = json.loads(bytehouse("doctor", "--format", "json", *arguments).out)
    return {check["name"]: check for check in report["checks"]}


def states(bytehouse: Bytehouse, *arguments: str) -> dict[str, str]:
    """Return how each check ended."""
    return {name: check["status"] for name, check in found(bytehouse, *arguments).items()}


def test_a_sound_service_is_found_sound(
    bytehouse: Bytehouse, bytehouse_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every check has an outcome and its time; only what is inferred is warned about."""
    monkeypatch.setenv("BYTEHOUSE_HOST", bytehouse_emulator.url)
    monkeypatch.setenv("BYTEHOUSE_API_KEY", bytehouse_emulator.token)
    checks = found(bytehouse)
    expected = {
        "configuration": "ok",
        "routes": "warning" if GUESSED else "ok",
        "name resolution": "ok",
        "connection": "ok",
        "TLS": "skipped",
        "authentication": "ok",
        "role": "ok",
        "statement": "ok",
        **dict.fromkeys(ASKED, "ok"),
    }
    known = {
        name: check for name, check in checks.items() if name not in OPERATIONS or name in ASKED
    }
    assert {name: check["status"] for name, check in known.items()} == expected
    assert not (checks.keys() - known.keys()) & MODELLED
    assert all(checks[name]["seconds"] > 0 for name in ASKED)
    settings = {one["name"]: one for one in checks["configuration"]["facts"]["settings"]}
    assert settings["host"]["source"] == "environment BYTEHOUSE_HOST"
    assert settings["api_key"]["value"] == "***"

    done = bytehouse("doctor", "--format", "table")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()[:19]] == list(expected.values())
    assert ("bytehouse routes pull SOURCE" in done.out) is GUESSED


def test_only_what_reads_is_called_and_each_of_it_once(
    bytehouse: Bytehouse, configured: ScriptedServer
) -> None:
    """Every operation that reads and needs nothing named, and a SELECT; lists of one entry."""
    assert bytehouse("doctor", "--format", "table").code == 0
    asked = configured.operations
    asked.remove("submit_sync_query")
    assert len(asked) == len(set(asked))
    assert set(asked) & MODELLED == ASKED
    assert {OPERATIONS[one].retry for one in asked} == {"read"}
    paged = {target for seen in configured.seen if "?" in (target := seen.target)}
    assert len(paged) >= 6
    assert all(target.endswith("?limit=1") for target in paged)


def test_a_wrong_route_is_found_with_the_remedy(
    bytehouse: Bytehouse, configured: ScriptedServer
) -> None:
    """A 404 of an inferred route is a failure, and the advice to pull the routes is given once."""

    def answer(seen: Seen) -> Reply:
        wrong = OPERATIONS[seen.operation].tag == "Virtual Warehouse"
        return Reply(404, "404 page not found") if wrong else sound(seen)

    configured.handler = answer
    ended = states(bytehouse)
    failed = {name for name, status in ended.items() if status == "failed"}
    assert failed == {"list_warehouses", "list_warehouse_configurations"}
    done = bytehouse("doctor", "--format", "table")
    assert done.code == 9
    assert done.out.count("routes={...}") == 1


def test_where_nothing_responds_on_its_route_nothing_is_claimed() -> None:
    """Key and role are neither good nor bad as long as no route is right."""
    with ScriptedServer() as server:
        server.script(Reply(404))
        environment = {"host": server.url, "api_key": KEY}
        checks = {check.name: check.status for check in examine(environment)}
    assert checks["authentication"] == checks["role"] == "warning"
    assert {checks[name] for name in ASKED} == {"failed"}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, {"message": "bad key"}),
        Reply(403, {"message": "the API key has expired"}),
        Reply(403, {"message": "no", "error": {"code": "errbook_Auth_InvalidToken"}}),
    ],
    ids=str,
)
def test_a_bad_key_is_tried_once(
    bytehouse: Bytehouse, configured: ScriptedServer, reply: Reply
) -> None:
    """The service is not asked again with a key that it has refused."""
    configured.handler = lambda _: reply
    done = bytehouse("doctor", "--format", "table")
    assert done.code == 7
    assert len(configured.seen) == 1
    assert "api_key" in done.out
    assert states(bytehouse)["operations"] == "skipped"


@pytest.mark.parametrize("message", ["no", "Authentication Failed", "no permission for this"])
def test_a_403_is_no_proof_of_a_key(
    bytehouse: Bytehouse, configured: ScriptedServer, message: str
) -> None:
    """Where every call is refused, the key is not called accepted, and the hint names it."""
    configured.handler = lambda _: Reply(403, {"message": message})
    checks = found(bytehouse)
    assert checks["authentication"]["status"] == "failed"
    assert "not known" in checks["authentication"]["detail"]
    assert checks["role"]["status"] == "warning"
    assert bytehouse("doctor", "--format", "table").code == 8
    assert "accepted, as" not in bytehouse("doctor", "--format", "table").out


@pytest.mark.parametrize(
    "case",
    [
        ({"WAREHOUSE": "etl"}, Reply(404, {"message": "it is not asked"}), "warehouse etl"),
        ({"WAREHOUSE": "vw-1"}, Reply(422, {"message": "it is suspended"}), "it is suspended"),
        ({"MODE": "ansi_sql"}, Reply(400, {"message": "not for you"}), "ansi_sql"),
        ({}, Reply(403, {"message": "no permission"}), "default warehouse"),
    ],
)
def test_a_statement_shows_a_wrong_warehouse_or_mode(
    bytehouse: Bytehouse,
    configured: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[dict[str, str], Reply, str],
) -> None:
    """One statement runs where the client's run; its failure says on what, in what, and why."""
    settings, reply, words = case
    for name, value in settings.items():
        monkeypatch.setenv(f"BYTEHOUSE_{name}", value)
    configured.handler = lambda seen: reply if seen.operation == "submit_sync_query" else data([])
    check = found(bytehouse)["statement"]
    assert check["status"] == "failed"
    assert words in check["detail"]
    assert check["hint"]
    assert bytehouse("doctor", "--format", "table").code != 0


def test_a_service_that_never_responds_is_asked_once(
    bytehouse: Bytehouse, configured: ScriptedServer
) -> None:
    """The first call without a response is the last: the run ends in the time of one."""
    configured.handler = lambda _: SILENT
    began = time.monotonic()
    ended = states(bytehouse, "--timeout", "0.3")
    assert time.monotonic() - began < 3
    assert len(configured.seen) == 1
    assert sorted(ended[name] for name in ASKED) == ["failed", *["skipped"] * (len(ASKED) - 1)]
    assert ended["statement"] == "skipped"
    assert ended["authentication"] == "warning"


def test_the_whole_run_has_one_deadline(
    bytehouse: Bytehouse, configured: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that takes its time for every call is called until the time is over."""
    monkeypatch.setattr("bytehouse._diagnostics.doctor._RUN_TIMEOUT", 0.5)

    def slow(seen: Seen) -> Reply:
        time.sleep(0.2)
        return sound(seen)

    configured.handler = slow
    ended = states(bytehouse)
    assert 1 <= len(configured.seen) <= 4
    assert [ended[name] for name in ASKED].count("skipped") >= len(ASKED) - 4


def test_a_role_without_permissions_is_reported(
    bytehouse: Bytehouse, bytehouse_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is good and the role is not: both are said."""
    monkeypatch.setenv("BYTEHOUSE_HOST", bytehouse_emulator.url)
    monkeypatch.setenv("BYTEHOUSE_API_KEY", bytehouse_emulator.token)
    ended = states(bytehouse, "--role", "NoSuchRole")
    assert ended["authentication"] == "ok"
    assert ended["role"] == "failed"
    assert ended["list_databases"] == "warning"


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply(403, {"message": "no"}), "warning"),
        (Reply(429, {"message": "no"}), "warning"),
        (Reply(501, {"error": {"code": "E", "message": "no"}}), "warning"),
        (Reply(500, {"message": "no"}), "failed"),
        (Reply(body="<html>"), "failed"),
        (CLOSED, "failed"),
    ],
)
def test_what_is_refused_differs_from_what_is_broken(
    bytehouse: Bytehouse, configured: ScriptedServer, reply: Reply, status: str
) -> None:
    """A permission that is lacking or an operation that is not offered is no fault."""
    configured.handler = lambda seen: reply if seen.operation == "list_connections" else sound(seen)
    assert states(bytehouse)["list_connections"] == status
    code = bytehouse("doctor", "--format", "table").code
    assert (code == 0) == (status == "warning")


@pytest.mark.parametrize(
    ("settings", "last", "code"),
    [
        ({}, "configuration", 3),
        ({"host": "tenant.example"}, "configuration", 3),
        ({"host": "tenant.example", "api_key": "env:NOWHERE"}, "configuration", 3),
        ({"host": "tenant.example", "api_key": KEY, "timeout": "soon"}, "configuration", 3),
        ({"host": "nowhere.invalid", "api_key": KEY}, "name resolution", 4),
        ({"host": "127.0.0.1:{closed}", "api_key": KEY}, "connection", 4),
    ],
)
def test_the_first_step_that_fails_is_the_last(
    bytehouse: Bytehouse,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    last: str,
    code: int,
) -> None:
    """What cannot work is not tried; the exit code tells configuration from network."""
    for name, value in settings.items():
        # A port that was closed at collection may be another program's by now.
        given = value.format(closed=closed_port())
        monkeypatch.setenv(f"BYTEHOUSE_{name.upper()}", given)
    ended = states(bytehouse)
    assert list(ended)[-1] == last
    assert [name for name, status in ended.items() if status == "failed"] == [last]
    assert bytehouse("doctor", "--format", "table").code == code


def test_a_report_holds_no_secret(
    bytehouse: Bytehouse, configured: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the key nor a proxy's password, whatever the service says; host and sources do."""
    monkeypatch.setenv("BYTEHOUSE_PROXY", "http://user:hush-hush@proxy:1")
    configured.script(Reply(500, {"message": f"why {KEY}?", "key": KEY}))
    done = bytehouse("doctor", "--format", "json")
    assert KEY not in done.out + done.err
    assert "hush-hush" not in done.out + done.err
    report = json.loads(done.out)
    assert report.keys() == {"version", "python", "platform", "checks"}
    assert all("error" not in check for check in report["checks"])
    assert "***" in done.out


def test_a_proxy_is_left_to_resolve_and_connect(
    bytehouse: Bytehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a proxy the name need not be known here; the calls themselves tell."""
    monkeypatch.setenv("BYTEHOUSE_HOST", "tenant.invalid")
    monkeypatch.setenv("BYTEHOUSE_API_KEY", KEY)
    monkeypatch.setenv("BYTEHOUSE_PROXY", f"http://127.0.0.1:{closed_port()}")
    ended = states(bytehouse)
    assert ended["connection"] == "skipped"
    assert "name resolution" not in ended
    assert ended["list_databases"] == "failed"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for this machine that ends in three days, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    pem = tmp_path_factory.mktemp("tls") / "both.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "3", "-subj", "/CN=localhost", "-keyout", str(pem)]
    command += ["-addext", "subjectAltName=DNS:localhost", "-out", f"{pem}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    pem.write_text(pem.read_text() + Path(f"{pem}.crt").read_text())
    return pem


def test_the_certificate_is_checked(
    bytehouse: Bytehouse, monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    """One that is not trusted ends the examination with a hint; one that ends soon is a warning."""
    with ScriptedServer(certificate=certificate) as server:
        monkeypatch.setenv("BYTEHOUSE_HOST", f"localhost:{server.port}")
        monkeypatch.setenv("BYTEHOUSE_API_KEY", KEY)
        server.script(data([]))
        tls = found(bytehouse)["TLS"]
        assert tls["status"] == "failed"
        assert "not accepted" in tls["detail"]
        assert "ca_file" in tls["hint"]
        assert bytehouse("doctor", "--format", "table").code == 4
        assert server.seen == []

        monkeypatch.setenv("BYTEHOUSE_CA_FILE", str(certificate))
        checks = found(bytehouse)
        assert checks["TLS"]["status"] == "warning"
        assert "2 more days" in checks["TLS"]["detail"]
        assert checks["TLS"]["facts"]["version"] == "TLSv1.3"
        assert checks["list_databases"]["status"] == "ok"


def test_nothing_is_changed_on_the_service(bytehouse_emulator: RunningEmulator) -> None:
    """By the emulator's own account, each call was one that reads or a SELECT, and made once."""
    bytehouse_emulator.clear_journal()
    found = {check.status for check in examine({**bytehouse_emulator.client_arguments})}
    assert found == {"ok", "skipped", *(["warning"] if GUESSED else [])}
    called = [entry["operation"] for entry in bytehouse_emulator.journal()]
    called.remove("submit_sync_query")
    assert sorted(name for name in called if name in MODELLED) == sorted(ASKED)
    assert {OPERATIONS[operation].retry for operation in called} == {"read"}
