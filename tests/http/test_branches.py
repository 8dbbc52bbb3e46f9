"""Long conversations: a page shows the end of one, and what is above it comes when it is asked for."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client as InProcess

from chat.core.pagination import MOST_CHARACTERS, MOST_MESSAGES, MOST_OF_MESSAGE, MOST_ON_PAGE, STEP
from chat.models import Conversation, Message
from tests.support.client import Answer, Client
from tests.support.conversations import stored_conversation
from tests.support.queries import counted_queries
from tests.support.upstream import ScriptedUpstream

NUMBER = 300
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def owner(client: Client) -> int:
    assert client.user
    return client.user.pk


@pytest.fixture
def long(alice: Client) -> tuple[Conversation, list[Message]]:
    """Alice's, of 300 messages."""
    return stored_conversation(owner(alice), [f"This is number {number}." for number in range(NUMBER)])


def page(client: Client, conversation: Conversation, query: str = "") -> Answer:
    return client.get(conversation.get_absolute_url() + query, Accept="text/html")


def shown(answer: Answer) -> list[str]:
    return re.findall(r'id="message-([^"]+)"', answer.text)


def ids(messages: list[Message]) -> list[str]:
    return [str(message.pk) for message in messages]


def above(client: Client, message: Message | str, query: str = "") -> Answer:
    return client.get(f"/messages/{getattr(message, 'pk', message)}/ancestors/{query}")


# The page


def test_a_page_shows_the_end_of_a_long_conversation(alice: Client, long: tuple[Conversation, list[Message]]) -> None:
    conversation, messages = long
    answer = page(alice, conversation)
    assert shown(answer) == ids(messages[-MOST_MESSAGES:])
    assert f'name="parent" value="{messages[-1].pk}"' in answer.text
    assert "Show earlier messages" in answer.text


def test_a_page_that_is_to_be_printed_begins_with_the_first_message(
    alice: Client, long: tuple[Conversation, list[Message]]
) -> None:
    conversation, messages = long
    answer = page(alice, conversation, "?print")
    assert shown(answer) == ids(messages)
    assert f'href="{conversation.get_absolute_url()}?print"' in answer.text


def test_a_short_conversation_is_shown_whole(alice: Client) -> None:
    conversation, messages = stored_conversation(owner(alice), ["short"] * MOST_MESSAGES)
    answer = page(alice, conversation)
    assert shown(answer) == ids(messages)
    assert "Show earlier messages" not in answer.text


