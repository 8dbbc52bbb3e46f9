"""The list of conversations: what is in it, in which order, and what becomes of each."""

import re
import uuid
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from chat.conversations.listing import MOST_PINNED, PAGE, by_day, listing
from chat.models import Conversation, Generation, SearchEntry
from chat.models.conversation import ERASING
from chat.models.entries import LISTED
from chat.models.entry import Entry
from chat.retention.erasure import RESTORABLE
from chat.views.listing import _look
from tests.support.client import Answer, Client, question
from tests.support.conversations import stored_conversation
from tests.support.queries import counted_queries
from tests.support.upstream import Gate, ScriptedUpstream, say


def listed(client: Client, count: int = 1, **fields: Any) -> list[Conversation]:
    """Conversations of hers, the last first in the list."""
    assert client.user
    begin = Conversation.with_deleted.count()
    return Conversation.objects.bulk_create(
        Conversation(owner=client.user, title=f"Number {begin + number}", activity=begin + number, **fields)
        for number in range(1, count + 1)
    )


def post(client: Client, conversation: Conversation | str, noun: str, body: object = None) -> Answer:
    pk = conversation if isinstance(conversation, str) else conversation.pk
    return client.post(f"/c/{pk}/{noun}/", body or {})


def fresh(conversation: Conversation) -> Conversation:
    return Conversation.with_deleted.get(pk=conversation.pk)


def shown(client: Client, path: str = "/conversations/") -> str:
    reply = client.get(path)
    assert reply.status == 200
    return reply.text


# A title


def test_a_conversation_is_called_what_its_owner_says_and_found_by_it(alice: Client) -> None:
    (conversation,) = listed(alice)
    reply = post(alice, conversation, "title", {"title": "  The\tzebra's\n\0\ud800 "})
    assert (reply.status, reply.json["title"]) == (200, "The zebra's \ufffd\ufffd")
    assert fresh(conversation).titled_by == "owner"
    assert alice.user
    assert SearchEntry.objects.matching(alice.user.pk, "zebra")


@pytest.mark.parametrize("title", ["", " \n ", "x" * 81, 5, None, ["x"]])
def test_what_is_no_title_is_refused(alice: Client, title: object) -> None:
    (conversation,) = listed(alice)
    reply = post(alice, conversation, "title", {"title": title})
    assert (reply.status, reply.code) == (400, "bad_input")
    assert fresh(conversation).title == conversation.title


# Where it is kept


def test_pinned_ones_come_first_and_archived_ones_are_listed_in_the_archive_alone(alice: Client) -> None:
    pinned, archived, other = listed(alice, 3)
    assert post(alice, pinned, "shelf", {"pinned": True}).json["pinned"] is True
    assert post(alice, archived, "shelf", {"archived": True}).json["archived"] is True
    items = shown(alice)
    assert items.index("Pinned") < items.index(pinned.title) < items.index("Today") < items.index(other.title)
    assert archived.title not in items
    assert archived.title in shown(alice, "/archive/")
    assert other.title not in shown(alice, "/archive/")
    post(alice, archived, "shelf", {"archived": False})
    assert archived.title in shown(alice)


def test_only_so_many_pinned_ones_stand_first(alice: Client) -> None:
    assert alice.user
    owner = alice.user.pk
    count = len(listed(alice, MOST_PINNED + 3, is_pinned=True) + listed(alice, PAGE))
    newest = [each.pk for each in Conversation.objects.filter(owner=owner).recent()]
    assert len(newest) == count
    first = listing(owner)
    groups = {group.name: [each.pk for each in group.conversations] for group in first.groups}
    assert len(groups.pop("pinned")) == MOST_PINNED
    later = listing(owner, first.more)
    assert all(group.name != "pinned" for group in later.groups)
    pks = [each.pk for page in (first, later) for group in page.groups for each in group.conversations]
    assert sorted(pks) == sorted(newest), "each once"


@pytest.mark.parametrize("body", [{"pinned": "yes"}, {"archived": 1}, {"pinned": []}])
def test_what_is_neither_true_nor_false_is_refused(alice: Client, body: object) -> None:
    (conversation,) = listed(alice)
    assert post(alice, conversation, "shelf", body).status == 400


