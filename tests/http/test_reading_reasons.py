"""Staff say why before they see what a user wrote, wherever that is; owners see who read what, when and why."""

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.utils import timezone

from chat import audit
from chat.models import Attachment, Conversation, Feedback, Reading
from chat.models.rights import rights_of
from chat.views import organizing, privacy
from tests.support.attachments import attach
from tests.support.conversations import stored_conversation
from tests.support.staff import staff

pytestmark = pytest.mark.django_db

SECRET = "unmistakable"
LIST, LOG, FEEDBACK = "/admin/chat/conversation/", "/admin/chat/reading/", "/admin/chat/feedback/"
ALL = ("view_conversation", "view_feedback", "change_feedback", "view_reading", "view_toolcall")
HOSTILE = "<img src=x onerror=alert(1)> \u202e{{ 7|add:7 }}"


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("olga")


@pytest.fixture
def conversation(owner: User) -> Conversation:
    conversation, (question, said) = stored_conversation(owner.pk, [SECRET, SECRET])
    Conversation.objects.filter(pk=conversation.pk).update(title=SECRET)
    conversation.refresh_from_db()
    Feedback.objects.create(message=said, value="down", comment=SECRET)
    attach(question, f"{SECRET}.txt", SECRET.encode(), text=SECRET)
    return conversation


@pytest.fixture
def required(settings: Any) -> None:
    settings.CHAT_READING_REASON = "required"


def pages_of(conversation: Conversation) -> dict[str, str]:
    """Where staff see what a user wrote, and what is asked for: the conversation, or a kind of list."""
    own, one = f"{LIST}{conversation.pk}/", str(conversation.pk)
    entry = audit.record(User.objects.create_user(f"rob-{uuid4()}"), conversation, "Read the transcript.")
    return {
        f"{own}change/?from=x&plain=1": one,
        f"{own}history/": one,
        f"{own}attachments/{Attachment.objects.get().pk}/": one,
        f"{own}attachments/{Attachment.objects.get().pk}/thumbnail/": one,
        f"{FEEDBACK}{Feedback.objects.get().pk}/change/": one,
        f"{LIST}?q={SECRET}": "",
        f"{FEEDBACK}?value__exact=down": "",
        LOG: "",
        f"{LOG}{entry.pk}/change/": "",
    }


def asked(response: Any) -> dict[str, str]:
    """What the page that it leads to is asked."""
    assert response.status_code == 302, response
    parts = urlsplit(response["Location"])
    assert parts.path == f"{LOG}reason/"
    return {name: value for name, (value,) in parse_qs(parts.query, keep_blank_values=True).items()}


@pytest.mark.usefixtures("required")
def test_each_page_that_shows_words_asks_first_and_then_is_the_page_that_was_wanted(
    conversation: Conversation,
) -> None:
    for path, of in pages_of(conversation).items():
        client, before = staff(*ALL), Reading.objects.count()
        answer = client.get(path)
        assert (asked(answer)["of"], asked(answer)["next"]) == (of, path)
        assert Reading.objects.count() == before, "Nothing was read"
        page = client.get(answer["Location"])
        assert SECRET not in page.content.decode().replace(f"q%3D{SECRET}", "")
        given = client.post(answer["Location"], {"reason": "T-1"})
        assert (given.status_code, given["Location"]) == (302, path)
        assert client.get(path).status_code in (200, 404), path  # a text has no thumbnail
        reading = Reading.objects.latest("pk")
        assert (reading.context.reason, reading.user_name.startswith("staff-")) == ("T-1", True), path


@pytest.mark.usefixtures("required")
def test_a_list_that_is_saved_or_searched_from_elsewhere_asks_too(conversation: Conversation) -> None:
    client = staff(*ALL)
    saved = {"action": "save_as_csv", "_selected_action": Feedback.objects.get().pk}
    answer = client.post(FEEDBACK, saved)
    assert asked(answer)["kind"] == "chat.feedback"
    client.post(answer["Location"], {"reason": "T-1"})
    assert SECRET in client.post(FEEDBACK, saved).content.decode()
    autocomplete = f"/admin/autocomplete/?app_label=chat&model_name=message&field_name=conversation&term={SECRET}"
    assert client.get(autocomplete).json()["results"] == []
    client.post(asked_page(client.get(LIST)), {"reason": "T-2"})
    assert len(client.get(autocomplete).json()["results"]) == 1