def test_of_long_messages_a_page_shows_few(alice: Client) -> None:
    conversation, messages = stored_conversation(owner(alice), ["x" * (MOST_CHARACTERS // 4)] * 10)
    assert shown(page(alice, conversation)) == ids(messages[-4:])


def test_the_model_is_asked_with_the_whole_branch(
    alice: Client, upstream: ScriptedUpstream, long: tuple[Conversation, list[Message]], question: str
) -> None:
    conversation, messages = long
    alice.ask_whole(question, str(conversation.pk), parent=str(messages[-1].pk))
    assert len(upstream.wait_asked(question).json["messages"]) == NUMBER + 1


def queries_of(client: InProcess, path: str) -> int:
    """Of all threads: what this process does beside it may ask, too."""
    with counted_queries() as queries:
        answer = client.get(path)
    assert answer.status_code == 200
    return len(queries)


def test_the_number_of_queries_does_not_depend_on_the_number_of_messages(alice: Client) -> None:
    # In this process, where they can be counted.
    client = InProcess(headers={"Host": "127.0.0.1"})
    client.force_login(User.objects.get(pk=owner(alice)))
    counts = set()
    for number in (3, 100, 1000):
        conversation, messages = stored_conversation(owner(alice), ["A text"] * number)
        page, last = conversation.get_absolute_url(), f"/messages/{messages[-1].pk}/"
        for name, path in (("page", page), ("above", f"{last}ancestors/"), ("actions", f"{last}actions/")):
            counts.add((name, min(queries_of(client, path) for _ in range(3))))
    assert len(counts) == 3, counts
    assert max(count for _, count in counts) <= 11  # three are of the list at the side


def test_pages_are_compressed(alice: Client, long: tuple[Conversation, list[Message]]) -> None:
    conversation, messages = long
    for path in (conversation.get_absolute_url(), f"/messages/{messages[-1].pk}/ancestors/"):
        answer = alice.get(path, Accept="text/html", Accept_Encoding="gzip")
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert len(answer.body) < len(alice.get(path, Accept="text/html").body) / 3


# Without JavaScript


def test_the_link_leads_to_a_page_with_more_until_all_is_shown(
    alice: Client, long: tuple[Conversation, list[Message]]
) -> None:
    conversation, messages = long
    answer = page(alice, conversation)
    for count in (MOST_MESSAGES + STEP, MOST_MESSAGES + 2 * STEP, NUMBER):
        ((path, first),) = re.findall(r'href="([^"]+)#message-([^"]+)">Show earlier messages', answer.text)
        assert first == shown(answer)[0]
        answer = alice.get(path, Accept="text/html")
        assert shown(answer) == ids(messages[-count:])
    assert "Show earlier messages" not in answer.text


@pytest.mark.parametrize("begin", ["", "none", UNKNOWN, "%00"])
def test_a_page_from_a_message_that_is_not_there_shows_the_end(
    alice: Client, long: tuple[Conversation, list[Message]], begin: str
) -> None:
    conversation, messages = long
    assert shown(page(alice, conversation, f"?from={begin}")) == ids(messages[-MOST_MESSAGES:])


# However long it is


@pytest.fixture
def longest(alice: Client) -> tuple[Conversation, list[Message]]:
    """Alice's, longer than a page may be, with two messages that are longer than that, too."""
    texts = [f"This is number {number}." for number in range(3 * MOST_ON_PAGE)]
    texts[10:12] = ["<" + "x" * (MOST_OF_MESSAGE + 1000)] * 2
    return stored_conversation(owner(alice), texts)


def test_a_page_from_any_message_has_a_largest_size_and_says_what_it_lacks(
    alice: Client, longest: tuple[Conversation, list[Message]]
) -> None:
    conversation, messages = longest
    answer = page(alice, conversation, f"?from={messages[12].pk}")
    assert shown(answer) == ids(messages[12 : 12 + MOST_ON_PAGE])
    assert "Show earlier messages" in answer.text
    assert "Later messages of this conversation are not shown here." in answer.text
    assert f'name="parent" value="{messages[-1].pk}"' in answer.text


def test_links_lead_through_all_of_it_downwards(alice: Client, longest: tuple[Conversation, list[Message]]) -> None:
    conversation, messages = longest
    answer, seen = page(alice, conversation, f"?from={messages[0].pk}"), list[str]()
    while True:
        seen += shown(answer)
        assert len(answer.body) < 10_000_000
        if not (later := re.search(r'href="([^"#]+)#message-([^"]+)">Show later messages', answer.text)):
            break
        answer = alice.get(later[1], Accept="text/html")
        assert shown(answer)[0] == later[2]
    assert seen == ids(messages)


def test_links_lead_through_all_of_it_upwards(alice: Client, longest: tuple[Conversation, list[Message]]) -> None:
    conversation, messages = longest
    answer, seen = page(alice, conversation), set[str]()
    while earlier := re.search(r'href="([^"#]+)#message-([^"]+)">Show earlier messages', answer.text):
        seen.update(shown(answer))
        answer = alice.get(earlier[1], Accept="text/html")
        assert earlier[2] in shown(answer)
    assert seen | set(shown(answer)) == set(ids(messages))


def test_of_a_message_that_is_too_long_a_page_shows_the_beginning_and_says_so(
    alice: Client, longest: tuple[Conversation, list[Message]]
) -> None:
    conversation, messages = longest
    answer = page(alice, conversation, f"?from={messages[10].pk}")
    assert shown(answer) == ids(messages[10:12])
    assert answer.text.count("&lt;" + "x" * (MOST_OF_MESSAGE - 1)) == 2
    assert "x" * MOST_OF_MESSAGE not in answer.text
    assert answer.text.count("This message is too long to be shown whole.") == 2
    assert f'data-position="{MOST_OF_MESSAGE}"' in answer.text


def test_an_edited_message_far_above_is_shown_with_what_follows(
    alice: Client, longest: tuple[Conversation, list[Message]]
) -> None:
    conversation, messages = longest
    assert shown(page(alice, conversation, f"?edit={messages[100].pk}"))[0] == str(messages[100].pk)


def test_more_above_a_message_than_a_page_may_have_is_refused(
    alice: Client, longest: tuple[Conversation, list[Message]]
) -> None:
    _, messages = longest
    answer = above(alice, messages[-1], f"?from={messages[20].pk}")
    assert (answer.status, answer.code) == (413, "too_long")


# What is above a message


def test_section_by_section_it_leads_to_the_beginning(alice: Client, long: tuple[Conversation, list[Message]]) -> None:
    _, messages = long
    seen: list[str] = []
    first: str | None = str(messages[-1].pk)
    while first:
        answer = above(alice, first)
        assert answer.status == 200
        assert "<html" not in answer.text
        seen = shown(answer) + seen
        found = re.search(r'data-url="/messages/([^/]+)/ancestors/"', answer.text)
        first = found[1] if found else None
    assert seen == ids(messages[:-1])


def test_it_stands_as_it_would_on_the_page(alice: Client, long: tuple[Conversation, list[Message]]) -> None:
    conversation, messages = long
    secrets = re.compile(r'value="[^"]*"')
    whole = secrets.sub("", page(alice, conversation, f"?from={messages[0].pk}").text)
    section = secrets.sub("", above(alice, messages[-1]).text)
    (article,) = re.findall(rf'<article[^>]*id="message-{messages[-2].pk}".*?</article>', section, re.DOTALL)
    assert article in whole


def test_nothing_is_above_the_first(alice: Client, long: tuple[Conversation, list[Message]]) -> None:
    answer = above(alice, long[1][0])
    assert (answer.status, answer.text.strip()) == (200, "")


def test_all_from_an_ancestor_on(alice: Client, long: tuple[Conversation, list[Message]]) -> None:
    _, messages = long
    answer = above(alice, messages[200], f"?from={messages[50].pk}")
    assert shown(answer) == ids(messages[50:200])


@pytest.mark.parametrize("begin", ["", "none", UNKNOWN])
def test_from_what_is_no_ancestor_is_not_found(
    alice: Client, long: tuple[Conversation, list[Message]], begin: str
) -> None:
    answer = above(alice, long[1][200], f"?from={begin}")
    assert (answer.status, answer.code) == (404, "not_found")


def test_a_later_message_is_no_ancestor(alice: Client, long: tuple[Conversation, list[Message]]) -> None:
    assert above(alice, long[1][200], f"?from={long[1][201].pk}").status == 404


def test_it_is_not_kept_by_caches(alice: Client, long: tuple[Conversation, list[Message]]) -> None:
    assert "no-store" in above(alice, long[1][-1]).headers["Cache-Control"]


def test_a_message_of_another_branch_is_not_above(alice: Client) -> None:
    conversation, messages = stored_conversation(owner(alice), ["a", "b"])
    other = Message.objects.create(conversation=conversation, parent=messages[0], role="assistant", number=3)
    assert shown(above(alice, other)) == ids(messages[:1])