# Deletion


def test_what_is_deleted_is_nowhere_until_it_is_restored(alice: Client) -> None:
    (conversation,) = listed(alice)
    path = conversation.get_absolute_url()
    assert [post(alice, conversation, "deletion").status for _ in range(2)] == [200, 200]
    assert conversation.title not in shown(alice)
    assert alice.get(path).status == 404
    assert post(alice, conversation, "title", {"title": "Called otherwise"}).status == 404
    assert [post(alice, conversation, "restoration").status for _ in range(2)] == [200, 200]
    assert conversation.title in shown(alice)
    assert alice.get(path).status == 200


def test_who_goes_on_in_one_that_was_deleted_elsewhere_is_told(alice: Client) -> None:
    assert alice.user
    conversation, (asked, answer) = stored_conversation(alice.user.pk, ["Why?", "Because."])
    post(alice, conversation, "deletion")
    new = {"id": str(uuid.uuid4())}
    refused = [
        alice.refusal(f"/c/{conversation.pk}/messages/", question("And then?", parent=str(answer.pk))),
        alice.refusal(f"/messages/{answer.pk}/regenerations/", new),
        alice.refusal(f"/messages/{answer.pk}/continuations/", new),
        alice.post(f"/messages/{asked.pk}/selection/", {}),
        alice.post(f"/messages/{answer.pk}/feedback/", {"value": "up"}),
        *(post(alice, conversation, noun, {"title": "Zebra"}) for noun in ("title", "shelf", "settings")),
    ]
    assert {(each.status, each.json["error"]["message"]) for each in refused if each} == {
        (404, "There is no such conversation among yours. It may have been deleted.")
    }
    assert None not in refused


def test_to_delete_again_does_not_put_its_erasure_off(alice: Client) -> None:
    before = timezone.now() - timedelta(minutes=9)
    (conversation,) = listed(alice, deleted_at=before)
    post(alice, conversation, "deletion")
    assert fresh(conversation).deleted_at == before


def test_undo_is_offered_while_it_would_do_something(alice: Client) -> None:
    now = timezone.now()
    for deleted_at, is_offered in (
        (now, True),
        (now - RESTORABLE + timedelta(minutes=1), True),
        (now - RESTORABLE, False),  # as what is being imported is hidden
        (ERASING, False),
        (None, False),
    ):
        (conversation,) = listed(alice, deleted_at=deleted_at)
        page = shown(alice, f"/?deleted={conversation.pk}")
        assert (f'action="/c/{conversation.pk}/restoration/"' in page) == is_offered, deleted_at
        if deleted_at:
            assert (post(alice, conversation, "restoration").status == 200) == is_offered
            assert (conversation.title in page) == is_offered


def test_a_deletion_stops_the_answer(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, say("Because"), Gate())
    with alice.ask(question) as stream:
        ids = stream.until_text("Because").ids
        assert post(alice, ids["conversation"], "deletion").status == 200
        end = stream.rest().end
    assert end
    assert end["status"] == "stopped"
    assert Generation.objects.get(pk=ids["generation"]).status == "stopped"


# Plain forms


def form(client: Client, path: str, **fields: str) -> Answer:
    return client.post(path, form=fields)


def test_plain_forms_lead_back_and_a_deletion_to_its_undo(alice: Client) -> None:
    (conversation,) = listed(alice)
    path = conversation.get_absolute_url()
    assert form(alice, f"{path}shelf/", archived="true", back="/archive/").headers["Location"] == "/archive/"
    assert form(alice, f"{path}shelf/", archived="false", back="//elsewhere.test/").headers["Location"] == path
    assert form(alice, f"{path}title/", title="Zebra").headers["Location"] == path
    where = form(alice, f"{path}deletion/").headers["Location"]
    page = alice.get(where, Accept="text/html").text
    assert "“Zebra” was deleted." in page
    assert f'action="{path}restoration/"' in page
    assert form(alice, f"{path}restoration/").headers["Location"] == path
    assert "was deleted" not in alice.get(where, Accept="text/html").text


