"""What commands print: in which format, where to, and how much of it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bytehouse import ResultColumn
from bytehouse._core.config import ATTRIBUTES
from bytehouse_cli._formats import FORMATS, writer
from tests.cli.conftest import Bytehouse
from tests.support.flavours import KEY
from tests.support.server import Reply, ScriptedServer, data

ENTRIES: list[dict[str, object]] = [
    {"name": "a", "description": 'x,"y"\nz\t|', "tables": 12345678901234567},
    {"name": "北京", "description": None, "tables": 2},
]


@pytest.fixture(autouse=True)
def configured(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a server with two databases be the service."""
    monkeypatch.setenv("BYTEHOUSE_HOST", server.url)
    monkeypatch.setenv("BYTEHOUSE_API_KEY", KEY)
    server.script(data(ENTRIES))


LIST = ("api", "list_databases", "--limit", "9")


def test_each_format_holds_what_was_received(bytehouse: Bytehouse, tmp_path: Path) -> None:
    """What programs read is read back unchanged, and what people read has every value."""

    def out(form: str) -> str:
        done = bytehouse(*LIST, "--format", form)
        assert (done.code, done.err) == (0, "")
        return done.out

    assert json.loads(out("json")) == ENTRIES
    assert [json.loads(line) for line in out("ndjson").splitlines()] == ENTRIES
    rows = list(csv.DictReader(io.StringIO(out("csv"))))
    texts = [{k: "" if v is None else str(v) for k, v in entry.items()} for entry in ENTRIES]
    assert rows == texts
    assert out("tsv").splitlines() == [
        "name\tdescription\ttables",
        'a\tx,"y"\\nz\\t|\t12345678901234567',
        "北京\t\\N\t2",
    ]
    for form in ("table", "markdown", "vertical"):
        assert all(word in out(form) for word in ("北京", "12345678901234567", 'x,"y"\\nz\\t'))
    for form in ("parquet", "arrow"):
        file = tmp_path / f"databases.{form}"
        assert bytehouse(*LIST, "-o", str(file)).code == 0
        read = pq.read_table(file) if form == "parquet" else pa.ipc.open_stream(file).read_all()
        assert read.to_pylist() == ENTRIES


def test_an_empty_list_is_empty_in_each_format(
    bytehouse: Bytehouse, server: ScriptedServer, tmp_path: Path
) -> None:
    """Nothing fails because there is nothing."""
    server.script(data([]))
    for form in FORMATS:
        file = tmp_path / "out"
        done = bytehouse(*LIST, "--format", form, "-o", str(file))
        assert (done.code, done.err) == (0, "")
    assert bytehouse(*LIST, "--format", "json").out == "[]\n"
    for form in set(FORMATS) - {"json", "parquet", "arrow"}:
        assert bytehouse(*LIST, "--format", form).out == ""


def test_columns_and_an_expression_choose_what_is_printed(bytehouse: Bytehouse) -> None:
    """`--columns` in their order; `--query` before that; scalars one on a line."""
    done = bytehouse(*LIST, "--columns", "tables,name", "--format", "csv")
    assert done.out == "tables,name\n12345678901234567,a\n2,北京\n"
    done = bytehouse(*LIST, "--query", "[?tables < `5`].{n: name}")
    assert json.loads(done.out) == {"n": "北京"}
    assert bytehouse(*LIST, "--query", "[].name", "--format", "tsv").out == "a\n北京\n"
    assert bytehouse(*LIST, "--query", "length(@)").out == "2\n"
    wrong = bytehouse(*LIST, "--columns", "nmae", "--format", "csv")
    assert wrong.code == 2
    assert "no column nmae. Columns: name, description, tables" in wrong.err
    assert bytehouse(*LIST, "--query", "[").code == 2


