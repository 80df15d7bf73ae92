"""A new key is returned once and masked everywhere; a rotation never leaves a user without one."""

import copy
import json
import logging
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytehouse import (
    APIError,
    AuthenticationError,
    ByteHouse,
    ByteHouseError,
    InvalidArgument,
    OutcomeUnknown,
    ResponseDecodeError,
)
from bytehouse._params.api_keys import KeyRotation, NewApiKey, new_key_of
from bytehouse_raw.models import CreateApiKeyResponse
from bytehouse_raw.operations import ROLE_HEADER
from tests.params.key_service import (
    NEW,
    OLD,
    SPARE,
    Failure,
    KeyService,
    everything_shown,
)
from tests.support.cases import cases
from tests.support.flavours import FakeClock, MakeClient
from tests.support.server import Reply, ScriptedServer, data
from tests.support.wire import request_line

FAILURES: tuple[Failure, ...] = (
    "refused", "down", "lost before", "lost after", "garbled", "shut out",
)  # fmt: skip


@cases(
    ("answer", "key_id"),
    [
        ({"data": {"id": "k-1", "apiKey": NEW, "comment": "c"}}, "k-1"),
        ({"data": {"id": "k-1", "api_key": NEW}}, "k-1"),
        ({"data": {"keyId": "k-1", "Secret": NEW}}, "k-1"),
        ({"data": {"apiKey": "k-1", "id": "k-1", "token": NEW}}, "k-1"),
        ({"data": {"apiKey": {"id": "k-1", "value": NEW}, "comment": "key"}}, "k-1"),
        ({"data": {"id": "k-1", "secretKey": NEW}}, "k-1"),
        ({"data": NEW}, None),
        ({"key": NEW, "id": "k-1", "message": "Success"}, "k-1"),
    ],
)
def test_the_secret_is_found_under_any_likely_name_and_hidden(
    bh: ByteHouse, server: ScriptedServer, caplog: pytest.LogCaptureFixture, answer: Any,
    key_id: str | None,
) -> None:  # fmt: skip
    """The secret equals the string, is revealed by name, and in no repr, string, log or JSON."""
    caplog.set_level(logging.DEBUG)
    server.script(Reply(body=answer))
    key = bh.api_keys.create(expires_in="90d")
    assert isinstance(key, NewApiKey)
    assert (getattr(key, "id", None), key.secret.reveal()) == (key_id, NEW)
    assert key.api_key == NEW
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(key.secret)
    assert NEW not in everything_shown(None, key, key.secret, key.to_dict(), copy.deepcopy(key))
    assert NEW not in caplog.text
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(key)


@cases(
    "reply",
    [
        data({"id": "k-1", "anything": NEW, "nested": {"more": NEW}}),
        data([NEW]),
        Reply(body={"surprise": NEW}),
        Reply(body=f'{{"data": {{"id": "k-1", "apiKey": "{NEW}"', headers={}),
        Reply(body=json.dumps([NEW])),
        data({"id": "k-1", "apiKey": NEW}, error={"code": "E_1", "message": "half done"}),
    ],
)
def test_a_secret_that_was_not_found_is_not_shown_either(
    bh: ByteHouse, server: ScriptedServer, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    """A response that cannot be parsed raises an error that has it, but shows nothing of it."""
    caplog.set_level(logging.DEBUG)
    server.script(reply)
    with pytest.raises((ResponseDecodeError, APIError)) as caught:
        bh.api_keys.create(no_expiry=True)
    assert NEW not in everything_shown(caught.value) + caplog.text
    assert caught.value.raw_response is not None
    assert NEW.encode() in caught.value.raw_response.body
    assert len(server.seen) == 1


def test_an_error_says_which_key_was_created(bh: ByteHouse, server: ScriptedServer) -> None:
    """The id is in the message, because the key has to be deleted."""
    server.script(data({"id": "k-1", "anything": NEW}))
    with pytest.raises(ResponseDecodeError, match="k-1 was created"):
        bh.api_keys.create(no_expiry=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "key", "apiKey", "value", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["data", "key", "message", "error"]), JSON))