def test_the_page_of_its_actions_leads_back_to_where_it_was_asked_for(alice: Client) -> None:
    (conversation,) = listed(alice, is_pinned=True)
    Conversation.objects.filter(pk=conversation.pk).update(title="<b>1</b>")
    path = conversation.get_absolute_url()
    page = alice.get(f"{path}actions/", Accept="text/html", Referer=f"{alice.url}/?after=5-{conversation.pk}")
    assert "<b>1</b>" not in page.text
    assert re.findall(r'name="back" value="([^"]*)"', page.text) == [f"/?after=5-{conversation.pk}"] * 2
    for way in ("title", "shelf", "deletion"):
        assert f'action="{path}{way}/"' in page.text
    flags = re.findall(r'name="(pinned|archived)" value="(\w+)"', page.text)
    assert flags == [("pinned", "false"), ("archived", "true")]
    for way in (f"/settings/links/?of={conversation.pk}", f"{path}export/?as=markdown", f"{path}export/?as=json"):
        assert f'href="{way}"' in page.text
    assert page.headers["Cache-Control"] == "no-store, private"
    assert f'href="{path}"' in alice.get(f"{path}actions/", Accept="text/html").text


# Pages


def test_pages_follow_each_other_without_a_gap_however_many_are_asked_meanwhile(alice: Client) -> None:
    conversations = listed(alice, 2 * PAGE + 5)
    assert alice.user
    first = listing(alice.user.pk)
    assert first.more
    listed(alice, 3)
    second = listing(alice.user.pk, first.more)
    third = listing(alice.user.pk, second.more)
    found = [each.pk for page in (first, second, third) for group in page.groups for each in group.conversations]
    assert found == [each.pk for each in reversed(conversations)]
    assert third.more is None
    assert conversations[0].title in shown(alice, f"/conversations/?after={second.more}")


def test_those_of_equal_activity_are_told_apart(alice: Client) -> None:
    assert alice.user
    Conversation.objects.bulk_create(Conversation(owner=alice.user, activity=7) for _ in range(PAGE + 1))
    more = listing(alice.user.pk).more
    (group,) = listing(alice.user.pk, more).groups
    assert len(group.conversations) == 1


@pytest.mark.parametrize("after", ["x", "1", f"-{uuid.UUID(int=1)}", f"{10**19}-{uuid.UUID(int=1)}", "1-2"])
def test_what_is_no_place_is_refused(alice: Client, after: str) -> None:
    assert alice.get(f"/conversations/?after={after}").code == "bad_input"


@pytest.mark.parametrize("count", [60, 600])
def test_queries_are_as_many_however_many_conversations(alice: Client, count: int) -> None:
    listed(alice, count)
    listed(alice, 5, is_pinned=True)
    assert alice.user
    with counted_queries() as queries:
        listing(alice.user.pk)
    assert len(queries) == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by how many rows there are")
def test_a_page_is_read_from_the_index_in_its_order(alice: Client) -> None:
    assert alice.user
    recent = Conversation.objects.listed(alice.user.pk).filter(is_pinned__in=[False]).recent()
    for page in (recent, recent.below(5, uuid.uuid4())):
        plan = page[:PAGE].explain()
        assert "conversation_listed (owner_id=? AND is_archived=? AND is_pinned=?" in plan
        assert "TEMP B-TREE" not in plan
    for kept in ("TRUE", "FALSE"):
        rows = f"SELECT * FROM chat_conversation WHERE {LISTED} AND is_pinned IN ({kept})"
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {rows} ORDER BY activity DESC, id DESC LIMIT 50", [alice.user.pk])
            plan = str(cursor.fetchall())
        assert "conversation_listed (owner_id=? AND is_archived=? AND is_pinned=?)" in plan
        assert "TEMP B-TREE" not in plan


def changed_at(when: datetime) -> Entry:
    return Entry(uuid.uuid4(), "", False, 1, when)