def asked_page(response: Any) -> str:
    page: str = response["Location"]
    assert asked(response)
    return page


@pytest.mark.usefixtures("required")
def test_what_shows_no_word_does_not_ask(conversation: Conversation) -> None:
    client = staff(*ALL, "delete_conversation")
    for path in ("/admin/", "/admin/chat/toolcall/", f"{LIST}{conversation.pk}/delete/"):
        page = client.get(path)
        assert page.status_code == 200
        assert SECRET not in page.content.decode()


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("reason", ["", "   ", "\u200b\u2800", "a" * 501, "a\0b"])
def test_what_is_no_reason_is_said_beside_the_field(conversation: Conversation, reason: str) -> None:
    client = staff("view_conversation")
    address = asked_page(client.get(f"{LIST}{conversation.pk}/change/"))
    page = client.post(address, {"reason": reason})
    assert page.status_code == 400
    assert 'aria-invalid="true"' in page.content.decode()
    assert 'aria-describedby="reason-help reason-error"' in page.content.decode()
    assert asked(client.get(f"{LIST}{conversation.pk}/change/"))
    assert client.post(address, {"reason": "a" * 500}).status_code == 302


def test_asked_it_may_be_left_empty_and_off_nobody_asks(conversation: Conversation, settings: Any) -> None:
    client, path = staff("view_conversation"), f"{LIST}{conversation.pk}/change/"
    assert client.get(path).status_code == 200
    assert client.get(f"{LOG}reason/?kind=chat.conversation&of=&next=/admin/").status_code == 404
    settings.CHAT_READING_REASON = "asked"
    address = asked_page(client.get(path))
    assert "You may leave it empty." in client.get(address).content.decode()
    assert client.post(address, {"reason": ""})["Location"] == path
    assert client.get(path).status_code == 200
    assert Reading.objects.latest("pk").context.reason == ""


@pytest.mark.usefixtures("required")
def test_the_form_takes_the_permission_a_token_and_an_address_of_this_site(conversation: Conversation) -> None:
    wanted = f"{LIST}{conversation.pk}/change/"
    address = f"{LOG}reason/?kind=chat.conversation&of={conversation.pk}&next={wanted}"
    for codename, status in [("view_toolcall", 403), ("view_conversation", 200), ("view_feedback", 200)]:
        assert staff(codename).get(address).status_code == status
    assert staff("view_conversation").get(wanted.replace(str(conversation.pk), str(uuid4()))).status_code == 302
    assert staff("view_toolcall").get(wanted).status_code == 403, "Whoever may not read is asked nothing"
    client = staff(*ALL)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.latest("pk"))
    assert strict.post(address, {"reason": "T-1"}).status_code == 403
    for odd in ("https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)", "", "x"):
        assert client.post(f"{LOG}reason/", QUERY_STRING=f"kind=chat.conversation&of=&next={odd}").status_code == 404
    for query in ("kind=auth.user&of=&next=/", "kind=chat.conversation&of=x&next=/", f"of={uuid4()}&next=/", ""):
        assert client.get(f"{LOG}reason/?{query}").status_code == 404
    assert client.get(f"{LOG}reason/?kind=chat.conversation&of={uuid4()}&next=/").status_code == 404
    assert client.get(f"{LOG}reason/?kind=chat.feedback&of={conversation.pk}&next=/").status_code == 404
    assert not Reading.objects.exists()


# What owners see


def privacy_of(user: User, query: str = "", language: str = "en") -> str:
    return page_of(privacy.show, user, f"/settings/privacy/{query}", language)


def page_of(view: Any, user: User, path: str, language: str = "en", *args: Any) -> str:
    """In this thread, which sees what the test has stored: who may open it, tests/http/test_permissions.py has."""
    request: Any = RequestFactory().get(path, headers={"Accept": "text/html"})
    request.user, request.csp_nonce, request.LANGUAGE_CODE = user, "", language
    rights_of(user)
    response = view.__wrapped__(request, user, *args)
    assert response.status_code == 200
    text: str = response.content.decode()
    return text