def test_control_characters_of_the_service_do_not_reach_a_terminal(
    bytehouse: Bytehouse, server: ScriptedServer
) -> None:
    """A name cannot colour a terminal, or hide what follows it."""
    server.script(data([{"name": "\x1b[2J\x07evil"}]))
    for form in ("table", "markdown", "vertical"):
        assert "\\x1b[2J\\x07evil" in bytehouse(*LIST, "--format", form).out


def test_text_of_other_scripts_is_readable(bytehouse: Bytehouse, server: ScriptedServer) -> None:
    """Their spaces and joiners are as they are; other control characters are not."""
    server.script(data([{"name": "a\u3000b\u00a0c"}, {"name": "\U0001f468\u200d\U0001f467"}]))
    shown = bytehouse(*LIST, "--format", "table").out.splitlines()
    assert [line.strip() for line in shown[2:]] == [
        "a\u3000b\u00a0c",
        "\U0001f468\u200d\U0001f467",
    ]


def test_what_is_no_text_is_shown_by_its_bytes() -> None:
    """For people, as the engine may return it; the emulator of these tests checks its responses."""
    file = io.BytesIO()
    out = writer("vertical", file, [ResultColumn("x")], terminal=False, null="NULL")
    out.write([["a\udcff\0"]])
    out.close()
    assert file.getvalue().decode().endswith("x  a\\xff\\x00\n")


def test_a_command_that_is_not_known_is_guessed(bytehouse: Bytehouse) -> None:
    """In each group, also of commands that are loaded on demand."""
    for words, guess in (
        (["table", "list"], "tables"),
        (["tables", "lst"], "list"),
        (["api", "list_database"], "list_databases"),
    ):
        done = bytehouse(*words)
        assert done.code == 2
        assert guess in done.err.partition("Did you mean")[2]


def test_a_file_is_there_when_it_is_complete(
    bytehouse: Bytehouse, server: ScriptedServer, tmp_path: Path
) -> None:
    """The ending names the format; a call that fails leaves no file and changes none."""
    file = tmp_path / "out.csv"
    assert bytehouse(*LIST, "-o", str(file)).code == 0
    before = file.read_text()
    assert before.startswith("name,description,tables\n")
    server.script(Reply(404, {"message": "no"}))
    assert bytehouse(*LIST, "-o", str(file)).code == 9
    assert file.read_text() == before
    server.clear()
    for place, code, says in (
        ("none/x.csv", 6, "none: No such file or directory"),
        (".", 6, ".: Is a directory"),
        ("out.csv.gz", 2, "The ending of out.csv.gz is no format: add --format"),
    ):
        done = bytehouse(*LIST, "-o", place)
        assert done.code == code, done
        assert says in done.err
    assert not server.seen  # it is told before anything is done
    assert [one.name for one in tmp_path.iterdir()] == ["out.csv"]


def test_every_setting_of_the_client_is_an_option(bytehouse: Bytehouse, tmp_path: Path) -> None:
    """By the client's own table, so that a new one is an option by being there."""
    pem = tmp_path / "ca.pem"
    pem.write_text("")
    values = {
        "host": "h.example",
        "api_key": "env:KEY",
        "mode": "clickhouse_sql",
        "http": "aiohttp",
        "ca_file": str(pem),
        "client_cert": str(pem),
        "proxy": "http://p:1",
        "routes": None,
    }
    for attribute in ATTRIBUTES:
        value = values.get(attribute.name, "7")
        if value is None:
            continue
        option = f"--{attribute.name.replace('_', '-')}"
        done = bytehouse("config", "explain", option, value)
        assert done.code == 0, done.err
        found = {one["name"]: one for one in map(json.loads, done.out.splitlines())}
        assert found[attribute.name]["source"] == "argument"
    assert bytehouse("config", "explain", "--api-key", KEY).code == 2


def test_a_full_disk_is_an_error_of_its_own(bytehouse: Bytehouse) -> None:
    """What cannot be written is reported, without a traceback."""
    done = bytehouse(*LIST, "-o", "/dev/full/x")
    assert done.code == 6
    assert "Traceback" not in done.err
