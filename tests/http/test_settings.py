"""Settings of a conversation: what the model is told and how it answers; the defaults and the prompts of a user."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Conversation, Preferences, Prompt
from tests.conftest import RunSite
from tests.support.client import CSRF_SECRET, Answer, Client
from tests.support.client import question as question_of
from tests.support.site import Site
from tests.support.upstream import ScriptedUpstream, done, finish, say

WISE = {"system_prompt": "You are wise.", "temperature": 0.5, "max_tokens": 40}
CURT = {"system_prompt": "Be curt.", "temperature": 0.0, "max_tokens": 1}
NONE = {"system_prompt": "", "temperature": None, "max_tokens": None}


def begin(client: Client, text: str, **fields: object) -> Answer:
    """Ask in a new conversation."""
    return client.post(f"/c/{uuid.uuid4()}/messages/", question_of(text, **fields))


def asked_with(upstream: ScriptedUpstream, text: str, what: Any = "answer") -> dict[str, Any]:
    """With which settings the upstream was last asked this question."""
    body = upstream.asked(text, what)[-1].json
    first = body["messages"][0]
    told = first["content"] if first["role"] == "system" else ""
    return {"system_prompt": told, "temperature": body.get("temperature"), "max_tokens": body.get("max_tokens")}


# In the request to the model


def test_a_question_brings_the_settings_of_a_new_conversation(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    assert begin(alice, question, settings=WISE).status == 200
    assert asked_with(upstream, question) == WISE


def test_what_is_not_set_is_not_sent(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    assert begin(alice, question).status == 200
    assert upstream.asked(question)[-1].json.keys() == {"model", "messages", "stream", "stream_options"}


def test_a_plain_form_brings_them_as_fields(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    fields = {"system_prompt": "Two\r\nlines", "temperature": "0.5", "max_tokens": ""}
    form = {"id": str(uuid.uuid4()), "text": question, "parent": "", **fields}
    assert alice.post(f"/c/{uuid.uuid4()}/messages/", form=form).status == 302
    upstream.wait_asked(question)
    assert asked_with(upstream, question) == {"system_prompt": "Two\nlines", "temperature": 0.5, "max_tokens": None}


def test_a_new_conversation_begins_with_what_its_owner_prefers(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    Preferences.objects.create(user=alice.user, **WISE)
    assert begin(alice, question).status == 200
    assert asked_with(upstream, question) == WISE
    assert begin(alice, question, settings=NONE).status == 200
    assert asked_with(upstream, question) == NONE


def test_another_answer_and_more_of_one_take_the_settings_of_now(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Hel"), finish("length"), done())
    start = alice.ask_whole(question, settings=WISE).start
    assert start
    Conversation.objects.filter(pk=start["conversation"]).update(**CURT)
    alice.continue_(start["message"]).rest()
    assert asked_with(upstream, question, "continuation") == CURT
    alice.regenerate(start["message"]).rest()
    assert asked_with(upstream, question) == CURT


def test_settings_that_a_later_question_brings_change_nothing(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    start = alice.ask_whole(question, settings=WISE).start
    assert start
    alice.ask_whole(question + "!", start["conversation"], parent=start["message"], settings=CURT)
    assert asked_with(upstream, question + "!") == WISE


def test_the_site_speaks_before_the_conversation(
    run_site: RunSite, client_for: Callable[..., Client], upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(run_site(CHAT_SYSTEM_PROMPT="Be kind.", CHAT_INPUT_CHARS="30"))
    assert begin(client, question, settings={"system_prompt": "Be brief."}).status == 200
    assert asked_with(upstream, question)["system_prompt"] == "Be kind.\n\nBe brief."
    refused = begin(client, question, settings={"system_prompt": "x" * 31})
    assert (refused.status, refused.code) == (413, "too_long")
    assert "31 characters; 30 are allowed" in refused.json["error"]["fields"]["system_prompt"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("system_prompt", None),
        ("temperature", 2.1),
        ("temperature", -0.1),
        ("temperature", float("nan")),
        ("temperature", 10**400),
        ("temperature", True),
        ("temperature", "1"),
        ("max_tokens", 0),
        ("max_tokens", 1_000_001),
        ("max_tokens", 1.5),
    ],
)
def test_settings_that_cannot_be_are_refused_and_leave_nothing(
    alice: Client, question: str, name: str, value: object
) -> None:
    refused = begin(alice, question, settings={name: value})
    assert (refused.status, refused.code) == (400, "bad_input")
    assert list(refused.json["error"]["fields"]) == [name]
    assert not Conversation.objects.exists()


def test_settings_are_an_object(alice: Client, question: str) -> None:
    assert list(begin(alice, question, settings="wise").json["error"]["fields"]) == ["settings"]


# Of a conversation that exists


def test_settings_of_a_conversation_hold_from_the_next_answer_on(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    start = alice.ask_whole(question).start
    assert start
    path = f"/c/{start['conversation']}/settings/"
    assert alice.get(path, Accept="application/json").json == NONE
    assert alice.post(path, WISE).json == WISE
    alice.regenerate(start["message"]).rest()
    assert asked_with(upstream, question) == WISE
    assert alice.post(path, {}).json == NONE
    assert alice.get(path, Accept="application/json").json == NONE


def test_a_plain_form_sets_them_or_says_what_is_wrong(alice: Client, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    path = f"/c/{start['conversation']}/settings/"
    form = {"system_prompt": "Be <b>bold</b>.", "temperature": "0.5", "max_tokens": ""}
    assert alice.post(path, form=form).headers["Location"] == f"/c/{start['conversation']}/"
    refused = alice.post(path, form=form | {"system_prompt": "Kept.", "temperature": "3"}, Accept="text/html")
    assert refused.status == 400
    assert "The temperature is a number from 0 to 2." in refused.text
    assert "Kept." in refused.text
    page = alice.get(path, Accept="text/html").text
    assert "Be &lt;b&gt;bold&lt;/b&gt;." in page
    assert 'value="0.5"' in page


def test_a_script_is_told_which_setting_is_wrong(alice: Client, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    refused = alice.post(f"/c/{start['conversation']}/settings/", WISE | {"max_tokens": 0})
    assert (refused.status, refused.code) == (400, "bad_input")
    assert refused.json["error"]["message"] == "The token limit is a whole number from 1 to 1,000,000."


# Defaults


def test_defaults_are_set_on_their_page(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    form = {"system_prompt": "You are wise.", "temperature": "0.5", "max_tokens": "40"}
    saved = alice.post("/settings/", form=form)
    assert "Saved." in alice.get(saved.headers["Location"], Accept="text/html").text
    assert begin(alice, question).status == 200
    assert asked_with(upstream, question) == WISE
    assert "You are wise." in alice.get("/", Accept="text/html").text
    refused = alice.post("/settings/", form=form | {"max_tokens": "0"}, Accept="text/html")
    assert refused.status == 400
    assert alice.get("/settings/", Accept="application/json").json == WISE


# Prompts


def offered(client: Client) -> list[tuple[str, str, bool]]:
    return [(each["name"], each["text"], each["is_shared"]) for each in client.get("/prompts/").json["prompts"]]


def test_prompts_are_added_changed_and_deleted(alice: Client, bob: Client) -> None:
    Prompt.objects.create(name="For all", text="Hello")
    form = {"name": "Mine", "text": "Two\r\nlines <b>"}
    assert alice.post("/settings/prompts/", form=form).headers["Location"] == "/settings/prompts/"
    assert offered(alice) == [("For all", "Hello", True), ("Mine", "Two\nlines <b>", False)]
    assert offered(bob) == [("For all", "Hello", True)]
    page = alice.get("/settings/prompts/", Accept="text/html").text
    assert "lines &lt;b&gt;" in page
    assert page.count("For all") == 1
    path = f"/settings/prompts/{Prompt.objects.get(name='Mine').pk}/"
    assert alice.post(path, form={"name": "Ours", "text": "x"}).status == 302
    assert offered(alice)[1] == ("Ours", "x", False)
    assert alice.post(path + "deletion/", form={}).status == 302
    assert offered(alice) == [("For all", "Hello", True)]


def test_nobody_changes_a_shared_prompt_but_staff(alice: Client) -> None:
    shared = Prompt.objects.create(name="For all", text="Hello")
    assert alice.post(f"/settings/prompts/{shared.pk}/", {"name": "Mine", "text": "x"}).status == 404
    assert alice.post(f"/settings/prompts/{shared.pk}/deletion/").status == 404
    assert offered(alice) == [("For all", "Hello", True)]


def test_a_name_is_stored_as_every_database_can_hold_it(alice: Client) -> None:
    assert alice.post("/settings/prompts/", {"name": "a\0\ud800", "text": "\ud800"}).status == 200
    assert offered(alice) == [("a\ufffd\ufffd", "\ufffd", False)]


def test_a_name_is_one_line(alice: Client) -> None:
    assert alice.post("/settings/prompts/", {"name": " A\r\nletter\u2028 to ", "text": "Line\nline"}).status == 200
    assert offered(alice) == [("A letter to", "Line\nline", False)]


def test_a_double_click_makes_one_prompt_and_deletes_it_once(alice: Client) -> None:
    form = {"name": "Letter", "text": "Dear all"}
    for _ in range(2):
        assert alice.post("/settings/prompts/", form=form).status == 302
    prompt = Prompt.objects.get(owner=alice.user)
    for _ in range(2):
        assert alice.post(f"/settings/prompts/{prompt.pk}/deletion/", form={}).status == 302


def test_browsers_count_no_characters_otherwise_than_the_site(alice: Client) -> None:
    for path in ("/settings/prompts/", "/search/", "/", f"/?rename={alice.ask_whole('Hi').start['conversation']}"):
        assert "maxlength" not in alice.get(path, Accept="text/html").text


def test_a_name_stands_once_among_ones_own(alice: Client, bob: Client) -> None:
    Prompt.objects.create(name="Letter", text="Shared")
    prompt = {"name": "Letter", "text": "Mine"}
    assert alice.post("/settings/prompts/", prompt).status == 200
    assert bob.post("/settings/prompts/", prompt).status == 200
    refused = alice.post("/settings/prompts/", prompt)
    assert (refused.status, refused.code, list(refused.json["error"]["fields"])) == (409, "conflict", ["name"])
    page = alice.post("/settings/prompts/", form=prompt | {"text": "Kept."}, Accept="text/html")
    assert page.status == 400
    assert "You have a prompt of this name already." in page.text
    assert "Kept." in page.text


@pytest.mark.parametrize(
    ("name", "text", "field"),
    [("x" * 61, "x", "name"), (" ", "x", "name"), ("\u200b", "x", "name"), ("x", "", "text"), ("x", "\u202e", "text")],
)
def test_a_prompt_that_cannot_be_is_refused(alice: Client, name: str, text: str, field: str) -> None:
    refused = alice.post("/settings/prompts/", {"name": name, "text": text})
    assert (refused.status, list(refused.json["error"]["fields"])) == (400, [field])


def test_there_are_at_most_200_prompts_of_a_user(alice: Client) -> None:
    Prompt.objects.bulk_create(Prompt(owner=alice.user, name=f"{number}", text="x") for number in range(199))
    assert alice.post("/settings/prompts/", {"name": "The last", "text": "x"}).status == 200
    refused = alice.post("/settings/prompts/", {"name": "One more", "text": "x"})
    assert (refused.status, refused.code) == (409, "conflict")
    page = alice.post("/settings/prompts/", form={"name": "One more", "text": "x"}, Accept="text/html")
    assert "You have 200 prompts" in page.text


def test_their_texts_have_a_largest_size_together(alice: Client) -> None:
    text = "x" * 99_999
    Prompt.objects.bulk_create(Prompt(owner=alice.user, name=f"{number}", text=text) for number in range(10))
    assert alice.post("/settings/prompts/", {"name": "The last", "text": "x" * 10}).status == 200
    refused = alice.post("/settings/prompts/", {"name": "One more", "text": "x"})
    assert (refused.status, refused.code) == (413, "too_long")
    page = alice.post("/settings/prompts/", form={"name": "One more", "text": "Kept."}, Accept="text/html")
    assert page.status == 413
    assert "Your prompts would have 1,000,005 characters together; 1,000,000 are allowed." in page.text
    assert "Kept." in page.text
    full = Prompt.objects.get(owner=alice.user, name="1")
    for length, status in ((99_999, 200), (100_000, 413), (99_998, 200), (99_999, 200)):
        changed = alice.post(f"/settings/prompts/{full.pk}/", {"name": "1", "text": "y" * length})
        assert changed.status == status


def test_staff_write_the_shared_ones_in_the_admin(
    site: Site, client_for: Callable[..., Client], alice: Client
) -> None:
    own = Prompt.objects.create(owner=alice.user, name="Secret", text="Hers")
    staff = client_for(site, is_staff=True, is_superuser=True)
    form = {"name": "For all", "text": "Hello", "csrfmiddlewaretoken": CSRF_SECRET}
    assert staff.post("/admin/chat/prompt/add/", form=form).status == 302
    assert ("For all", "Hello", True) in offered(alice)
    again = staff.post("/admin/chat/prompt/add/", form=form)
    assert again.status == 200
    assert "There is a shared prompt of this name already." in again.text
    assert "Secret" not in staff.get("/admin/chat/prompt/", Accept="text/html").text
    assert staff.get(f"/admin/chat/prompt/{own.pk}/change/", Accept="text/html").status == 302
