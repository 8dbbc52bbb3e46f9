"""Pages, and the plain forms on them: the site without JavaScript."""

import re
import uuid

import pytest

from chat.models import Conversation, Generation, Message
from tests.support.client import Client
from tests.support.site import Site
from tests.support.upstream import ScriptedUpstream, answer, done, finish, say
from tests.support.waiting import eventually

# Without JavaScript


def form_of(text: str, **fields: str) -> dict[str, str]:
    return {"csrfmiddlewaretoken": "c" * 32, "id": str(uuid.uuid4()), "text": text, "parent": ""} | fields


def test_a_form_redirects_to_the_page_that_shows_the_answer(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer("Shown without scripts"))
    conversation = str(uuid.uuid4())
    reply = alice.post(f"/c/{conversation}/messages/", form=form_of(question), Accept="text/html")
    assert (reply.status, reply.headers["Location"]) == (302, f"/c/{conversation}/")
    generation = Generation.objects.get(message__conversation=conversation)
    alice.follow(str(generation.pk)).rest()
    page = alice.get(f"/c/{conversation}/", Accept="text/html")
    assert page.status == 200
    assert "Shown without scripts" in page.text
    assert question in page.text


def test_a_form_posted_again_redirects_again(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    conversation, form = str(uuid.uuid4()), form_of(question)
    for _ in range(2):
        assert alice.post(f"/c/{conversation}/messages/", form=form).status == 302
    upstream.wait_asked(question)
    assert Message.objects.filter(conversation=conversation).count() == 2


def test_a_forms_line_ends_are_what_was_typed(alice: Client, question: str) -> None:
    form = form_of(f"{question}\r\nSecond line")
    alice.post(f"/c/{uuid.uuid4()}/messages/", form=form)
    assert Message.objects.get(pk=form["id"]).text == f"{question}\nSecond line"


def test_a_forms_errors_are_pages_with_the_draft(alice: Client, question: str) -> None:
    draft = question + "<&>"
    reply = alice.post(f"/c/{uuid.uuid4()}/messages/", form=form_of(draft, model="gpt-99"), Accept="text/html")
    assert reply.status == 400
    assert reply.headers["Content-Type"].startswith("text/html")
    assert question + "&lt;&amp;&gt;" in reply.text


def test_a_form_on_a_page_that_is_behind_can_be_sent_below_what_came(alice: Client, question: str) -> None:
    first = alice.ask_whole(question).start
    conversation, leaf = first["conversation"], first["message"]
    (shown,) = re.findall(r'name="leaf" value="([^"]*)"', alice.get(f"/c/{conversation}/", Accept="text/html").text)
    assert shown == leaf
    came = alice.ask_whole("Meanwhile", conversation, parent=leaf).start["message"]
    form = form_of("Behind <&>", parent=leaf, leaf=shown)
    reply = alice.post(f"/c/{conversation}/messages/", form=form, Accept="text/html")
    assert reply.status == 409
    assert "Behind &lt;&amp;&gt;" in reply.text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', reply.text))
    assert (fields["parent"], fields["leaf"]) == (came, came)
    reply = alice.post(f"/c/{conversation}/messages/", form=fields | {"text": "Behind <&>"}, Accept="text/html")
    assert reply.status == 302
    assert str(Message.objects.get(pk=fields["id"]).parent_id) == came


def test_a_forms_csrf_failure_is_a_page_with_the_draft(alice: Client, question: str) -> None:
    form = form_of(question, csrfmiddlewaretoken="x" * 32)
    reply = alice.post(f"/c/{uuid.uuid4()}/messages/", form=form, Accept="text/html", X_CSRFToken="")
    assert reply.status == 403
    assert reply.headers["Content-Type"].startswith("text/html")
    assert question in reply.text


def test_nobodys_form_is_sent_to_the_login(nobody: Client) -> None:
    reply = nobody.post(f"/c/{uuid.uuid4()}/messages/", form=form_of("Hello"), Accept="text/html")
    assert reply.status == 302
    assert reply.headers["Location"].startswith("/accounts/login/")


# Pages


@pytest.mark.parametrize(
    "query", ["", "?temporary", "?edit={question}", "?rename={conversation}", "?message={answer}"]
)
def test_no_id_stands_twice_on_a_conversations_page(alice: Client, question: str, query: str) -> None:
    start = alice.ask_whole(question).start
    ids = {"conversation": start["conversation"], "question": start["parent"], "answer": start["message"]}
    path = "/" if query == "?temporary" else f"/c/{start['conversation']}/"
    has_no_id_twice(alice.get(path + query.format(**ids), Accept="text/html").text)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/settings/", "/settings/prompts/", "/settings/links/", "/settings/import/", "/settings/erasure/"),
        *("/archive/", "/search/?q=a", "/none/"),
    ],
)
def test_no_id_stands_twice_on_a_page(alice: Client, path: str) -> None:
    has_no_id_twice(alice.get(path, Accept="text/html").text)


def has_no_id_twice(html: str) -> None:
    ids = re.findall(r'\sid="([^"]*)"', html)
    assert ids
    assert sorted(ids) == sorted(set(ids))


def test_the_start_page_has_a_fresh_uuid_in_its_form(alice: Client) -> None:
    pages = [alice.get("/", Accept="text/html") for _ in range(2)]
    addresses = [re.findall(r"/c/([0-9a-f-]{36})/messages/", page.text) for page in pages]
    assert [page.status for page in pages] == [200, 200]
    assert all(addresses)
    assert addresses[0] != addresses[1]
    assert not Conversation.objects.filter(owner=alice.user).exists()


