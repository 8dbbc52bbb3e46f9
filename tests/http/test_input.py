"""Bad input, and from whom: a clear 4xx in JSON, never a 500, and nothing is left behind."""

import json
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat.models import Conversation
from tests.support.client import Client
from tests.support.client import question as body_of
from tests.support.upstream import ScriptedUpstream

ID = "11111111-1111-4111-8111-111111111111"
BAD_BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", ""),
    "not JSON": (b"text=Hello", "not JSON"),
    "cut JSON": (b'{"id": "', ""),
    "not UTF-8": (b'{"id": "' + ID.encode() + b'", "text": "\xff"}', ""),
    "UTF-16": (json.dumps({"id": ID, "text": "Hello"}).encode("utf-16"), ""),
    "a list": (b"[]", ""),
    "null": (b"null", ""),
    "a number": (b"1e999", ""),
    "nested too deep": (b"[" * 100_000, ""),
    "a number too long": (b'{"id": ' + b"1" * 10_000 + b"}", ""),
}
BAD_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "no id": ({"id": None}, "id"),
    "a bad id": ({"id": "x"}, "id"),
    "a number as id": ({"id": 5}, "id"),
    "a long id": ({"id": ID * 1000}, "id"),
    "a NUL in the id": ({"id": ID + "\0"}, "id"),
    "no text": ({"text": None}, "text"),
    "a list as text": ({"text": ["Hello"]}, "text"),
    "a number as text": ({"text": 5}, "text"),
    "empty text": ({"text": ""}, "text"),
    "blank text": ({"text": " \n\t\u3000\u2003"}, "text"),
    "text that shows nothing": ({"text": "\u200b\u202e \u2800"}, "text"),
    "a bad parent": ({"parent": "x"}, "parent"),
    "a number as parent": ({"parent": 0}, "parent"),
    "an unknown model": ({"model": "gpt-99"}, "model"),
    "a list as model": ({"model": ["gpt-4o-mini"]}, "model"),
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_a_body_that_is_not_a_json_object_is_refused(alice: Client, case: str) -> None:
    conversation = uuid.uuid4()
    reply = alice.request("POST", f"/c/{conversation}/messages/", BAD_BODIES[case][0], "application/json")
    assert (reply.status, reply.code) == (400, "bad_input")
    assert not Conversation.objects.filter(pk=conversation).exists()


@pytest.mark.parametrize("path", ["/settings/", "/settings/prompts/", f"/c/{ID}/settings/"])
def test_whoever_sends_json_gets_json(alice: Client, nobody: Client, path: str) -> None:
    """Whatever they say that they accept."""
    sent = b'{"max_tokens": 0, "name": ""}'
    for accept in ("", "*/*", "text/html"):
        reply = alice.request("POST", path, sent, "application/json", {"Accept": accept})
        assert (reply.status, reply.code) == (400, "bad_input")
        reply = nobody.request("POST", path, sent, "application/json", {"Accept": accept})
        assert (reply.status, reply.code) == (401, "not_logged_in")


def test_an_id_in_a_path_may_be_in_capitals(alice: Client) -> None:
    conversation = alice.ask_whole("Hello").start["conversation"]
    assert alice.get(f"/c/{conversation.upper()}/").json["id"] == conversation
    assert alice.ask_whole("Hello again", str(uuid.uuid4()).upper()).text


@pytest.mark.parametrize("title", ["\u200b", " \u202e\u2066\u2069 ", "\ufeff\n"])
def test_a_title_that_shows_nothing_is_none(alice: Client, title: str) -> None:
    conversation = alice.ask_whole("Hello").start["conversation"]
    assert alice.post(f"/c/{conversation}/title/", {"title": title}).status == 400
    assert alice.post(f"/c/{conversation}/title/", {"title": "👍" * 80}).status == 200
    assert alice.post(f"/c/{conversation}/title/", {"title": "👍" * 81}).status == 400


@pytest.mark.parametrize("case", BAD_FIELDS)
def test_a_wrong_field_is_refused_by_its_name(alice: Client, case: str) -> None:
    fields, name = BAD_FIELDS[case]
    body = {key: value for key, value in (body_of("Hello") | fields).items() if value is not None}
    conversation = uuid.uuid4()
    reply = alice.post(f"/c/{conversation}/messages/", body)
    assert (reply.status, reply.code) == (400, "bad_input")
    assert list(reply.json["error"]["fields"]) == [name]
    assert not Conversation.objects.filter(pk=conversation).exists()


