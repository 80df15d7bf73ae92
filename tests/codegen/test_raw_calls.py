"""Every operation is called by the raw client, in both flavours, and a recorder sees each call."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
import vcr

from bytehouse_emulator import RunningEmulator, running_emulator
from bytehouse_raw import AuthenticatedClient
from bytehouse_raw.operations import OPERATIONS
from bytehouse_raw.types import Response
from tests.emulator.api import Api, under_data
from tests.emulator.spec.tour import Step, Tour
from tests.support.operations import MODELLED
from tests.support.wire import asked

Send = Callable[..., Response[Any]]


def plain(name: str) -> str:
    """Return a name without what tells Python's form of it from that of the wire."""
    return re.sub(r"[\W_]", "", name).lower()


class RawApi(Api):
    """Makes the calls of a tour with the functions of the raw client."""

    def __init__(self, url: str, token: str, flavour: str, runner: asyncio.Runner) -> None:
        super().__init__(url, token)
        self.raw = AuthenticatedClient(url, token)
        self._flavour = flavour
        self._runner = runner

    def call(
        self,
        what: str,
        body: object = None,
        /,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: object = None,  # noqa: ARG002 - the raw client writes the body itself
        **path: object,
    ) -> httpx.Response:
        """Call an operation; the path parameters go by position, in the order of `plan`."""
        package = OPERATIONS[what].tag.lower().replace(" ", "_")
        module = import_module(f"bytehouse_raw.api.{package}.{what}")
        given = {plain(k): v for k, v in {**(params or {}), **(headers or {}), **path}.items()}
        by_position, by_name = [], {}
        for name, parameter in inspect.signature(module.plan, eval_str=True).parameters.items():
            if name == "body":
                model, *_ = get_args(parameter.annotation) or (parameter.annotation,)
                by_name[name] = model.from_dict(body or {})
            elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
                by_position.append(given[plain(name)])
            elif plain(name) in given:
                by_name[name] = given[plain(name)]
        function = getattr(module, self._flavour)
        found = function(*by_position, client=self.raw, **by_name)
        response = self._runner.run(found) if inspect.iscoroutine(found) else found
        assert (response.parsed is not None) == (response.status_code == 200)
        return httpx.Response(response.status_code, content=under_data(response.content))


class Successes(Tour):
    """The calls that succeed, none of those that are to fail."""

    def _refused(self, step: Step, status: int) -> None:
        pass

    def _refuse_everything(self) -> None:
        pass


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[RunningEmulator]:
    """Run an emulator of its own, whose imports come from the directory of the test."""
    with running_emulator(options=[f"--import-dir={tmp_path}"]) as running:
        yield running


@pytest.mark.parametrize(
    "flavour", ["sync_detailed", pytest.param("asyncio_detailed", marks=pytest.mark.slow)]
)
def test_every_operation_can_be_called_and_recorded(
    emulator: RunningEmulator, tmp_path: Path, flavour: str
) -> None:
    """Each returns a model of what the service sent; the cassette holds every operation."""
    with (
        asyncio.Runner() as runner,
        vcr.use_cassette(str(tmp_path / "raw.yaml"), record_mode="all") as cassette,
    ):
        api = RawApi(emulator.url, emulator.token, flavour, runner)
        with api.raw:
            tour = Successes(emulator, tmp_path, api)
            tour.walk()
        runner.run(api.raw.__aexit__(None, None, None))
    assert tour.done == MODELLED
    recorded = {asked(r.method, httpx.URL(r.uri).path)[0] for r in cassette.requests
                if "/_emulator/" not in r.uri}  # fmt: skip
    assert recorded == MODELLED