def test_days_are_told_apart() -> None:
    today = date(2026, 3, 10)
    days = [date(2026, 3, 11), today, date(2026, 3, 9), date(2026, 3, 4), date(2026, 3, 3), date(2026, 2, 1)]
    entries = [changed_at(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)) for day in days]
    groups = by_day(entries, today)
    assert [(group.name, len(group.conversations), group.key) for group in groups] == [
        ("today", 2, "2026-03-10"),
        ("yesterday", 1, "2026-03-09"),
        ("weekday", 1, "2026-03-04"),
        ("month", 1, "2026-03"),
        ("month", 1, "2026-02"),
    ]


def test_days_are_those_of_its_reader() -> None:
    entry = changed_at(datetime(2026, 3, 1, 23, 30, tzinfo=UTC))
    for name, today, heading in (
        ("UTC", date(2026, 3, 2), "yesterday"),
        ("Asia/Tokyo", date(2026, 3, 2), "today"),
        ("America/New_York", date(2026, 3, 1), "today"),
    ):
        (group,) = by_day([entry], today, ZoneInfo(name))
        assert group.name == heading, name


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),  # a day of 23 hours
        ("America/Havana", datetime(2026, 3, 8, tzinfo=UTC)),  # one without a midnight
        ("America/Havana", datetime(2026, 11, 1, tzinfo=UTC)),  # one with two
        ("America/Sao_Paulo", datetime(2018, 11, 4, tzinfo=UTC)),
        ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),  # one that never was
    ],
)
def test_each_moment_is_of_its_day(name: str, about: datetime) -> None:
    zone = ZoneInfo(name)
    moments = [about + timedelta(minutes=half_hours * 30) for half_hours in range(-120, 120)]
    unsorted = [*reversed(moments), *moments[::47]]
    today = max(moments).astimezone(zone).date()
    groups = by_day(list(map(changed_at, unsorted)), today, zone)
    days = [(group.day, len(group.conversations)) for group in groups]
    assert days == [
        (day, len(list(each))) for day, each in groupby(unsorted, lambda moment: moment.astimezone(zone).date())
    ]


def test_a_page_says_the_day_of_its_reader(alice: Client) -> None:
    now = timezone.now()
    listed(alice, updated_at=now - timedelta(hours=12))
    for hour, heading in ((6, "Yesterday"), (18, "Today")):
        hours = (hour - now.hour + 11) % 24 - 11  # from UTC
        alice.cookies["chat_timezone"] = f"Etc/GMT{-hours:+d}"
        assert f"<h3>{heading}</h3>" in shown(alice)
        assert f"<h3>{heading}</h3>" in alice.get("/", Accept="text/html").text
    for name in ("", "Nowhere/Land", "../../etc/passwd", "America", "x" * 5000, "%00", "é"):
        alice.cookies["chat_timezone"] = name.encode().decode("latin-1")
        assert shown(alice)


def test_it_says_of_which_version_the_site_is(alice: Client) -> None:
    (version,) = re.findall(r'data-version="(\w+)"', alice.get("/", Accept="text/html").text)
    reply = alice.get("/conversations/")
    unchanged = alice.get("/conversations/", If_None_Match=reply.headers["ETag"])
    assert [each.headers["Chat-Version"] for each in (reply, unchanged)] == [version, version]


# What is new in it


def test_a_page_that_shows_it_need_not_be_sent_it(alice: Client) -> None:
    listed(alice, 2)
    for path in ("/", listed(alice)[0].get_absolute_url()):
        (tag,) = re.findall(r'data-tag="W/&quot;(\w+)&quot;"', alice.get(path, Accept="text/html").text)
        assert alice.get("/conversations/", If_None_Match=f'W/"{tag}"').status == 304
    listed(alice)
    assert alice.get("/conversations/", If_None_Match=f'W/"{tag}"').status == 200


def test_nothing_is_sent_while_nothing_has_changed(alice: Client) -> None:
    (conversation,) = listed(alice)
    tag = alice.get("/conversations/").headers["ETag"]
    unchanged = alice.get("/conversations/", If_None_Match=tag)
    assert (unchanged.status, unchanged.body) == (304, b"")
    post(alice, conversation, "title", {"title": "Zebra"})
    assert alice.get("/conversations/", If_None_Match=tag).status == 200


