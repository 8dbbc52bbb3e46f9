"""The site in the language of who asks: pages, errors, endings, and the choice of another."""

import html
import io
import re
import uuid
import zipfile
from typing import Any

import pytest

from chat.core.endings import Status
from chat.models import Conversation, Generation, Message
from tests.conftest import ClientFor
from tests.support.client import Answer, Client
from tests.support.client import question as question_of
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, close, done, finish, say, status

GERMAN: dict[str, Any] = {"Accept_Language": "de-CH,de;q=0.9,en;q=0.5"}
BROKE_OFF = "Die Verbindung zum Modell ist abgerissen, bevor die Antwort fertig war."


THE_SAME = {
    "Chatsite",
    "English",
    "Deutsch",
    "?",
    "Enter",
    "Esc",
    "404",
    "/",
    "404 · Chatsite",
    "gpt-4o-mini",
    "+",
    "Code",
    "Chat",
    "↑",
}
"""Words that are the same in both languages, and names."""


def terms_of(page: str) -> set[str]:
    """The texts of a page and of its labels, for people."""
    page = re.sub("<script[^>]*>[^<]*</script>", "", page)
    texts = re.findall(r">([^<]+)<|(?:aria-label|title|placeholder)=\"([^\"]+)\"", page)
    return {html.unescape(text).strip() for pair in texts for text in pair if text.strip()}


def form_of(**fields: str) -> dict[str, str]:
    return {"csrfmiddlewaretoken": "c" * 32} | fields


# By what the browser accepts


@pytest.mark.parametrize(("accepted", "language"), [("de", "de"), ("fr, de;q=0.5", "de"), ("fr", "en"), ("", "en")])
def test_a_page_speaks_what_the_browser_accepts(alice: Client, accepted: str, language: str) -> None:
    page = alice.get("/", Accept="text/html", Accept_Language=accepted)
    assert f'<html lang="{language}">' in page.text
    assert f"/catalogue/{language}/" in page.text
    assert ("Was möchten Sie wissen?" in page.text) == (language == "de")
    assert page.headers["Content-Language"] == language


@pytest.mark.parametrize("path", ["/", "/search/", "/search/?q=none", "/accounts/logout/", "/nowhere/"])
def test_no_page_speaks_two_languages(alice: Client, path: str) -> None:
    """Each text and each label of the page is read in English, and none of them is on the German one."""
    english = terms_of(alice.get(path, Accept="text/html").text)
    german = terms_of(alice.get(path, Accept="text/html", **GERMAN).text)
    assert len(english) > 5
    assert english & german <= THE_SAME | {alice.user.username, alice.user.username[0].upper()}


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/"])
def test_nor_do_those_of_visitors(nobody: Client, path: str) -> None:
    english = terms_of(nobody.get(path, Accept="text/html").text)
    assert len(english) > 5
    assert english & terms_of(nobody.get(path, Accept="text/html", **GERMAN).text) <= THE_SAME | {
        "/accounts/signup/?token="
    }


def test_a_page_is_in_no_language_of_the_request_before(alice: Client) -> None:
    for _ in range(8):
        assert 'lang="de"' in alice.get("/", Accept="text/html", **GERMAN).text[:200]
        assert 'lang="en"' in alice.get("/", Accept="text/html").text[:200]


# Errors


def test_an_error_is_told_in_german(alice: Client) -> None:
    error = alice.get(f"/generations/{uuid.uuid4()}/events/", **GERMAN).json["error"]
    assert error == {"code": "not_found", "message": "Hier ist nichts, was Ihnen gehört."}


def test_so_are_the_fields_that_are_wrong(alice: Client) -> None:
    wrong = {"id": 1, "text": "Hi", "parent": None}
    error = alice.post(f"/c/{uuid.uuid4()}/messages/", wrong, **GERMAN).json["error"]
    assert error["fields"] == {"id": "Das ist kein Text."}
    error = alice.post(f"/c/{uuid.uuid4()}/messages/", question_of(" "), **GERMAN).json["error"]
    assert error["fields"] == {"text": "Schreiben Sie zuerst etwas."}
    assert error["message"] == "Schreiben Sie zuerst etwas."