def test_any_response_is_parsed_without_an_error(answer: dict[str, Any]) -> None:
    """Parsing a new key never raises, so that no traceback shows the response; what is found is
    masked."""
    key, whole = new_key_of(CreateApiKeyResponse.from_dict(answer))
    assert whole is bool(key.api_key)
    assert "***" in repr(key) or not whole


def test_a_create_whose_response_is_lost_is_not_repeated(
    bh: ByteHouse, server: ScriptedServer
) -> None:
    """A key that may have been created is not created twice."""
    service = KeyService({"k-old": OLD}, fail_at=(1, "lost after"))
    server.handler = service
    with pytest.raises(OutcomeUnknown):
        bh.with_options().api_keys.create(no_expiry=True)
    assert len(service.requests) == 1


def test_no_call_but_create_and_rotate_makes_a_key(bh: ByteHouse, server: ScriptedServer) -> None:
    """Reading, extending and switching keys never posts."""
    server.script(data([]))
    bh.api_keys.list().all()
    bh.api_keys.expiring()
    bh.api_keys.extend("k", 1)
    bh.api_keys.disable("k")
    bh.api_keys.delete("k")
    assert "create_api_key" not in server.operations


class Rotating:
    """One rotation, and its outcome."""

    def __init__(self, make: MakeClient, server: ScriptedServer, service: KeyService) -> None:
        self.service = service
        self.stored: list[str] = []
        server.handler = service
        service.on_delete = self._check_delete
        self.bh = make(server.url, OLD)
        self.error: BaseException | None = None
        self.result: KeyRotation | None = None
        self.violations: list[str] = []

    def _check_delete(self, key_id: str) -> None:
        if key_id == "k-old" and not (NEW in self.service.worked and self.stored == [NEW]):
            self.violations.append("the key in use was deleted before the new one worked")

    def run(self, **arguments: Any) -> None:
        arguments = {"store": self._store, "expires_in": "90d", **arguments}
        try:
            self.result = self.bh.api_keys.rotate(**arguments)
        except BaseException as error:  # noqa: BLE001 - an interruption is an outcome too
            self.error = error

    def _store(self, key: NewApiKey) -> None:
        self.stored.append(key.secret.reveal())


def test_a_rotation_replaces_the_only_key(make: MakeClient, server: ScriptedServer) -> None:
    """The new key works and is stored, the old one is gone, and the result says what was done."""
    rotating = Rotating(make, server, service := KeyService({"k-old": OLD}))
    rotating.run(comment="weekly")
    assert rotating.error is None
    assert rotating.result is not None
    assert service.keys == {"k-new": NEW}
    assert rotating.stored == [NEW]
    assert rotating.result.key.secret.reveal() == NEW
    assert rotating.result.old_id == "k-old"
    assert rotating.result.steps == (
        "created key k-new",
        "listed keys under key k-new, which works",
        "stored key k-new",
        "deleted key k-old",
    )
    assert service.deleted == [("k-old", NEW)]
    assert NEW not in everything_shown(None, rotating.result)
    with pytest.raises(AuthenticationError):
        rotating.bh.api_keys.list().all()


def test_a_client_with_a_callable_key_still_works_after_a_rotation(
    make: MakeClient, server: ScriptedServer
) -> None:
    """Where the key comes from what `store` writes, the same client works afterwards."""
    place = [OLD]
    server.handler = KeyService({"k-old": OLD})
    bh = make(server.url, lambda: place[0])
    bh.api_keys.rotate(store=lambda key: place.insert(0, key.secret.reveal()), no_expiry=True)
    assert [key.id for key in bh.api_keys.list()] == ["k-new"]