@pytest.fixture
def reading(settings: Any, conversation: Conversation) -> Reading:
    settings.CHAT_READING_REASON, settings.CHAT_READING_NOTICE = "required", "at once"
    reader = User.objects.create_user("rita", is_staff=True)
    audit.give_reason(reader, Conversation, str(conversation.pk), HOSTILE)
    return audit.record(reader, conversation, "Read the transcript.")


def test_an_owner_sees_who_read_what_and_why(reading: Reading, owner: User, conversation: Conversation) -> None:
    page = privacy_of(owner)
    assert "<bdi>rita</bdi>" in page
    assert f"<bdi>{html.escape(HOSTILE)}</bdi>" in page
    assert "<img src=x" not in page
    assert "Read the conversation" in page
    assert f'href="/c/{conversation.pk}/"' in page
    assert "Gave a reason" not in page
    assert "rita" in privacy_of(owner, f"?of={conversation.pk}")
    assert "rita" not in privacy_of(owner, f"?of={uuid4()}")
    other = User.objects.create_user("otto")
    assert "rita" not in privacy_of(other) + privacy_of(other, f"?of={conversation.pk}")
    actions = page_of(organizing.actions, owner, f"/c/{conversation.pk}/actions/", "en", conversation.pk)
    assert f'href="/settings/privacy/?of={conversation.pk}"' in actions
    assert "rita" in privacy_of(owner, "", "de")


def test_of_what_is_erased_an_owner_sees_no_word_and_of_whom_no_name(
    reading: Reading, owner: User, conversation: Conversation
) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(deleted_at=timezone.now())
    page = privacy_of(owner)
    assert ("a conversation that is deleted" in page, SECRET in page, "rita" in page) == (True, False, True)
    Conversation.with_deleted.get(pk=conversation.pk).delete()
    audit.forget_names(Conversation, [conversation.pk])
    User.objects.get(username="rita").delete()
    page = privacy_of(owner)
    assert ("somebody whose account is erased" in page, SECRET in page, "rita" in page) == (True, False, False)
    assert html.escape(HOSTILE) in page, "It stays why"


def test_many_readings_are_shown_in_pages(reading: Reading, owner: User, conversation: Conversation) -> None:
    reader = User.objects.get(username="rita")
    for _ in range(59):
        audit.record(reader, conversation, "Read who has read it.")
    first = privacy_of(owner)
    assert first.count('class="readings__item"') == 50
    more = re.findall(r'href="(\?before=\d+)"', first)
    assert privacy_of(owner, more[0]).count('class="readings__item"') == 10
    for odd in ("x", "-1", "9" * 18, "9" * 19, "%00", "٣"):
        assert 'id="readings"' in privacy_of(owner, f"?before={odd}&of={odd}")


SAID = [
    ("off", "never", ["They are not asked for a reason.", "You are not told here"]),
    ("asked", "1", ["may leave it empty.", "After 1 day you are told"]),
    ("required", "30", ["They must give a reason first", "After 30 days you are told"]),
    ("required", "at once", ["They must give a reason first", "You are told at once"]),
]


@pytest.mark.parametrize(("reason", "notice", "said"), SAID)
def test_users_are_told_which_it_is(settings: Any, owner: User, reason: str, notice: str, said: list[str]) -> None:
    settings.CHAT_READING_REASON, settings.CHAT_READING_NOTICE = reason, notice
    page = privacy_of(owner)
    others = {sentence for *_, sentences in SAID for sentence in sentences} - set(said)
    assert [sentence in page for sentence in said] == [True, True]
    assert not [sentence for sentence in others if sentence in page]
    assert ('id="readings"' in page) == (notice != "never")


def test_an_owner_is_told_when_the_days_have_passed(
    settings: Any, reading: Reading, owner: User, conversation: Conversation
) -> None:
    settings.CHAT_READING_NOTICE = "7"
    assert "rita" not in privacy_of(owner)
    Reading.objects.filter(pk=reading.pk).update(created_at=timezone.now() - timedelta(days=7))
    assert "rita" in privacy_of(owner)