def test_the_page_bears_ids_roles_statuses_and_text(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, answer("1 < 2 & <b>bold</b>"))
    ids = alice.ask_whole(question).start
    assert ids
    page = alice.get(f"/c/{ids['conversation']}/", Accept="text/html").text
    for message, role in ((ids["parent"], "user"), (ids["message"], "assistant")):
        (tag,) = re.findall(rf'<[^>]*id="message-{message}"[^>]*>', page)
        assert f'data-role="{role}"' in tag
    (tag,) = re.findall(rf'<[^>]*id="message-{ids["message"]}"[^>]*>', page)
    assert 'data-status="complete"' in tag
    assert "1 &lt; 2 &amp; &lt;b&gt;bold&lt;/b&gt;" in page
    assert 'id="composer"' in page
    assert 'name="text"' in page


OFFERED = {
    "question": ["?edit="],
    "answer": ["feedback/", "regenerations/", "feedback/"],
    "cut answer": ["continuations/", "regenerations/", "feedback/", "regenerations/", "feedback/"],
    "newer answer": ["selection/", "feedback/", "regenerations/", "feedback/"],
}


def test_the_page_of_a_messages_actions_offers_what_fits(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("<b>Half</b>"), finish("length"), done())
    start = alice.ask_whole(question).start
    assert start
    asked, answered, found = start["parent"], start["message"], {}

    def look(name: str, pk: str) -> str:
        page = alice.get(f"/messages/{pk}/actions/", Accept="text/html").text
        has_no_id_twice(page)
        ways = r'(?:action|formaction|href)="/(?:messages|c)/[0-9a-f-]+/((?:\w+/|\?edit=))[^"]*"'
        found[name] = [way for way in re.findall(ways, page) if way not in ("details/", "export/")]
        return page

    assert "&lt;b&gt;Half&lt;/b&gt;" in look("cut answer", answered)
    look("question", asked)
    Generation.objects.filter(message=answered).update(status="complete")
    assert f'href="/messages/{answered}/details/"' in look("answer", answered)
    newer = str(uuid.uuid4())
    upstream.script(question, answer("giraffe " * 1000))
    alice.regenerate(answered, id=newer).rest()
    assert "2 of 2" in (page := look("newer answer", newer))
    assert page.count("giraffe ") == 25  # its beginning
    assert found == OFFERED


def test_an_unknown_conversation_and_somebody_elses_have_the_same_page(
    alice: Client, bob: Client, question: str
) -> None:
    ids = alice.ask_whole(question).start
    assert ids
    stranger = bob.get(f"/c/{ids['conversation']}/", Accept="text/html")
    unknown = bob.get(f"/c/{uuid.uuid4()}/", Accept="text/html")
    assert stranger.status == unknown.status == 404
    assert without_secrets(stranger.text) == without_secrets(unknown.text)


def without_secrets(page: str) -> str:
    return re.sub(r'value="[A-Za-z0-9]{64}"|[0-9a-f]{8}-[0-9a-f-]{27}', "", page)


def test_pages_and_streams_are_not_kept_by_caches(alice: Client, site: Site, question: str) -> None:
    ids = alice.ask_whole(question).start
    assert ids
    for path in ("/", f"/c/{ids['conversation']}/", f"/c/{uuid.uuid4()}/"):
        assert "no-store" in alice.get(path).headers["Cache-Control"]


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("PUT", "/"), ("POST", "/c/{conversation}/")])
def test_a_method_that_a_page_does_not_take_is_a_page_too(alice: Client, method: str, path: str) -> None:
    path = path.format(conversation=uuid.uuid4())
    reply = alice.request(method, path, headers={"Accept": "text/html"})
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")
    assert "does not take requests of this kind" in reply.text


def test_error_pages_of_no_view_are_not_kept_and_name_nobody(alice: Client) -> None:
    assert alice.user
    unknown = alice.get("/nowhere/", Accept="text/html")
    unsafe = alice.post("/accounts/logout/", form={"csrfmiddlewaretoken": "x" * 32}, Accept="text/html")
    for reply, status in ((unknown, 404), (unsafe, 403)):
        assert (reply.status, reply.headers["Cache-Control"]) == (status, "no-store, private")
        assert alice.user.get_username() not in reply.text
        assert "csrfmiddlewaretoken" not in reply.text


def test_the_log_has_no_search_and_no_token(alice: Client, site: Site) -> None:
    word, token = f"w{uuid.uuid4().hex}", f"{uuid.uuid4().hex}_T"
    form = {"csrfmiddlewaretoken": "x" * 32}
    assert alice.get(f"/search/?q={word}", Accept="text/html").status == 200
    assert alice.get(f"/search?q={word}", Accept="text/html").status in (301, 404)
    assert alice.get(f"/search/?q={word}&before=x", Accept="text/html").status == 400
    assert alice.get(f"/s/{token}/", Accept="text/html").status == 404
    assert alice.get(f"/s/{token}/nowhere/?of={word}", Accept="text/html").status == 404
    assert alice.post(f"/shares/{token}/revocation/", form=form, Accept="text/html").status == 403
    has_line(site, "/s/…/nowhere/")
    has_line(site, "/shares/…/revocation/")
    assert word not in site.log
    assert token not in site.log


def has_line(site: Site, words: str) -> None:
    """A line of the access log comes after the response."""
    eventually(lambda: words in site.log, f"a line with {words}")