def test_numbers_are_written_as_germans_do(alice: Client) -> None:
    sent = f"/c/{uuid.uuid4()}/messages/", question_of("x" * 123_456)
    german, english = (alice.post(*sent, **each).json["error"]["message"] for each in (GERMAN, {}))
    assert german == "Diese Nachricht hat 123.456 Zeichen; erlaubt sind 100.000. Kürzen Sie sie."
    assert english == "This message has 123,456 characters; 100,000 are allowed. Shorten it."


def test_a_refusal_by_a_task_is_told_in_german(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    end = Gate()
    upstream.script(question, say("Hello"), end, finish(), done())
    with alice.ask(question) as stream:
        message = stream.until_text("Hello").ids["message"]
        refusal = alice.post(f"/messages/{message}/continuations/", {"id": str(uuid.uuid4())}, **GERMAN)
        end.open()
        stream.rest()
    assert refusal.json["error"]["message"] == "Diese Antwort wird noch geschrieben."


def test_a_page_of_an_error_is_in_german(alice: Client) -> None:
    page = alice.get(f"/c/{uuid.uuid4()}/", Accept="text/html", **GERMAN)
    assert page.status == 404
    assert "Unter Ihren Unterhaltungen ist diese nicht." in page.text
    assert "Zu den Unterhaltungen" in page.text


def test_a_body_that_nobody_looks_at_is_refused_in_german(alice: Client) -> None:
    refusal = alice.post(f"/c/{uuid.uuid4()}/messages/", question_of("x" * 2_600_000), **GERMAN)
    assert (refusal.status, refusal.json["error"]["message"][:30]) == (413, "Das ist größer, als die Websit")


# Endings


def test_each_reader_has_the_ending_in_their_language(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    """Both follow the same reply while it is written, and once more when it is stored."""
    end = Gate()
    upstream.script(question, say("Hello"), end, close())
    path = f"/c/{uuid.uuid4()}/messages/"
    with alice.stream("POST", path, question_of(question), **GERMAN) as german:
        generation = german.until_text("Hello").ids["generation"]
        with alice.follow(generation) as english:
            english.until_text("Hello")
            end.open()
            assert english.rest().end["message"].startswith("The connection to the model broke off")
        assert german.rest().end["message"] == BROKE_OFF
    events = f"/generations/{generation}/events/"
    assert alice.stream("GET", events, **GERMAN).rest().end["message"] == BROKE_OFF
    assert alice.follow(generation).rest().end["message"].startswith("The connection to the model broke off")
    page = alice.get(f"/c/{german.ids['conversation']}/", Accept="text/html", **GERMAN)
    assert BROKE_OFF in page.text


@pytest.mark.parametrize(
    ("retry_after", "german"),
    [
        ("37", "Der Dienst des Modells ist gerade überlastet. Versuchen Sie es in 37 s noch einmal."),
        ("1200", "Der Dienst des Modells ist gerade überlastet. Versuchen Sie es in 20 Minuten noch einmal."),
    ],
)
def test_a_sentence_that_is_stored_with_a_number_is_translated(
    alice: Client, upstream: ScriptedUpstream, question: str, retry_after: str, german: str
) -> None:
    upstream.script(question, status(429, Retry_After=retry_after))
    with alice.stream("POST", f"/c/{uuid.uuid4()}/messages/", question_of(question), **GERMAN) as stream:
        assert stream.rest().end["message"] == german
    assert Generation.objects.get(pk=stream.ids["generation"]).error.startswith(
        "The model's service is over its limit"
    )


@pytest.mark.parametrize("ending", [Status.LENGTH, Status.STOPPED, Status.INTERRUPTED, Status.FAILED])
def test_stored_endings_are_translated(alice: Client, ending: Status) -> None:
    conversation = Conversation.objects.create(owner=alice.user, title="A title")
    asked = Message.objects.create(conversation=conversation, role="user", number=1)
    replied = Message.objects.create(conversation=conversation, role="assistant", number=2, parent=asked)
    generation = Generation(message=replied, owner=alice.user, model="m", status=ending, ends_at=0)
    generation.ended_at = generation.created_at
    generation.save()
    stream = alice.stream("GET", f"/generations/{generation.pk}/events/", **GERMAN)
    assert stream.rest().end["message"] not in ("", generation.sentence)


# What is taken along


def test_what_is_exported_is_in_german(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, say("Half"), close())
    conversation = alice.ask_whole(question).start["conversation"]
    markdown = alice.get(f"/c/{conversation}/export/?as=markdown", **GERMAN).text
    assert "## Sie\n" in markdown
    assert "*(vom Dienst des Modells abgebrochen)*" in markdown
    with zipfile.ZipFile(io.BytesIO(alice.get("/export/", **GERMAN).body)) as archive:
        assert archive.read("README.txt").decode().startswith("Ihre Unterhaltungen")
        (name,) = [name for name in archive.namelist() if name.endswith(".md")]
        assert archive.read(name).decode() == markdown


# By choice


def chosen(reply: Answer) -> str:
    (cookie,) = [value for value in reply.headers.get_all("Set-Cookie", []) if value.startswith("django_language")]
    return cookie


@pytest.mark.parametrize("who", ["alice", "nobody"])
def test_a_language_is_chosen(request: pytest.FixtureRequest, who: str) -> None:
    client: Client = request.getfixturevalue(who)
    here = f"http://{client.host}:{client.port}/search/"
    form = form_of(language="de")
    reply = client.post("/language/", form=form, Accept="text/html", Referer=here)
    assert (reply.status, reply.headers["Location"]) == (302, here)
    cookie = chosen(reply)
    assert cookie.startswith("django_language=de;")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    client.cookies["django_language"] = "de"
    page = client.get("/accounts/login/" if who == "nobody" else "/", Accept="text/html", Accept_Language="en")
    assert '<html lang="de">' in page.text


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_choice_leads_to_no_other_site(alice: Client, elsewhere: str) -> None:
    reply = alice.post(
        "/language/", form=form_of(language="de", next=elsewhere), Accept="text/html", Referer=elsewhere
    )
    assert (reply.status, reply.headers["Location"]) == (302, "/")


def test_a_language_that_is_none_changes_nothing(alice: Client) -> None:
    reply = alice.post("/language/", form=form_of(language="tlh"), Accept="text/html")
    assert reply.status == 302
    assert "django_language" not in str(reply.headers)


def test_no_other_site_chooses(alice: Client) -> None:
    alice.cookies["csrftoken"] = ""
    assert alice.post("/language/", form={"language": "de"}, Accept="text/html").status == 403


def test_the_pages_offer_each_language_in_its_own_words(alice: Client, nobody: Client) -> None:
    for page in (alice.get("/", Accept="text/html"), nobody.get("/accounts/login/", Accept="text/html", **GERMAN)):
        assert 'value="en" lang="en"' in page.text
        assert ">English</button>" in page.text
        assert ">Deutsch</button>" in page.text


# The scripts' words


def test_the_catalogue_has_our_words_and_no_others(nobody: Client) -> None:
    german, english = nobody.get("/catalogue/de/").text, nobody.get("/catalogue/en/").text
    assert "Die Antwort wird geschrieben." in german
    assert "Die Antwort" not in english
    assert "Now" not in german  # a word of the admin's calendar
    assert nobody.get("/catalogue/tlh/").status == 404


# For staff


def test_staff_read_german(
    site: Site, client_for: ClientFor, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Half"), close())
    conversation = alice.ask_whole(question).start["conversation"]
    staff = client_for(site, is_staff=True, is_superuser=True)
    for path, words in {
        "/admin/chat/conversation/": ("Unterhaltungen", "Letzte Aktivität", "an der Längengrenze abgeschnitten"),
        f"/admin/chat/conversation/{conversation}/change/": ("Besitzer", "Erstes Stück nach", BROKE_OFF),
        f"/admin/chat/conversation/{conversation}/delete/": ("Läufe des Modells", "Teile von Nachrichten"),
    }.items():
        page = staff.get(path, Accept="text/html", **GERMAN)
        assert page.status == 200
        assert [each for each in words if each not in page.text] == []
        english = terms_of(staff.get(path, Accept="text/html").text)
        assert not english & terms_of(page.text) & {"Owner", "Model", "Ending", "Messages", "Home", "Delete", "Error"}
