"""An operation is added with openapi.yaml alone: all goes on, and one test asks for its method."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bytehouse_openapi import read
from codegen.gaps import gaps
from tests.codegen.added import ADDED, with_backups
from tests.codegen.upstream.adopted import Copy

CALLS = """
import httpx
from bytehouse import ByteHouse, ServerError
from bytehouse_emulator import running_emulator
from bytehouse_raw import AuthenticatedClient
from bytehouse_raw.api.cloud_backups import create_backup, list_backups
from bytehouse_raw.models import Backup

with running_emulator() as emulator:
    with AuthenticatedClient(emulator.url, emulator.token) as raw:
        response = create_backup.sync_detailed(client=raw, body=Backup(database="d"))
        print(response.status_code, response.content.decode())
    with ByteHouse(**emulator.client_arguments) as bh:
        try:
            bh.send(list_backups.plan(limit=1))
        except ServerError as error:
            print(error)
        assert [one.name for one in bh.databases.list()] is not None
"""

SOURCES = "overlay/bytehouse/_async"


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Add to openapi.yaml in a copy of the repository, and generate."""
    copy = Copy(tmp_path_factory.mktemp("added"))
    openapi = copy.root / "openapi.yaml"
    openapi.write_text(with_backups(openapi.read_text("utf-8")), "utf-8")
    done = copy.run("-m", "codegen.generate")
    assert done.returncode == 0, done.stderr
    for name in ADDED:
        assert f"warning: {name}: no method sends it" in done.stderr
        assert f"warning: {name}: the emulator answers 501" in done.stderr
    return copy


def test_what_an_added_operation_lacks_is_told_with_its_file(root: Path, tmp_path: Path) -> None:
    """Each is told once for the client and once for the emulator, with the file."""
    file = tmp_path / "openapi.yaml"
    file.write_text(with_backups((root / "openapi.yaml").read_text("utf-8")), "utf-8")
    document = dict(read(str(file)).document)
    told = [line for line in gaps(document, root / SOURCES) if line.partition(":")[0] in ADDED]
    assert [line.partition(":")[0] for line in told] == [n for n in ADDED for _ in range(2)]
    files = [re.findall(r"\S+\.py", line) for line in told]
    resource = "overlay/bytehouse/_async/resources/cloud_backups.py"
    handler = "emulator/bytehouse_emulator/handlers/cloud_backups.py"
    probe = "overlay/bytehouse/_recovery/probes.py"
    assert files == [[resource], [handler], [resource, probe], [handler], [resource], [handler]]


def test_the_file_is_that_of_the_most_similar_operation(root: Path) -> None:
    """An operation of a known tag belongs beside those with a similar path."""
    document = dict(read(str(root / "openapi.yaml")).document)
    item = document["paths"]["/v1/databases/{db_name}/tables/{table_name}/partitions"]
    node = {**item["get"], "operationId": "freeze_partitions"}
    path = "/v1/databases/{db_name}/tables/{table_name}/partitions/freeze"
    document["paths"] = {**document["paths"], path: {"get": node}}
    method, handler = (g for g in gaps(document, root / SOURCES) if g.startswith("freeze_"))
    assert method.endswith("resources/partitions.py")
    assert handler.endswith("handlers/partitions.py")


@pytest.mark.slow  # it generates, in a copy of the repository
@pytest.mark.timeout(600)
class TestAdded:
    """A tag with three operations and two models, added by editing openapi.yaml."""

    def test_the_raw_client_calls_it_and_the_emulator_answers_501(self, added: Copy) -> None:
        """The answer names the operation; what was there before works."""
        done = added.run("-c", CALLS)
        assert done.returncode == 0, done.stderr
        created, listed = done.stdout.splitlines()
        assert created.startswith("501 ")
        assert "create_backup is not modelled" in created
        assert "list_backups is not modelled" in listed

    def test_every_command_knows_it(self, added: Copy) -> None:
        """`bytehouse api` offers it with its options, and the pages list it."""
        shown = added.run("-m", "bytehouse_cli", "api", "create_backup", "--help")
        assert "--database" in shown.stdout, shown.stderr
        reference = added.root / "docs" / "reference"
        assert "| `create_backup` | refused | inferred |" in (
            reference / "emulator-coverage.md"
        ).read_text("utf-8")
        assert "`bh.send(create_backup.plan(...))`" in (reference / "operations.md").read_text()
        same = added.run("-m", "codegen.drift", "openapi.yaml", "--no-redocly")
        assert (same.returncode, same.stderr) == (0, "")

    def test_a_deprecation_shows_wherever_it_is_described(self, added: Copy) -> None:
        """In the docstring, the reference, and what `bytehouse api` says."""
        plan = (
            added.root
            / "generated"
            / "bytehouse_raw"
            / "api"
            / "cloud_backups"
            / "delete_backup.py"
        )
        assert "`DELETE /v1/backups/{db_name}` (inferred, deprecated)" in plan.read_text("utf-8")
        page = (added.root / "docs" / "reference" / "operations.md").read_text("utf-8")
        assert "`bh.send(delete_backup.plan(...))`, deprecated |" in page
        shown = added.run("-m", "bytehouse_cli", "api", "delete_backup", "--help")
        assert "(inferred, deprecated)" in shown.stdout

    def test_one_test_alone_asks_for_the_methods(self, added: Copy) -> None:
        """Of what counts operations, or goes through all of them, nothing else fails."""
        files = [
            "tests/whole/test_every_operation.py",
            "tests/spec/test_openapi.py",
            "tests/spec/test_docs_facts.py",
            "tests/emulator/spec/test_coverage.py",
            "tests/docs/test_docstrings.py",
            "tests/openapi/test_matching.py",
            "tests/codegen/test_added.py",
            "tests/codegen/upstream/test_meaning.py",
        ]
        done = added.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", *files)
        failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
        name = "tests/whole/test_every_operation.py::test_every_operation_has_a_method"
        assert failed == [name], done.stdout