def test_with_two_keys_the_other_one_is_deleted_only_if_named(
    make: MakeClient, server: ScriptedServer
) -> None:
    """Two keys are the limit: without `replace` nothing happens, with it that key makes room."""
    service = KeyService({"k-old": OLD, "k-spare": SPARE})
    rotating = Rotating(make, server, service)
    for arguments in (
        {"current_id": "k-old"},
        {"replace": "k-spare"},
        {"current_id": "k-old", "replace": "k-old"},
        {"current_id": "k-old", "replace": "k-other"},
        {"current_id": "k-other", "replace": "k-spare"},
    ):
        rotating.run(**arguments)
        assert isinstance(rotating.error, InvalidArgument)
        assert "Nothing was changed" in str(rotating.error)
    assert service.requests == [request_line("list_api_keys")] * 5
    rotating.run(current_id="k-old", replace="k-spare")
    assert service.keys == {"k-new": NEW}
    assert rotating.result is not None
    assert rotating.result.steps[0] == "deleted key k-spare, as requested"
    assert service.most == 2


def test_naming_the_only_key_is_optional(make: MakeClient, server: ScriptedServer) -> None:
    """Its id may be given or not; an unknown one is refused."""
    rotating = Rotating(make, server, service := KeyService({"k-old": OLD}))
    rotating.run(current_id="k-other")
    assert isinstance(rotating.error, InvalidArgument)
    rotating.run(current_id="k-old")
    assert service.keys == {"k-new": NEW}


@cases("failure", FAILURES)
@cases("request_number", [1, 2, 3, 4, 5, 6])
@cases("slots", [1, 2])
def test_a_rotation_that_fails_anywhere_leaves_a_key_that_works(
    make: MakeClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture,
    *, slots: int, request_number: int, failure: Failure,
) -> None:  # fmt: skip
    """Whichever request fails, and however: the caller holds a key that works, the key in use is
    deleted only after the new one worked and was stored, there are never three keys, the error has
    the state of the rotation, and neither it nor the log shows a secret."""
    caplog.set_level(logging.DEBUG)
    keys = {"k-old": OLD, "k-spare": SPARE} if slots == 2 else {"k-old": OLD}
    service = KeyService(keys, fail_at=(request_number, failure))
    rotating = Rotating(make, server, service)
    rotating.run(current_id="k-old", replace="k-spare" if slots == 2 else None)
    held = {OLD, *rotating.stored}
    assert held & set(service.keys.values())
    assert rotating.violations == []
    assert service.most <= 2
    shown = everything_shown(rotating.error, rotating.result) + caplog.text
    assert not [secret for secret in (OLD, NEW, SPARE) if secret in shown]
    if rotating.error is None:
        assert service.keys == {"k-new": NEW}
        assert rotating.stored == [NEW]
    else:
        assert isinstance(rotating.error, ByteHouseError)
        said = str(rotating.error)
        assert "Nothing was changed" in said or "k-old" in said or "list_api_keys" in said
        if len(service.requests) > 1 and "k-new" in service.keys and NEW not in rotating.stored:
            assert "k-new" in said or "A new key may exist" in said


@pytest.mark.parametrize("failure", ["lost after", "garbled"])
def test_a_deletion_whose_response_is_lost_is_checked(
    make: MakeClient, server: ScriptedServer, failure: Failure
) -> None:
    """If the old key no longer exists, the rotation is complete."""
    rotating = Rotating(make, server, service := KeyService({"k-old": OLD}, fail_at=(4, failure)))
    rotating.run()
    assert rotating.error is None
    assert service.keys == {"k-new": NEW}
    assert len(service.requests) == 5


def test_a_failed_rotation_can_be_completed(make: MakeClient, server: ScriptedServer) -> None:
    """After a rotation that left a new key unstored, naming that as `replace` finishes it."""
    service = KeyService({"k-old": OLD}, fail_at=(2, "garbled"))
    rotating = Rotating(make, server, service)
    rotating.run()
    assert sorted(service.keys) == ["k-new", "k-old"]
    rotating.run(current_id="k-old", replace="k-new")
    assert service.keys == {"k-new": NEW}
    assert rotating.stored == [NEW]


def test_a_new_key_may_take_a_while_to_be_known(
    make: MakeClient, server: ScriptedServer, clock: FakeClock
) -> None:
    """A new key that is refused at first is tried again, with pauses."""
    rotating = Rotating(make, server, service := KeyService({"k-old": OLD}, known_after=4))
    rotating.run()
    assert service.keys == {"k-new": NEW}
    assert 0 < sum(clock.slept) < 30


