"""Recorded traffic: the client works on it without any network, and it may be published."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import yaml
from vcr.cassette import Cassette
from vcr.errors import CannotOverwriteExistingCassetteException

from bytehouse import ByteHouse
from bytehouse_raw.operations import OPERATIONS
from tests.support.flavours import MakeClient
from tests.support.operations import sent
from tests.whole.recording import HIDDEN, LABEL, Scrubber
from tests.whole.scenarios import GROUPS
from tests.whole.scenarios import SECRET as SENT

NOBODY: Final = "http://127.0.0.1:9"
OF_A_MACHINE = re.compile(
    r"localhost|127\.0\.0\.1|[:/]{2}[\w.]+:\d{4,5}|(?<![\w.])/(?:root|home|Users|tmp|var)/\w"
)
CREDENTIAL = re.compile(r"authorization|bearer|id-\d+:\S+", re.IGNORECASE)
SECRET = re.compile(r"password|secret|api_?key|token", re.IGNORECASE)
EMPTY: Final = re.compile(rf"{HIDDEN}|\**")


@pytest.fixture
def cassettes(root: Path) -> list[Path]:
    """Return all cassettes."""
    return sorted((root / "tests" / "cassettes").iterdir())


@pytest.fixture(scope="module")
def vcr_cassette_dir(root: Path) -> str:
    """Name the directory of all cassettes of the repository."""
    return str(root / "tests" / "cassettes")


@pytest.fixture
def default_cassette_name(group: str) -> str:
    """Name the cassette of a group, which both flavours share."""
    return group


@pytest.fixture
def vcr_config() -> dict[str, Any]:
    """Compare all that is kept of a request, and keep only what may be published."""
    scrubber = Scrubber()
    return {
        "match_on": ["method", "uri", "body", "headers"],
        "before_record_request": scrubber.request,
        "before_record_response": scrubber.response,
        "skip_patchers": ["httplib", "urllib3"],  # the control API of the emulator is not recorded
    }


@pytest.fixture
def bh(
    make: MakeClient, record_mode: str, vcr: Cassette, request: pytest.FixtureRequest
) -> ByteHouse:
    """Return a client of nobody, or of the emulator when its answers are recorded."""
    assert vcr is not None
    if record_mode == "none":
        return make(NOBODY)
    live: ByteHouse = request.getfixturevalue("live")
    return live


@pytest.mark.vcr
@pytest.mark.block_network
@pytest.mark.parametrize("group", GROUPS)
def test_a_group_works_on_recorded_responses(bh: ByteHouse, group: str, vcr: Cassette) -> None:
    """Each scenario asks exactly what was recorded and understands all of it, offline."""
    GROUPS[group](bh)
    assert vcr.all_played or vcr.dirty


@pytest.mark.vcr(record_mode="none")
@pytest.mark.block_network
@pytest.mark.parametrize("group", ["queries"])
def test_what_was_not_recorded_is_not_replayed(make: MakeClient, group: str) -> None:
    """A call beyond the recording fails instead of reaching for the network."""
    with pytest.raises(CannotOverwriteExistingCassetteException):
        make(NOBODY).databases.get(group)


def read(path: Path) -> dict[str, Any]:
    """Return what a cassette holds."""
    load: Callable[[str], Any] = yaml.safe_load
    held: dict[str, Any] = load(path.read_text("utf-8"))
    return held


def pairs(*values: Any) -> Iterator[tuple[str, str]]:
    """Yield every key of some JSON with its value, if that is a text."""
    for value in values:
        if isinstance(value, list):
            yield from pairs(*value)
        if isinstance(value, dict):
            for key, inner in value.items():
                texts = inner if isinstance(inner, list) else [inner]
                yield from ((key, text) for text in texts if isinstance(text, str))
                yield from pairs(inner)


def test_the_cassettes_hold_every_operation(cassettes: list[Path]) -> None:
    """Each group has its recording, and together they hold all operations with a method."""
    assert [path.stem for path in cassettes] == sorted(GROUPS)
    asked = {
        (exchange["request"]["method"], urlsplit(exchange["request"]["uri"]).path)
        for path in cassettes
        for exchange in read(path)["interactions"]
    }
    for operation in map(OPERATIONS.__getitem__, sent()):
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", operation.path))
        assert any(
            method == operation.method and pattern.fullmatch(path) for method, path in asked
        ), operation.id


def test_the_cassettes_may_be_published(cassettes: list[Path]) -> None:
    """Each is small and says what it is; none holds a credential, or anything of a machine."""
    for path in cassettes:
        text = path.read_text("utf-8")
        assert text.startswith(LABEL)
        assert len(text) < 40_000
        assert CREDENTIAL.findall(text) == []
        assert SENT not in text
        assert OF_A_MACHINE.findall(text) == []
        for exchange in read(path)["interactions"]:
            request, response = exchange["request"], exchange["response"]
            for key, value in pairs(request["headers"], response["headers"]):
                assert not SECRET.search(key) or EMPTY.fullmatch(value), (path.name, key)
            for body in filter(None, (request["body"], response["body"]["string"])):
                for key, value in pairs(json.loads(body)):
                    assert not SECRET.search(key) or EMPTY.fullmatch(value), (path.name, key)


@pytest.mark.parametrize(
    "planted",
    [
        {"note": "Bearer id-1:abc"},
        {"data": [{"sasl_password": "hush"}]},
        {"path": "/" + "home/someone/x"},
        {"address": "127.0.0.1:8080"},
    ],
    ids=str,
)
def test_a_planted_secret_is_found(planted: object, tmp_path: Path) -> None:
    """What looks for secrets finds one."""
    request = {"headers": {}, "body": json.dumps(planted)}
    response = {"headers": {}, "body": {"string": "{}"}}
    path = tmp_path / "planted.yaml"
    path.write_text(
        LABEL + yaml.safe_dump({"interactions": [{"request": request, "response": response}]})
    )
    with pytest.raises(AssertionError):
        test_the_cassettes_may_be_published([path])
