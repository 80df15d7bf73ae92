"""How the commands of the resources treat lists, tables, secrets and what cannot be undone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bytehouse import ByteHouse
from bytehouse_emulator import RunningEmulator
from tests.cli.conftest import Bytehouse
from tests.support.cases import cases

HUSH = "Given-hush-3e81"


@pytest.fixture(autouse=True)
def bh(
    bytehouse_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[ByteHouse]:
    """Let an emulator with one table be the service, and return a client of it."""
    bytehouse_emulator.reset()
    monkeypatch.setenv("BYTEHOUSE_HOST", bytehouse_emulator.url)
    monkeypatch.setenv("BYTEHOUSE_API_KEY", bytehouse_emulator.token)
    monkeypatch.chdir(tmp_path)
    with ByteHouse(**bytehouse_emulator.client_arguments) as client:
        client.databases.create("sales")
        client.tables.create("sales", "orders", {"id": "UInt64", "note": "String"}, order_by="id")
        yield client


def test_a_list_is_complete_unless_limited(
    bytehouse: Bytehouse, bytehouse_emulator: RunningEmulator
) -> None:
    """More than one page, one entry on a line; `--limit` says how many at most."""
    names = {f"c{number}" for number in range(120)}
    stored = [{"name": name, "type": "KAFKA", "data": {"brokers": "h:1"}} for name in names]
    bytehouse_emulator.seed({"connections": stored})
    lines = bytehouse("connections", "list").out.splitlines()
    assert {json.loads(line)["name"] for line in lines} == names
    assert len(bytehouse("connections", "list", "--limit", "7").out.splitlines()) == 7


def test_the_role_decides_what_may_be_done(
    bytehouse: Bytehouse, bytehouse_emulator: RunningEmulator, bh: ByteHouse
) -> None:
    """`--role` is the one that a command acts under; what it may not do is not done."""
    bytehouse_emulator.add_role("Limited")
    done = bytehouse("tables", "drop", "sales.orders", "--yes", "--role", "Limited")
    assert done.code == 8, done
    assert "Limited" in done.err
    assert bh.tables.exists("sales", "orders")


def test_a_shell_can_test_whether_something_exists(bytehouse: Bytehouse) -> None:
    """By the exit code, which is that of what does not exist."""
    for name, code, printed in (("sales", 0, "true\n"), ("none", 9, "false\n")):
        done = bytehouse("databases", "exists", name)
        assert (done.code, done.out) == (code, printed)


def test_the_queries_that_have_ended_are_listed(bytehouse: Bytehouse) -> None:
    """Those that failed alone, if wanted; the latest first."""
    assert bytehouse("query", "SELECT 41 + 1", "--query-id", "worked").code == 0
    assert bytehouse("query", "SELECT throwIf(1)", "--query-id", "failed").code == 14
    listed = ["queries", "history", "--since", "1h", "--format", "tsv", "--query", "[].query_id"]
    assert {"worked", "failed"} <= set(bytehouse(*listed).out.split())
    failed = bytehouse(*listed, "--failed").out.split()
    assert "failed" in failed
    assert "worked" not in failed


def test_a_table_is_described_by_its_columns(bytehouse: Bytehouse) -> None:
    """A table shows what fits into cells; other formats have all."""
    done = bytehouse("tables", "describe", "sales.orders", "--format", "csv", "--columns", "name")
    assert done.out == "name\nid\nnote\n"
    shown = bytehouse("tables", "list", "sales", "--format", "table").out
    assert "orders" in shown
    assert "[" not in shown
    (entry,) = json.loads(bytehouse("tables", "list", "sales", "--format", "json").out)
    assert entry["name"] == "orders"


def test_a_configured_database_need_not_be_written(bytehouse: Bytehouse) -> None:
    """By an option or any other way; what is written counts."""
    assert json.loads(bytehouse("tables", "list", "--database", "sales").out)["name"] == "orders"
    got = bytehouse("tables", "get", "orders", "--database", "sales")
    assert json.loads(got.out)["name"] == "orders"
    assert bytehouse("tables", "get", "sales.orders", "--database", "other").code == 0
    assert bytehouse("tables", "list", "other", "--database", "sales").code == 9


@cases(
    ("words", "hint"),
    [
        (["tables", "list"], "No database given"),
        (["tables", "get", "orders"], "Write DATABASE.orders"),
        (["tables", "get", "sales."], "is not DATABASE.NAME"),
        (["warehouses", "wait", "w", "sideways"], "unexpected extra argument"),
        (["warehouses", "wait", "w", "--until", "sideways"], "is not one of 'up', 'down'"),
        (["warehouses", "create", "w", "--config-id", "0"], "a whole number above 0"),
        (["jobs", "get", "seven"], "is not a valid integer"),
        (["tables", "update", "sales.orders", "--add", "{"], "not JSON"),
        (["tables", "update", "sales.orders", "--add", "shop"], "must be NAME=VALUE, JSON"),
        (["tables", "update", "sales.orders", "--add", "[]", "--add", "a=Int8"], "give all in it"),
        (["tables", "create", "sales.t", "--column", "id"], "'NAME TYPE'"),
        (["tables", "create"], "either DATABASE.NAME or --file"),
        (["tables", "plan", "-f", "odd.yaml"], "unexpected keyword argument 'colums'"),
        (["tables", "plan", "-f", "broken.yaml"], "is not YAML"),
        (["tables", "plan", "-f", "empty.yaml"], "describes no table"),
        (["tables", "plan", "-f", "text.yaml"], "each with a name and columns"),
        (["connections", "create", "c", "--type", "FTP"], "no kind of source. Known: "),
        (["keys", "create"], "how long the key lives"),
        (["databases", "drop", "sales"], "add --yes to do this without being asked"),
        (["keys", "rotate", "--expires-in", "90d"], "--store file:PATH"),
        (["keys", "create", "--store", "env:KEY", "--no-expiry"], "must be file:PATH"),
    ],
)
def test_what_makes_no_sense_is_refused(
    bytehouse: Bytehouse,
    bytehouse_emulator: RunningEmulator,
    tmp_path: Path,
    words: list[str],
    hint: str,
) -> None:
    """It is told what is wrong, with the code for a wrong command line, and nothing is sent."""
    (tmp_path / "odd.yaml").write_text("name: sales.t\ncolums: {id: UInt64}\norder_by: id\n")
    (tmp_path / "broken.yaml").write_text("a: [\n")
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "text.yaml").write_text("just words")
    bytehouse_emulator.clear_journal()
    done = bytehouse(*words)
    assert done.code == 2, done
    assert hint in " ".join(done.err.split()), done.err
    assert bytehouse_emulator.journal() == []


@cases(
    "words",
    [
        ["connections", "create", "c", "--type", "MYSQL", "--set", f"password={HUSH}"],
        ["connections", "create", "c", "--type", "MYSQL", "--secret", f"password={HUSH}"],
        ["connections", "create", "c", "--type", "MYSQL", "--secret", "password"],
        ["metadata", "subscribe", "1", "1", "--token", HUSH],
        ["metadata", "subscribe", "1", "1"],
    ],
)
def test_a_secret_is_not_taken_from_the_command_line(
    bytehouse: Bytehouse, bytehouse_emulator: RunningEmulator, words: list[str]
) -> None:
    """Other users can read it there; the error says where it can be, and does not repeat it."""
    bytehouse_emulator.clear_journal()
    done = bytehouse(*words)
    assert done.code == 2, done
    assert "env:NAME" in " ".join(done.err.split())
    assert HUSH not in done.out + done.err
    assert bytehouse_emulator.journal() == []


def test_tables_are_planned_and_changed_as_a_file_says(
    bytehouse: Bytehouse, bh: ByteHouse, tmp_path: Path
) -> None:
    """What loses data needs more than `--yes`; what is missing is created; then nothing is left."""
    (tmp_path / "t.yaml").write_text(
        "- {name: sales.orders, columns: {id: UInt64, day: Date}, order_by: id}\n"
        "- {name: sales.fresh, columns: {id: UInt64}, order_by: id}\n"
    )
    done = bytehouse("tables", "apply", "-f", "t.yaml", "--yes")
    assert done.code == 2
    assert "loses data" in done.err
    assert len(bh.tables.get("sales", "orders").columns or []) == 2
    done = bytehouse("tables", "apply", "-f", "t.yaml", "--yes", "--allow-destructive")
    assert done.code == 0, done
    assert [c.name for c in bh.tables.get("sales", "orders").columns or []] == ["id", "day"]
    assert "Created sales.fresh." in done.err
    planned = bytehouse("tables", "plan", "-f", "t.yaml", "--format", "table")
    assert planned.out.count("no changes") == 2
    assert bytehouse("tables", "plan", "-f", "t.yaml", "--format", "json").out == "[]\n"


def test_a_new_key_is_shown_once_or_kept(
    bytehouse: Bytehouse, bh: ByteHouse, bytehouse_emulator: RunningEmulator, tmp_path: Path
) -> None:
    """What is kept works as a key, and only its owner can read it; none is ever lost."""
    done = bytehouse("keys", "create", "--no-expiry", "--store", "file:new.key")
    assert done.code == 0, done
    made = json.loads(done.out)["id"]
    file = tmp_path / "new.key"
    assert file.stat().st_mode & 0o077 == 0
    key = file.read_text().strip()
    assert key not in done.out + done.err
    reference = ["--api-key", f"file:{file}"]
    assert bytehouse("account", "status", *reference).code == 0

    (other,) = {k.id for k in bh.api_keys.list()} - {made}
    assert bytehouse("keys", "delete", str(other), "--yes", *reference).code == 0
    done = bytehouse("keys", "rotate", "--expires-in", "90d", "--yes", *reference)
    assert done.code == 0, done
    assert json.loads(done.out)["old_id"] == made
    assert file.read_text().strip() != key
    assert bytehouse("account", "status", *reference).code == 0

    bytehouse_emulator.reset()
    done = bytehouse("keys", "create", "--no-expiry", "--store", "file:/proc/nowhere/key")
    assert done.code == 6
    assert json.loads(done.out)["api_key"] not in ("", "***")

    bytehouse_emulator.reset()
    done = bytehouse("keys", "create", "--no-expiry", "--columns", "secret")
    assert done.code == 2, done
    (made,) = {k.id for k in bh.api_keys.list()} - {"emulatorStartKey0001"}
    assert f"bytehouse keys delete {made}" in done.err

    bytehouse_emulator.reset()
    for place, code in (("/proc/nowhere/key", 6), (str(tmp_path), 6), ("key.xlsx", 2)):
        done = bytehouse("keys", "create", "--no-expiry", "-o", place)
        assert done.code == code, done
        assert [k.id for k in bh.api_keys.list()] == ["emulatorStartKey0001"]


def test_usage_is_drawn_for_people_and_given_as_points_to_programs(
    bytehouse: Bytehouse, bh: ByteHouse
) -> None:
    """Bars are for days alone, and have figures, however small; CSV has the points."""
    bh.insert("sales.orders", [(n, "note") for n in range(1000)])
    table = bytehouse("usage", "storage", "3d", "--daily", "--format", "table").out
    assert table.startswith("day")
    assert "█" in table
    costs = bytehouse("usage", "warehouse", "3d", "--daily", "--format", "table").out
    drawn = [line.split() for line in costs.splitlines() if "█" in line]
    assert drawn
    assert all(float(words[1]) > 0 for words in drawn), costs
    points = bytehouse("usage", "storage", "3d", "--daily", "--format", "csv").out
    assert points.startswith("start,")
    assert "█" not in points
    assert "█" not in bytehouse("usage", "storage", "3d", "--format", "table").out


@cases(
    ("words", "hint"),
    [
        (["tables", "apply", "-f", "less.yaml", "--yes"], "--allow-destructive applies it anyway."),
        (
            ["load", "s3://bucket/x", "sales.orders"],
            "Pass --file-format, such as --file-format CSV",
        ),
        (["databases", "list", "--role", "Nobody"], "pass --role, or ask for the permission."),
        (["query", "SELECT sleep(3)", "--timeout", "0.2"], "Raise --timeout of the query"),
        (["databases", "create", "sales"], "Pass --if-not-exists"),
        (
            ["tables", "create", "sales.orders", "--column", "n Int8", "--order-by", "n"],
            "Pass --if-not-exists",
        ),
        (
            ["tables", "get", "sales.none"],
            "`bytehouse tables list sales` and `bytehouse databases list`.",
        ),
        (["jobs", "start", "99"], "`bytehouse jobs list`."),
        (["queries", "status", "none"], "`bytehouse queries history`."),
        (["keys", "create"], "--expires-in 90d or so, or --no-expiry."),
        (["query", "SELECT {n:UInt8}"], "has no value: pass --param NAME=VALUE"),
        (["query", "SELECT {n}"], "has no value: pass --param NAME=VALUE"),
    ],
)
def test_a_hint_names_options(
    bytehouse: Bytehouse, tmp_path: Path, words: list[str], hint: str
) -> None:
    """What is a method or an argument in Python is a command or an option here."""
    (tmp_path / "less.yaml").write_text("name: sales.orders\ncolumns: {id: UInt64}\norder_by: id\n")
    done = bytehouse(*words)
    assert done.code != 0
    assert hint in " ".join(done.err.split()), done.err


@cases(
    ("words", "told"),
    [
        ("databases delete sales", "No such command 'delete': it is 'drop'."),
        ("import-jobs list", "No such command 'import-jobs': it is 'jobs'."),
        ("api_keys list", "No such command 'api_keys': it is 'keys'."),
        ("databases lst", "Did you mean 'list'?"),
    ],
)
def test_a_name_from_python_leads_to_the_command(
    bytehouse: Bytehouse, words: str, told: str
) -> None:
    """Where a method or an attribute is called otherwise, and where a name is misspelt."""
    done = bytehouse(*words.split())
    assert done.code == 2
    assert told in done.err
