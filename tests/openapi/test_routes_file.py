"""The routes file of a host: which client takes it, when, and what if it is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from bytehouse import ByteHouse, ConfigError, routes
from tests.support.flavours import KEY
from tests.support.server import ScriptedServer
from tests.support.wire import request_line

MOVED = '[routes]\nget_database = "POST /moved/{db_name}"\n'


def write(host: str, text: str = MOVED) -> Path:
    """Write the routes file of a host."""
    file = routes.file_of(host)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_client_takes_the_file_of_its_host(server: ScriptedServer) -> None:
    """Without being told, and it says so; a client of another host does not."""
    file = write(server.url)
    with ByteHouse(server.url, KEY) as bh:
        bh.databases.get("d")
        assert ("routes", "1 routes", f"routes file {file}") in bh.config.explain()
    assert server.lines == ["POST /moved/d"]
    with ByteHouse("other.example", KEY) as bh:
        assert ("routes", "", "not set") in bh.config.explain()


@pytest.mark.parametrize("by", ["argument", "nothing", "variable", "profile"])
def test_routes_that_are_given_go_before_the_file(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Whatever says `routes` counts alone; an empty mapping leaves the built-in routes."""
    write(server.url)
    mine = tmp_path / "mine.toml"
    mine.write_text('[routes]\nget_database = "PUT /mine/{db_name}"\n')
    arguments: dict[str, dict[str, str] | Path] = {}
    if by == "argument":
        arguments = {"routes": mine}
    elif by == "nothing":
        arguments = {"routes": {}}
    elif by == "variable":
        monkeypatch.setenv("BYTEHOUSE_ROUTES", str(mine))
    else:
        config = tmp_path / ".config" / "bytehouse" / "config.toml"
        config.write_text(f'[default]\nroutes = "{mine}"\n')
    with ByteHouse(server.url, KEY, **arguments) as bh:  # type: ignore[arg-type]
        bh.databases.get("d")
    ours = request_line("get_database", db_name="d")
    assert server.lines == [ours if by == "nothing" else "PUT /mine/d"]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("tenant.example", "tenant.example"),
        ("https://Tenant.Example/", "tenant.example"),
        ("tenant.example:443", "tenant.example"),
        ("tenant.example:8443", "tenant.example%3A8443"),
        ("tenant.example/api", "tenant.example%2Fapi"),
        ("http://127.0.0.1:1", "127.0.0.1%3A1"),
        ("https://[::1]:1", "%5B%3A%3A1%5D%3A1"),
    ],
)
def test_a_host_has_one_file_however_it_is_written(
    host: str, name: str, routes_directory: Path
) -> None:
    """Scheme, case and the usual port make no other host; what has no place in a name is quoted."""
    assert routes.file_of(host) == routes_directory / f"{name}.toml"


def test_the_directory_can_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CONFIG_HOME moves the configuration and the routes; a relative one does not count."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    there = tmp_path / "xdg" / "bytehouse"
    assert routes.file_of("h.example") == there / "routes" / "h.example.toml"
    write("h.example")
    (there / "config.toml").write_text('[default]\nhost = "h.example"\napi_key = "k"\n')
    with ByteHouse() as bh:
        assert bh.config.host == "https://h.example"
        assert bh.config.routes == {"get_database": "POST /moved/{db_name}"}
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert routes.file_of("h.example").is_relative_to(tmp_path / ".config")


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        "",
        "[other]\na = 'b'\n",
        "[routes]\nlist_databases = 5\n",
        "[routes]\nlist_databses = 'GET /x'\n",
        "[routes]\nlist_databases = 'x'\n",
        "[routes]\nget_database = 'GET /x'\n",
    ],
)
def test_a_broken_file_stops_the_client_and_says_how_to_repair_it(text: str) -> None:
    """The error names the file and the command; it is not passed over in silence."""
    file = write("tenant.example", text)
    with pytest.raises(ConfigError) as caught:
        ByteHouse("tenant.example", KEY)
    assert str(file) in str(caught.value)
    assert "`bytehouse routes pull SOURCE`" in caught.value.hint


def test_a_file_that_cannot_be_read_stops_the_client() -> None:
    """A directory in its place is not taken for no file."""
    routes.file_of("tenant.example").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"tenant\.example\.toml"):
        ByteHouse("tenant.example", KEY)
