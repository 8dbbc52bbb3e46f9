"""Links by which everybody, or members of the site, can read a conversation, as it was when the link was made."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import AsyncClient
from django.test import Client as DjangoClient
from django.urls import Resolver404, resolve
from django.utils import timezone

from chat.attachments.uploads import check_storage
from chat.conversations import sharing
from chat.conversations.sharing import MOST_LINKS, share
from chat.core.pagination import MOST_OF_MESSAGE, MOST_ON_PAGE
from chat.core.rights import Right
from chat.errors import Conflict, NotFound, TooLong
from chat.models import Conversation, Generation, Message, MessagePart, Restriction, Share
from chat.models.audience import Audience
from tests.conftest import RunSite
from tests.support.attachments import attach, attach_image
from tests.support.client import Client
from tests.support.conversations import stored_conversation
from tests.support.queries import counted_queries
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, say

HTML = {"Accept": "text/html"}
RUNNING = {"status": "running", "ends_at": None, "lease_until": timezone.now() + timedelta(days=1)}


@pytest.fixture
def site(committed: None, run_site: RunSite) -> Site:
    return run_site(CHAT_SHARING="public", CHAT_CONFIRM="")  # fresh logins: tests/http/test_second_factors.py


@pytest.fixture
def conversation(alice: Client) -> Conversation:
    assert alice.user
    conversation, messages = stored_conversation(alice.user.pk, ["Who <are> you?", "**A model**."])
    MessagePart.objects.create(message=messages[-1], number=1, kind="reasoning", text="Private thoughts")
    return conversation


def link(client: Client, conversation: Conversation, days: object = None, audience: str = "public") -> str:
    """The path of a new one."""
    reply = client.post(f"/c/{conversation.pk}/shares/", {"days": days, "audience": audience})
    assert reply.status == 201
    path = f"/s/{reply.json['token']}/"
    assert reply.json["url"] == f"http://{client.host}:{client.port}{path}"
    assert reply.json["audience"] == audience
    return path


def test_anybody_reads_it_and_nothing_else(
    alice: Client, bob: Client, nobody: Client, conversation: Conversation
) -> None:
    assert alice.user
    path = link(alice, conversation)
    pages = [client.get(path, **HTML) for client in (nobody, bob, alice)]
    for page in pages:
        assert page.status == 200
        assert "Who &lt;are&gt; you?" in page.text
        assert "**A model**." in page.text
        assert "gpt-4o-mini" in page.text
        for private in (alice.user.username, "Private thoughts", str(conversation.pk), "<form", 'id="account"'):
            assert private not in page.text


def test_a_members_link_says_nothing_before_the_login(
    alice: Client, bob: Client, nobody: Client, conversation: Conversation
) -> None:
    assert alice.user
    assert bob.user
    path = link(alice, conversation, audience="members")
    for asked in (path, f"{path}?page=2"):  # which it does not have
        asked_by_nobody = nobody.get(asked, **HTML)
        login = f"/accounts/login/?next={asked.replace('?', '%3F').replace('=', '%3D')}"
        assert (asked_by_nobody.status, asked_by_nobody.headers["Location"]) == (302, login)
        assert (asked_by_nobody.body, asked_by_nobody.headers["Cache-Control"]) == (b"", "no-store, private")
        refused = nobody.get(asked, Accept="application/json")
        assert (refused.status, refused.code) == (401, "not_logged_in")
        assert "model" not in refused.text
    pages = [client.get(path, **HTML) for client in (bob, alice)]
    for page in pages:
        assert page.status == 200
        assert (page.headers["X-Robots-Tag"], page.headers["Referrer-Policy"]) == ("noindex, nofollow", "no-referrer")
        assert "Who &lt;are&gt; you?" in page.text
        for private in (alice.user.username, bob.user.username, str(conversation.pk), "<form", 'id="account"'):
            assert private not in page.text
    assert bob.get(f"{path}?page=2", **HTML).status == 404
    assert alice.post(f"/shares/{path.split('/')[2]}/revocation/").status == 200
    assert nobody.get(path, **HTML).status == bob.get(path, **HTML).status == 404


def test_a_link_is_for_members_unless_its_maker_says_otherwise(alice: Client, conversation: Conversation) -> None:
    form = alice.get(f"/settings/links/?of={conversation.pk}", **HTML).text
    choices = re.findall(r'<option value="(\w*)">', form.partition('name="audience"')[2].partition("</select>")[0])
    assert choices == ["members", "public"]
    path = f"/c/{conversation.pk}/shares/"
    assert alice.post(path).json["audience"] == "members"
    for audience in ("", "public", "members"):
        assert alice.post(path, form={"days": "", "audience": audience}).status == 302
    made = list(
        Share.objects.filter(conversation=conversation).order_by("created_at").values_list("audience", flat=True)
    )
    assert made == ["members", "members", "public", "members"]
    listed = re.findall(r"(For [\w ]+) ·", alice.get("/settings/links/", **HTML).text)
    assert sorted(listed) == ["For everybody who has the link", *["For people who are logged in here"] * 3]
    wrong: list[object] = ["all", "Public", 1, None, ["public"]]
    for said in wrong:
        refused = alice.post(path, {"audience": said})
        assert (refused.status, list(refused.json["error"]["fields"])) == (400, ["audience"]), said


@pytest.fixture
def restricted(committed: None) -> Iterator[None]:
    Restriction.objects.create(right=Right.PUBLISH)
    yield
    Restriction.objects.all().delete()


@pytest.mark.usefixtures("restricted")
def test_once_it_is_restricted_one_for_everybody_takes_the_permission(
    alice: Client, bob: Client, nobody: Client, conversation: Conversation
) -> None:
    assert alice.user
    form, path = f"/settings/links/?of={conversation.pk}", f"/c/{conversation.pk}/shares/"
    assert 'name="audience"' not in alice.get(form, **HTML).text
    refused = alice.post(path, {"audience": "public"})
    assert (refused.status, refused.code) == (403, "not_permitted")
    assert sharing.NOT_PUBLIC in alice.post(path, form={"days": "", "audience": "public"}, **HTML).text
    assert bob.get(link(alice, conversation, audience="members"), **HTML).status == 200
    alice.user.user_permissions.add(Permission.objects.get(codename=Right.PUBLISH))
    assert 'name="audience"' in alice.get(form, **HTML).text
    public = link(alice, conversation)
    alice.user.user_permissions.clear()
    assert nobody.get(public, **HTML).status == 200, "it outlives the permission"


@pytest.mark.django_db(transaction=True)
def test_the_stricter_of_link_and_setting_counts(settings: Any) -> None:
    """Unless it is set, what was made for everybody goes on being that."""
    settings.CHAT_CONFIRM = ""
    everybody, members = "everybody who has the link", "people who are logged in here"
    owner, other = (User.objects.create(username=name) for name in ("owner", "reader"))
    visitor, reader, maker = DjangoClient(), DjangoClient(), DjangoClient()
    reader.force_login(other)
    maker.force_login(owner)
    conversation, _ = stored_conversation(owner.pk, ["Hi", "Ho"])
    paths = [share(owner.pk, conversation.pk, None, each).get_absolute_url() for each in Audience]
    form, shares = f"/settings/links/?of={conversation.pk}", f"/c/{conversation.pk}/shares/"
    for setting, of_public, readers, may_be_public in [
        (None, 200, everybody, False),
        ("members", 302, members, False),
        ("public", 200, everybody, True),
        (True, 200, everybody, True),
    ]:
        settings.CHAT_SHARING = setting
        assert [visitor.get(path).status_code for path in paths] == [302, of_public], setting
        assert [reader.get(path).status_code for path in paths] == [200, 200], setting
        page = maker.get(form).content.decode()
        assert sorted(re.findall(r"For ([\w ]+) ·", page)) == sorted([members, readers]), setting
        assert ('name="audience"' in page) == may_be_public, setting
        count = Share.objects.count()
        made = maker.post(shares, {"audience": "public"})
        assert (made.status_code, Share.objects.count() - count) == ((302, 1) if may_be_public else (403, 0)), setting
        assert may_be_public or sharing.NOT_PUBLIC in made.content.decode(), setting
        Share.objects.exclude(token__in=[path.split("/")[2] for path in paths]).delete()


def test_it_shows_nothing_while_its_owner_is_deactivated(
    alice: Client, nobody: Client, conversation: Conversation
) -> None:
    assert alice.user
    path = link(alice, conversation)
    for is_active, status in ((True, 200), (False, 404), (True, 200)):
        User.objects.filter(pk=alice.user.pk).update(is_active=is_active)
        assert nobody.get(path, **HTML).status == status


def test_it_says_that_there_was_a_file_and_nothing_else_of_it(
    alice: Client, nobody: Client, conversation: Conversation
) -> None:
    question = conversation.messages.all()[0]
    one = attach_image(question, "my-passport.png")
    first = link(alice, conversation)
    attach(question, "my-salary.txt", b"Far too little")
    pages = [nobody.get(path, **HTML).text for path in (first, link(alice, conversation))]
    assert "1 attached file is not part of this link." in pages[0]
    assert "2 attached files are not part of this link." in pages[1]
    for private in ("passport", "salary", "Far too little", str(one.pk), "<img", "3 × 2"):
        assert not any(private in page for page in pages)


def test_words_of_what_is_not_shown_are_no_title(alice: Client, nobody: Client, conversation: Conversation) -> None:
    """Neither those of the version before an edit, nor the name of a file that was sent without a word."""
    question = conversation.messages.all()[0]
    Conversation.objects.filter(pk=conversation.pk).update(title="My secret, as I first wrote it")
    edited = nobody.get(link(alice, conversation), **HTML).text
    assert "My secret" not in edited
    assert '<h1 class="shared__title" dir="auto">Who &lt;are&gt; you?</h1>' in edited
    Conversation.objects.filter(pk=conversation.pk).update(title="my-passport.png")
    MessagePart.objects.filter(message=question).update(text="")
    assert "passport" not in nobody.get(link(alice, conversation), **HTML).text
    Conversation.objects.filter(pk=conversation.pk).update(title="A given one", titled_by="owner")
    assert "A given one" in nobody.get(link(alice, conversation), **HTML).text


@pytest.mark.parametrize("of", [0, 1], ids=["question", "answer"])
def test_a_models_title_of_another_version_is_no_title(
    alice: Client, nobody: Client, conversation: Conversation, of: int
) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(title="My secret", titled_by="model")
    assert "My secret" in nobody.get(link(alice, conversation), **HTML).text
    message = conversation.messages.order_by("number")[of]
    Message.objects.create(conversation=conversation, parent=message.parent, role=message.role, number=9)
    edited = nobody.get(link(alice, conversation), **HTML).text
    assert "My secret" not in edited
    assert "Who &lt;are&gt; you?</h1>" in edited


@pytest.mark.parametrize("days", [0, False, True, [], {}, [7], 0.0, "0", " "])
def test_a_link_ends_unless_nothing_is_said_of_its_end(
    alice: Client, conversation: Conversation, days: object
) -> None:
    assert alice.post(f"/c/{conversation.pk}/shares/", {"days": days}).status == 400
    assert not Share.objects.exists()
    assert alice.post(f"/c/{conversation.pk}/shares/", {"days": ""}).status == 201


def test_a_long_branch_comes_in_pages(alice: Client, nobody: Client) -> None:
    assert alice.user
    long, texts = "x" * (MOST_OF_MESSAGE + 1), [f"Number {number}." for number in range(2 * MOST_ON_PAGE)]
    conversation, _ = stored_conversation(alice.user.pk, [*texts, "What is long?", long])
    path = link(alice, conversation)
    pages = [nobody.get(f"{path}?page={number}", **HTML) for number in (1, 2, 3)]
    assert nobody.get(path, **HTML).text.partition("<main")[2] == pages[0].text.partition("<main")[2]
    assert [page.text.count("<article") for page in pages] == [MOST_ON_PAGE, MOST_ON_PAGE, 2]
    shown = [said for page in pages for said in re.findall(r"Number \d+\.", page.text.partition("<article")[2])]
    assert shown == texts
    assert ["too long to be shown whole" in page.text for page in pages] == [False, False, True]
    assert "x" * MOST_OF_MESSAGE in pages[2].text
    assert long not in pages[2].text
    ways = [re.findall(r'href="\?page=(\d)"', page.text) for page in pages]
    assert ways == [["2"], ["1", "3"], ["2"]]
    unknown = nobody.get("/s/never-was/", **HTML)
    for number in ("0", "4", "999999", "9999999", "-1", "1.0", "%D9%A1", "x", ""):
        assert nobody.get(f"{path}?page={number}", **HTML).body == unknown.body, number


@pytest.mark.parametrize("text", ["x" * 26, "\N{GRINNING FACE}" * 3])
def test_a_snapshot_has_a_largest_size(conversation: Conversation, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MessagePart.objects.filter(message__conversation=conversation, kind="text").update(text=text * 1_000_000)
    monkeypatch.setattr(sharing, "MOST_BYTES", 900_000)
    with pytest.raises(TooLong):
        share(conversation.owner_id, conversation.pk, None)
    assert not Share.objects.filter(conversation=conversation).exists()


def test_what_links_show_takes_their_owners_storage(conversation: Conversation, settings: Any) -> None:
    first = share(conversation.owner_id, conversation.pk, None)
    settings.CHAT_STORAGE_PER_USER = Share.objects.of(conversation.owner_id).stored_bytes() + 100
    attachment = attach_image(conversation.messages.first(), "a.png", size=90)
    with pytest.raises(TooLong) as refused:
        share(conversation.owner_id, conversation.pk, None)
    assert (refused.value.status, refused.value.sentence) == (413, sharing.NO_ROOM)
    attachment.delete()
    with pytest.raises(TooLong):
        share(conversation.owner_id, conversation.pk, None)
    Share.objects.filter(pk=first.pk).update(expires_at=timezone.now())
    last = share(conversation.owner_id, conversation.pk, None)
    with pytest.raises(TooLong) as refused:
        check_storage(conversation.owner_id, 101)
    assert "what your links show" in refused.value.message
    check_storage(conversation.owner_id, 100)
    settings.CHAT_STORAGE_PER_USER = 0
    assert share(conversation.owner_id, conversation.pk, None) != last


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("change", "refused"),
    [
        (lambda it: it.update(deleted_at=timezone.now()), NotFound),
        (lambda it: it.update(is_temporary=True), Conflict),
        (lambda it: Generation.objects.filter(message__conversation__in=it).update(**RUNNING), Conflict),
    ],
    ids=["deleted", "temporary", "continued"],
)
def test_what_changes_while_it_is_read_is_not_shared(
    change: Callable[[Any], object], refused: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = User.objects.create(username="owner")
    conversation, _ = stored_conversation(owner.pk, ["Hi", "Ho"])
    read = sharing._sections

    def read_and_change(*args: Any) -> Any:
        sections = read(*args)
        change(Conversation.with_deleted.filter(pk=conversation.pk))
        return sections

    monkeypatch.setattr(sharing, "_sections", read_and_change)
    with pytest.raises(refused):
        share(owner.pk, conversation.pk, None)
    assert not Share.objects.exists()


def test_it_is_kept_from_search_engines_caches_and_other_sites(
    alice: Client, nobody: Client, conversation: Conversation
) -> None:
    path = link(alice, conversation)
    nobody.cookies.clear()
    page = nobody.get(path, **HTML)
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store, private"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Set-Cookie"] is None
    assert '<meta name="robots" content="noindex, nofollow">' in page.text
    assert nobody.post(path, form={}).status in (403, 405)
    refused = nobody.request("OPTIONS", path)
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/s/nul-\0/", "/shares/nul-\0/revocation/"], ids=ascii)
def test_what_no_database_takes_is_no_token(path: str) -> None:
    with pytest.raises(Resolver404):
        resolve(path)


def test_it_stays_as_it_was(alice: Client, nobody: Client, conversation: Conversation) -> None:
    path = link(alice, conversation)
    before = nobody.get(path, **HTML).text
    alice.ask_whole("Something later", str(conversation.pk), parent=str(conversation.current_id))
    MessagePart.objects.filter(message__conversation=conversation).update(text="Changed")
    after = nobody.get(path, **HTML).text
    assert "Something later" not in after
    assert "Changed" not in after
    assert before.partition("<main")[2] == after.partition("<main")[2]


def test_what_is_no_link_any_more_looks_as_if_it_never_was(
    alice: Client, bob: Client, nobody: Client, conversation: Conversation
) -> None:
    unknown = nobody.get("/s/never-was/", **HTML)
    assert unknown.status == 404
    assert "no longer shared" in unknown.text
    revoked, ended, deleted = link(alice, conversation), link(alice, conversation, 7), link(alice, conversation)
    assert bob.post(f"/shares/{revoked.split('/')[2]}/revocation/").code == "not_found"
    assert nobody.get(revoked, **HTML).status == nobody.get(ended, **HTML).status == 200
    assert alice.post(f"/shares/{revoked.split('/')[2]}/revocation/").status == 200
    Share.objects.filter(expires_at__isnull=False).update(expires_at=timezone.now() - timedelta(seconds=1))
    for path in (revoked, ended):
        assert nobody.get(path, **HTML).body == unknown.body
    assert nobody.get(deleted, **HTML).status == 200
    Conversation.objects.filter(pk=conversation.pk).update(deleted_at=timezone.now())
    assert nobody.get(deleted, **HTML).body == unknown.body
    Conversation.with_deleted.filter(pk=conversation.pk).delete()
    assert not Share.objects.exists()


def test_by_plain_forms(alice: Client, conversation: Conversation) -> None:
    assert f"/c/{conversation.pk}/shares/" in alice.get(f"/settings/links/?of={conversation.pk}", **HTML).text
    made = alice.post(f"/c/{conversation.pk}/shares/", form={"days": "30"}, **HTML)
    assert (made.status, made.headers["Location"]) == (302, "/settings/links/")
    token = Share.objects.get().token
    assert Share.objects.get().expires_at > timezone.now() + timedelta(days=29)
    assert f"http://{alice.host}:{alice.port}/s/{token}/" in alice.get("/settings/links/", **HTML).text
    assert alice.post(f"/shares/{token}/revocation/", form={}, **HTML).status == 302
    assert not Share.objects.exists()


def test_others_are_not_listed(alice: Client, bob: Client, conversation: Conversation) -> None:
    link(alice, conversation)
    assert "Who &lt;are&gt; you?" in alice.get("/settings/links/", **HTML).text
    assert "Who &lt;are&gt; you?" not in bob.get("/settings/links/", **HTML).text
    assert bob.get(f"/settings/links/?of={conversation.pk}", **HTML).status == 404


def test_what_cannot_be_shared_is_refused_in_words(
    alice: Client, upstream: ScriptedUpstream, conversation: Conversation, question: str
) -> None:
    path = f"/c/{conversation.pk}/shares/"
    assert alice.post(path, {"days": 5}).json["error"]["fields"] == {
        "days": "This is neither 1 nor 7 nor 30 nor empty."
    }
    Conversation.objects.filter(pk=conversation.pk).update(is_temporary=True)
    assert "temporary" in refusal(alice, path)
    Conversation.objects.filter(pk=conversation.pk).update(is_temporary=False)
    upstream.script(question, say("Begun"), Gate())
    with alice.ask(question) as stream:
        ids = stream.until_text("Begun").ids
        assert "still being written" in refusal(alice, f"/c/{ids['conversation']}/shares/")
        alice.cancel(ids["generation"])
    Share.objects.bulk_create(Share(conversation=conversation, snapshot={}) for _ in range(MOST_LINKS))
    assert "You have 200 links." in refusal(alice, path)


def test_a_double_click_makes_one_link(alice: Client, conversation: Conversation) -> None:
    page = alice.get(f"/settings/links/?of={conversation.pk}", **HTML).text
    ids = re.findall(r'<input type="hidden" name="id" value="([^"]+)"', page)
    form = {"csrfmiddlewaretoken": "c" * 32, "id": ids[0], "days": ""}
    path = f"/c/{conversation.pk}/shares/"
    for _ in range(2):
        assert alice.post(path, form=form).status == 302
    (share,) = Share.objects.filter(conversation=conversation)
    assert alice.post(path, {"id": ids[0]}).json["token"] == share.token
    # Whoever revokes it, by a double click too, does not get it back by the form.
    for _ in range(2):
        assert alice.post(f"/shares/{share.token}/revocation/", form={"csrfmiddlewaretoken": "c" * 32}).status == 302
    assert alice.post(path, {"id": ids[0]}).json["token"] != share.token
    assert alice.post(path, {"id": "none"}).status == 400


def refusal(client: Client, path: str) -> str:
    reply = client.post(path)
    assert (reply.status, reply.code) == (409, "conflict")
    return str(reply.json["error"]["message"])


def test_where_sharing_is_off_links_show_nothing(
    run_site: RunSite, client_for: Callable[..., Client], alice: Client, conversation: Conversation
) -> None:
    path = link(alice, conversation)
    off = Client(run_site(CHAT_SHARING="off").url, alice.user)
    assert off.get(path, **HTML).status == 404
    assert off.post(f"/c/{conversation.pk}/shares/").status == 404
    assert "/settings/links/" not in off.get(f"/c/{conversation.pk}/", **HTML).text
    assert "/settings/links/" in alice.get(f"/c/{conversation.pk}/", **HTML).text


async def _get(path: str) -> int:
    return (await AsyncClient().get(path)).status_code


@pytest.mark.django_db(transaction=True)
def test_a_public_page_costs_one_query() -> None:
    from asgiref.sync import async_to_sync

    owner = User.objects.create(username="owner")
    conversation, _ = stored_conversation(owner.pk, ["Hi", "Ho"] * 20)
    path = share(owner.pk, conversation.pk, None, Audience.PUBLIC).get_absolute_url()
    with counted_queries() as queries:
        assert async_to_sync(_get)(path) == 200
    (read,) = [sql for sql in queries if sql.startswith("SELECT")]
    assert "snapshot" not in read, "Of a long link, no more than the page shows"


@pytest.mark.django_db
def test_a_link_of_the_version_before_is_read_as_it_was() -> None:
    """Which one of its processes has made after the others were moved."""
    owner = User.objects.create(username="owner")
    conversation, _ = stored_conversation(owner.pk, ["Hi", "Ho"])
    sections = [[{"text": "a"}], [{"text": "b"}], [{"text": "c"}]]
    snapshot = {"messages": sections[0], "later": sections[1:], "sections": 3}
    link = Share.objects.create(conversation=conversation, snapshot=snapshot, audience=Audience.PUBLIC)
    for number, said in enumerate(sections, 1):
        page = sharing.shared(link.token, number, pytest.fail)
        assert (page.messages, page.earlier or 0, page.later or 4) == (said, number - 1, number + 1)
    with pytest.raises(NotFound):
        sharing.shared(link.token, 4, pytest.fail)
