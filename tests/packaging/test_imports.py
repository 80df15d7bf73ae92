"""What is imported, and when: a program pays for what it uses."""

import importlib
import subprocess
import sys

from tests.support.server import Reply, ScriptedServer

CLIENT = "import bytehouse; bytehouse.{}('localhost', api_key='k')"


def modules(program: str) -> set[str]:
    """Return the modules that a program makes a fresh interpreter import."""
    shown = f"import sys; before = {{*sys.modules}}\n{program}\nprint(*{{*sys.modules}} - before)"
    command = [sys.executable, "-c", shown]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def packages(program: str) -> set[str]:
    """Return the packages among them that are not the standard library's."""
    return {name.partition(".")[0] for name in modules(program)} - sys.stdlib_module_names


def test_a_client_is_made_without_the_libraries_that_calls_take() -> None:
    """Neither HTTP, TLS, event loops, JSON nor any model is imported for a client."""
    for flavour in ("ByteHouse", "AsyncByteHouse"):
        program = CLIENT.format(flavour)
        assert packages(program) <= {"attr", "attrs", "bytehouse", "bytehouse_raw"}
        loaded = modules(program)
        assert not {"asyncio", "email", "http", "json", "logging", "ssl", "urllib.request"} & loaded
        assert not {name for name in loaded if name.startswith("bytehouse_raw.models")}
        assert len({name for name in loaded if name.startswith("bytehouse")}) < 30


def test_a_call_imports_its_own_resource_alone() -> None:
    """After one call nothing is there of results, insertion, read-back, waits, event loops or
    other resources."""
    with ScriptedServer() as server:
        server.script(Reply(body={"data": {"name": "sales"}}))
        loaded = modules(
            # OpenTelemetry imports what it likes.
            "import sys; sys.modules['opentelemetry'] = None; import bytehouse\n"
            f"with bytehouse.ByteHouse({server.url!r}, 'k') as bh:\n"
            "    bh.databases.get('sales')"
        )
    unneeded = ("_results", "_sql.insert", "_recovery.probes", "_types", "_diagnostics.doctor")
    for name in unneeded:
        # A name that does not exist would never be loaded.
        importlib.import_module(f"bytehouse.{name}")
        assert f"bytehouse.{name}" not in loaded
    resources = {name for name in loaded if name.startswith("bytehouse._sync.")}
    assert "bytehouse._sync.resources.databases" in resources
    assert (
        not {
            f"bytehouse._sync.{other}"
            for other in ("resources.tables", "resources.queries", "result")
        }
        & resources
    )
    assert not {"bytehouse._sync.cancellation", "bytehouse._sync.poller"} & resources
    assert not {name for name in loaded if name.startswith("bytehouse._async")}
    assert "asyncio" not in loaded
    answers = {name for name in loaded if name.startswith("bytehouse_raw.models.")}
    assert len(answers) < 20


def test_no_extra_is_loaded_with_the_client() -> None:
    """Emulator, command line and data frames stay unloaded, though all are installed."""
    loaded = packages(
        f"{CLIENT.format('ByteHouse')}; import bytehouse._sync.client, bytehouse._transport.http"
    )
    assert not loaded & {
        "aiohttp",
        "bytehouse_cli",
        "bytehouse_emulator",
        "chdb",
        "clickhouse_connect",
        "keyring",
        "numpy",
        "opentelemetry",
        "pandas",
        "polars",
        "pyarrow",
        "starlette",
        "uvicorn",
        "yaml",
    }


def test_the_version_needs_next_to_nothing() -> None:
    """`bytehouse --version` imports three modules of ours and no library."""
    program = (
        "import bytehouse_cli\ntry: bytehouse_cli.main(['--version'])\nexcept SystemExit: pass"
    )
    ours = {name for name in modules(program) if name.startswith("bytehouse")}
    assert ours == {"bytehouse", "bytehouse._version", "bytehouse_cli"}
    assert packages(program) == {"bytehouse", "bytehouse_cli"}


def test_the_help_of_a_command_takes_click_and_the_names_of_the_settings_alone() -> None:
    """Somebody waits for it at each press of a key, so nothing is there that only a call takes."""
    for command in ("", "query", "load", "tables create"):
        program = f"from bytehouse_cli._main import run\nrun([*{command!r}.split(), '--help'])"
        loaded = modules(program)
        assert packages(program) <= {"bytehouse", "bytehouse_cli", "click"}
        assert not {"asyncio", "decimal", "email", "json", "logging", "ssl", "tempfile"} & loaded
