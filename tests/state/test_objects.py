from __future__ import annotations

from collections.abc import Iterator

import obstore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import S3Store

from tests.services import S3Server, free_port
from voiceform.model.errors import StateConflictError, StateError
from voiceform.state.object_keys import key_to_path, path_to_key
from voiceform.state.objects import ObjectStore

KEYS = st.text(st.characters(min_codepoint=32, exclude_categories=["Cc", "Cs"]), min_size=1)


@given(KEYS)
def test_every_key_has_its_own_safe_path(key: str) -> None:
    path = key_to_path(key)
    assert path_to_key(path) == key
    assert path.isascii()
    assert not {"", ".", ".."} & set(path.removesuffix(".json").split("/"))


@given(st.text())
def test_an_object_that_is_not_ours_has_no_key(path: str) -> None:
    key = path_to_key(path)
    assert key is None or key_to_path(key) == path


def use_server(monkeypatch: pytest.MonkeyPatch, server: S3Server, **changes: str) -> None:
    for name, value in {**server.environment(), **changes}.items():
        monkeypatch.setenv(name, value)


def test_objects_are_where_the_url_says(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    use_server(monkeypatch, s3_server)
    with ObjectStore("s3://voiceform/team a/voice/") as store:
        store.put("resources/queue.support", {"n": 1}, None)
    bucket = S3Store("voiceform", client_options={"allow_http": True})
    body = bytes(obstore.get(bucket, "team a/voice/resources/queue.support.json").bytes())
    assert b'"document":{"n":1}' in body


def test_objects_of_others_are_left_alone(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    use_server(monkeypatch, s3_server)
    with ObjectStore("s3://voiceform/outer") as outer, ObjectStore("s3://voiceform/outer-2") as other:
        other.put("key", {}, None)
        outer.put("key", {}, None)
        assert [entry.key for entry in outer.list("")] == ["key"]


def test_a_bucket_that_does_not_exist_is_not_an_empty_state(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_server(monkeypatch, s3_server)
    for use in (
        lambda store: store.get("meta"),
        lambda store: list(store.list("resources/")),
        lambda store: store.put("meta", {}, None),
        lambda store: store.put("meta", {}, '{"e_tag": "1"}'),
    ):
        with (
            ObjectStore("s3://nowhere/x") as store,
            pytest.raises(StateError, match="does not exist") as caught,
        ):
            use(store)
        assert not isinstance(caught.value, StateConflictError)


@pytest.fixture
def strict_server() -> Iterator[S3Server]:
    """A server that knows no credentials, and so refuses all."""
    server = S3Server.start(INITIAL_NO_AUTH_ACTION_COUNT="0")
    yield server
    server.close()


def test_credentials_that_are_refused_are_said_so(
    strict_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_server(monkeypatch, strict_server, AWS_SECRET_ACCESS_KEY="geheim")
    with ObjectStore("s3://voiceform/x") as store:
        for use in (lambda: store.get("k"), lambda: list(store.list("")), lambda: store.put("k", {}, None)):
            with pytest.raises(StateError, match="refused access") as caught:
                use()
            assert "geheim" not in f"{caught.value} {caught.value.__cause__}"


def test_a_server_that_is_not_there(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    use_server(monkeypatch, s3_server, AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    with ObjectStore("s3://voiceform/x") as store, pytest.raises(StateError, match="cannot use") as caught:
        store.get("meta")
    assert "\n" not in caught.value.what


def test_plain_http_is_for_this_machine_only(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    use_server(monkeypatch, s3_server, AWS_ENDPOINT_URL="http://storage.invalid:9000")
    with ObjectStore("s3://voiceform/x") as store, pytest.raises(StateError):
        store.get("meta")


def test_a_foreign_object_under_the_prefix_is_refused_by_name(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_server(monkeypatch, s3_server)
    bucket = S3Store("voiceform", client_options={"allow_http": True})
    obstore.put(bucket, "foreign/resources/queue.a.json", b'{"n": 1}')
    obstore.put(bucket, "foreign/README.txt", b"hello")
    with ObjectStore("s3://voiceform/foreign") as store:
        with pytest.raises(StateError, match=r"resources/queue\.a"):
            list(store.list(""))
        assert list(store.list("README")) == []


def test_a_signature_in_the_request_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "sv=2022-11-02&sp=rw&sig=geheim")
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"http://127.0.0.1:{free_port()}/account")
    message = "cannot use the state in az://container/x"
    with ObjectStore("az://container/x") as store, pytest.raises(StateError, match=message) as caught:
        store.get("key")
    assert "geheim" not in str(caught.value)