def test_unknown_fields_are_ignored(alice: Client, question: str) -> None:
    assert alice.ask_whole(question, something={"else": 1}, role="system").text == "An answer."


def test_a_model_that_is_offered_is_asked(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    alice.ask_whole(question, model="gpt-4o-mini")
    assert upstream.asked(question)[0].json["model"] == "gpt-4o-mini"


@pytest.mark.parametrize("conversation", ["x", "", "11111111-1111-4111-8111-11111111111g"])
def test_what_is_no_uuid_is_not_found(alice: Client, conversation: str) -> None:
    reply = alice.post(f"/c/{conversation}/messages/", body_of("Hello"))
    assert (reply.status, reply.code) == (404, "not_found")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(alice: Client, method: str) -> None:
    reply = alice.request(method, f"/c/{uuid.uuid4()}/messages/")
    assert (reply.status, reply.code, reply.headers["Allow"]) == (405, "method_not_allowed", "POST")


def test_a_refused_message_keeps_its_id_free(alice: Client, question: str) -> None:
    conversation, asked = str(uuid.uuid4()), str(uuid.uuid4())
    assert alice.post(f"/c/{conversation}/messages/", body_of(" ", id=asked)).status == 400
    assert alice.ask_whole(question, conversation, id=asked).text == "An answer."


# Who


def test_nobody_gets_json_not_a_redirect(nobody: Client) -> None:
    reply = nobody.post(f"/c/{uuid.uuid4()}/messages/", body_of("Hello"))
    assert (reply.status, reply.code) == (401, "not_logged_in")


def test_somebody_elses_conversation_looks_like_an_unknown_one(alice: Client, bob: Client, question: str) -> None:
    ids = alice.ask_whole(question).start
    assert ids
    stranger = bob.post(f"/c/{ids['conversation']}/messages/", body_of(question))
    assert (stranger.status, stranger.code) == (404, "not_found")


def test_somebody_elses_message_id_joins_nothing(alice: Client, bob: Client, question: str) -> None:
    ids = alice.ask_whole(question).start
    assert ids
    for conversation in (ids["conversation"], str(uuid.uuid4())):
        reply = bob.post(f"/c/{conversation}/messages/", body_of(question, id=ids["parent"]))
        assert (reply.status, reply.code) == (404, "not_found")
    assert not Conversation.objects.filter(owner=bob.user).exists()


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
@pytest.mark.parametrize("path", ["/settings/", "/imports/", "/accounts/logout/"])
def test_what_is_no_form_is_refused_without_a_token_too(alice: Client, path: str, content_type: str) -> None:
    alice.cookies["csrftoken"] = ""
    assert alice.request("POST", path, b"{}", content_type, {"Accept": "text/html"}).status == 403


def test_a_missing_csrf_token_is_refused_in_json(alice: Client) -> None:
    conversation = uuid.uuid4()
    reply = alice.post(f"/c/{conversation}/messages/", body_of("Hello"), X_CSRFToken="")
    assert (reply.status, reply.code) == (403, "csrf")
    assert not Conversation.objects.filter(pk=conversation).exists()


def test_a_post_from_another_origin_is_refused(alice: Client) -> None:
    reply = alice.post(f"/c/{uuid.uuid4()}/messages/", body_of("Hello"), Origin="https://evil.example")
    assert (reply.status, reply.code) == (403, "csrf")


# Anything

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
bodies = st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "text", "parent", "model"), anything))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies | anything, what=st.sampled_from(["c/{}/messages", "messages/{}/regenerations"]))
def test_nothing_that_is_sent_breaks_the_site(alice: Client, body: object, what: str) -> None:
    reply = alice.post(f"/{what.format(uuid.uuid4())}/", body)
    assert 400 <= reply.status < 500
    assert reply.code


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=50))
def test_no_bytes_break_the_site(alice: Client, body: bytes) -> None:
    reply = alice.request("POST", f"/c/{uuid.uuid4()}/messages/", body, "application/json")
    assert (reply.status, reply.code) == (400, "bad_input")