def test_a_new_key_that_never_works_replaces_nothing(
    make: MakeClient, server: ScriptedServer, clock: FakeClock
) -> None:
    """After half a minute the old key is still in use, nothing is stored, and the error says so."""
    rotating = Rotating(make, server, service := KeyService({"k-old": OLD}, known_after=10**6))
    rotating.run()
    assert isinstance(rotating.error, AuthenticationError)
    assert "k-old is still in use" in str(rotating.error)
    assert sorted(service.keys) == ["k-new", "k-old"]
    assert rotating.stored == []
    assert 29 < sum(clock.slept) < 60


def test_a_list_of_another_user_proves_nothing(make: MakeClient, server: ScriptedServer) -> None:
    """A list under the new key that lacks the key in use does not prove that it works."""
    service = KeyService({"k-old": OLD})
    rotating = Rotating(make, server, service)
    server.handler = lambda seen: (
        data([{"id": "k-stranger"}])
        if NEW in (seen.header("Authorization") or "")
        else service(seen)
    )
    rotating.run()
    assert isinstance(rotating.error, ResponseDecodeError)
    assert service.deleted == []
    assert rotating.stored == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), OSError("disk full")])
def test_what_store_raises_keeps_the_old_key(
    make: MakeClient, server: ScriptedServer, interruption: BaseException
) -> None:
    """If storing fails or is interrupted, that error is raised, and both keys stay."""
    rotating = Rotating(make, server, service := KeyService({"k-old": OLD}))

    def failing(_: NewApiKey) -> None:
        raise interruption

    rotating.run(store=failing)
    assert rotating.error is interruption
    assert service.keys == {"k-old": OLD, "k-new": NEW}
    assert "k-old still works" in " ".join(interruption.__notes__)
    assert NEW not in everything_shown(rotating.error)


def test_an_awaitable_store_is_refused(make: MakeClient, server: ScriptedServer) -> None:
    """A coroutine function is refused at once; a coroutine that comes back keeps the old key."""
    rotating = Rotating(make, server, service := KeyService({"k-old": OLD}))

    async def later(key: NewApiKey) -> None:
        raise AssertionError(key)

    rotating.run(store=later)
    assert isinstance(rotating.error, InvalidArgument)
    assert service.requests == []
    rotating.run(store=lambda key: (later(key), None)[0])
    assert isinstance(rotating.error, InvalidArgument)
    assert service.deleted == []


def test_keys_without_ids_are_not_rotated(make: MakeClient, server: ScriptedServer) -> None:
    """Without ids it is not known which key is in use: nothing is changed."""
    bh = make(server.url, OLD)
    server.script(data([{"name": "k-old"}]))
    with pytest.raises(ResponseDecodeError, match="nothing was changed"):
        bh.api_keys.rotate(store=print, expires_in=1)
    assert len(server.seen) == 1


def test_a_rotation_acts_under_the_role_of_its_call(
    make: MakeClient, server: ScriptedServer
) -> None:
    """The role goes with each request, also those under the new key."""
    bh = make(server.url, OLD)
    service = KeyService({"k-old": OLD})
    roles: list[str | None] = []

    def noting(seen: Any) -> Reply:
        roles.append(seen.header(ROLE_HEADER))
        return service(seen)

    server.handler = noting
    bh.api_keys.rotate(store=lambda _: None, expires_in=1, role="Auditor")
    assert roles == ["Auditor"] * 4


@cases("token", ["eyJ.hush-4711", "hush-4711 two words", "hush-4711\n"])
@cases("reply", [Reply(500), Reply(403, "no"), Reply(body="[]")])
def test_the_token_of_a_subscription_is_shown_nowhere(
    bh: ByteHouse, server: ScriptedServer, caplog: pytest.LogCaptureFixture, token: str,
    reply: Reply,
) -> None:  # fmt: skip
    """Neither an error nor its traceback with locals nor the log shows the token."""
    caplog.set_level(logging.DEBUG)
    server.script(reply)
    with pytest.raises(ByteHouseError) as caught:
        bh.metadata.subscribe(1, 2, token)
    assert "hush-4711" not in everything_shown(caught.value) + caplog.text