def test_one_entry_is_as_it_stands_in_the_list(alice: Client, bob: Client) -> None:
    other, old, pinned = listed(alice, 3)
    Conversation.objects.filter(pk=old.pk).update(updated_at=datetime(2026, 1, 2, tzinfo=UTC), title="<b>Old</b>")
    Conversation.objects.filter(pk=pinned.pk).update(is_pinned=True)
    items = re.findall(r"<li.*?</li>", shown(alice), re.DOTALL)
    headings = {other: "Today", old: "January 2026", pinned: "Pinned"}
    for conversation, heading in headings.items():
        alone = alice.get(f"/conversations/{conversation.pk}/")
        above, entry = re.findall(r"<li.*?</li>", alone.text, re.DOTALL)
        assert f"<h3>{heading}</h3>" in above
        assert {above, entry} <= set(items)
        unchanged = alice.get(f"/conversations/{conversation.pk}/", If_None_Match=alone.headers["ETag"])
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert unchanged.headers["Chat-Version"] == alone.headers["Chat-Version"]
        assert bob.get(f"/conversations/{conversation.pk}/").status == 404
        Conversation.objects.filter(pk=conversation.pk).update(title="Zebra")
        changed = alice.get(f"/conversations/{conversation.pk}/", If_None_Match=alone.headers["ETag"])
        assert "Zebra" in changed.text


@pytest.mark.parametrize("hidden", [{"is_archived": True}, {"is_temporary": True}, {"deleted_at": ERASING}])
def test_what_is_not_in_the_list_is_no_entry(alice: Client, hidden: dict[str, Any]) -> None:
    (conversation,) = listed(alice, **hidden)
    assert alice.get(f"/conversations/{conversation.pk}/").code == "not_found"


def test_a_title_is_sent_only_if_it_is_another_one(alice: Client) -> None:
    (conversation,) = listed(alice)
    state = alice.get(conversation.get_absolute_url(), Accept="application/json")
    asked = {"Accept": "application/json", "If_None_Match": state.headers["ETag"]}
    unchanged = alice.get(conversation.get_absolute_url(), **asked)
    assert (unchanged.status, unchanged.body) == (304, b"")
    post(alice, conversation, "title", {"title": "Zebra"})
    assert alice.get(conversation.get_absolute_url(), **asked).json["title"] == "Zebra"


@pytest.mark.parametrize(
    "change",
    [{"title": "Zebra"}, {"is_pinned": True}, {"updated_at": datetime(2026, 1, 2, tzinfo=UTC)}, {"is_archived": True}],
)
def test_whatever_changes_what_is_shown_is_sent(alice: Client, change: dict[str, object]) -> None:
    conversation, _ = listed(alice, 2)
    before = alice.get("/conversations/")
    assert before.headers["ETag"].startswith('W/"')
    Conversation.objects.filter(pk=conversation.pk).update(**change)
    after = alice.get("/conversations/", If_None_Match=before.headers["ETag"])
    assert (after.status, after.text == before.text) == (200, False)


def test_each_language_and_each_page_of_it_has_its_own_tag(alice: Client) -> None:
    listed(alice, PAGE + 5)
    assert alice.user
    paths = ["/conversations/", f"/conversations/?after={listing(alice.user.pk).more}"]
    tags = [alice.get(path, Accept_Language=language).headers["ETag"] for path in paths for language in ("en", "de")]
    assert len(set(tags)) == 4


def test_a_list_is_rendered_anew_when_the_site_shows_it_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = {_look("en"), _look("de")}
    _look.cache_clear()
    monkeypatch.setattr(Entry, "get_absolute_url", lambda each: f"/elsewhere/{each.pk}/")
    looks.add(_look("en"))
    _look.cache_clear()
    assert len(looks) == 3


def test_one_that_is_being_answered_is_marked(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    gate = Gate()
    upstream.script(question, say("Because"), gate)
    with alice.ask(question) as stream:
        stream.until_text("Because")
        assert " data-answering" in shown(alice)
        alice.cancel(stream.ids["generation"])
        stream.rest()
    assert " data-answering" not in shown(alice)


def test_temporary_ones_are_not_listed(alice: Client) -> None:
    listed(alice, is_temporary=True)
    assert "Number" not in shown(alice)
