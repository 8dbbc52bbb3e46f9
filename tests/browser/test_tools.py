"""What a model does with tools, on the page: rows, sources, and what waits for a yes; live as after a reload."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from chat.core.endings import Status
from chat.core.reply import REASONING, TEXT, Part, Reply
from chat.core.tool_parts import Call, Outcome, Result, Source, ToolPart, written
from chat.models import Generation, MessagePart
from tests.browser.conftest import OpenPage
from tests.browser.pages import body, button, has_status, last_answer
from tests.support.client import Client
from tests.support.conversations import stored_conversation, written_with_tools

pytestmark = pytest.mark.usefixtures("committed")

SHOWN = """() => {
    const skipped = new Set(["id", "csrfmiddlewaretoken", "model"]);
    const clean = (element) => {
        const copy = element.cloneNode(true);
        for (const field of copy.querySelectorAll("input[type=hidden]")) field.remove();
        const walker = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT);
        const blank = [];
        while (walker.nextNode()) if (!walker.currentNode.data.trim()) blank.push(walker.currentNode);
        for (const node of blank) node.remove();
        for (const node of [copy, ...copy.querySelectorAll("*")]) {
            const attributes = [...node.attributes].map(({ name, value }) => [name, value]).sort();
            for (const [name] of attributes) node.removeAttribute(name);
            for (const [name, value] of attributes) node.setAttribute(name, value);
        }
        return copy.outerHTML.replace(/\\s*\\n\\s*/g, "\\n");
    };
    const message = document.querySelector('.message[data-role="assistant"]:last-of-type');
    return [...message.children].filter((each) => each.matches(
        ".message__body, .round, .sources, .decision")).map(clean);
}"""


class Writing:
    """An answer that is being written elsewhere, as far as this test has written it."""

    def __init__(self, client: Client) -> None:
        assert client.user
        conversation, messages = stored_conversation(client.user.pk, ["Why?", "…"])
        self.conversation, self.message = conversation, messages[-1]
        written_with_tools(self.message, [])
        self.generation = Generation.objects.get(message=self.message)
        self._reply = Reply()
        self._set(status=Status.RUNNING, ends_at=None, ended_at=None, lease_until=timezone.now() + timedelta(hours=1))

    @property
    def path(self) -> str:
        return f"/c/{self.conversation.pk}/"

    def say(self, *parts: str | Part | ToolPart) -> None:
        for part in parts:
            said = Part(TEXT, part) if isinstance(part, str) else part if isinstance(part, Part) else written(part)
            self._reply.append(said.kind, said.text)
        MessagePart.store([(self.message.pk, enumerate(self._reply.parts()))])

    def end(self, status: Status) -> None:
        position = self._reply.position
        self._set(status=status, ends_at=position, ended_at=timezone.now(), lease_until=None)

    def _set(self, **values: object) -> None:
        Generation.objects.filter(pk=self.generation.pk).update(**values)


@pytest.fixture
def writing(alice: Client) -> Iterator[Writing]:
    writing = Writing(alice)
    yield writing
    writing.end(Status.COMPLETE)


def call(title: str, arguments: object = None, **more: bool) -> Call:
    return Call(str(uuid.uuid4()), title.lower().replace(" ", "_"), title, arguments or {}, **more)


def is_the_same_after_a_reload(page: Page) -> None:
    expect(page.locator(".markdown").last).to_be_attached()
    shown = page.evaluate(SHOWN)
    page.reload()
    has_rows = page.locator(".message .round").count()
    expect(page.locator(".message__body.markdown")).to_have_count(
        page.locator('[data-role="assistant"] .message__body').count()
    )
    assert page.evaluate(SHOWN) == shown
    assert has_rows


def test_rows_are_the_same_live_as_after_a_reload(open_page: OpenPage, alice: Client, writing: Writing) -> None:
    page = open_page(alice, writing.path)
    answer = last_answer(page)
    find = call(
        "Find orders", {"customer": "Meier & <b>", "numbers": [1.5, 12345678901234567890, {"ü": None}], "e": {}}
    )
    writing.say(Part(REASONING, "Hm."), "Let me **see**.", find)
    expect(answer.locator(".call__state").last).to_have_text("running…")
    writing.say(Result(find.id, Outcome.DONE, '[{"order": 17}]', 1.25), Source(1, "Order 17", "/shop/17/", "order 17"))
    expect(answer.locator(".call__state").last).to_have_text("1.3 s")
    several = [call(f"Look at {name}") for name in ("this", "that", "this")]
    writing.say(*several, Result(several[1].id, Outcome.FAILED, "line\n" * 700, 0.1))
    expect(answer.locator(".round").last).to_have_attribute("data-state", "running")
    writing.say(*[Result(each.id, Outcome.DONE, f"<img src=x> {each.title}", 61) for each in several[::2]])
    expect(answer.locator(".round__state").last).to_have_text("2 of 3 done")
    writing.say("It is `[1]` order", " 17 [1], not", Source(2, "A page", "https://example.org/a"), " that [2] [3].")
    expect(body(answer).last).to_contain_text("that")
    writing.end(Status.COMPLETE)
    has_status(answer, "complete")
    is_the_same_after_a_reload(page)


def test_what_waits_is_the_same_live_as_after_a_reload(open_page: OpenPage, alice: Client, writing: Writing) -> None:
    page = open_page(alice, writing.path)
    asks = [
        call("Cancel an order", {"number": 17, "note": "a\nb", "deep": {"a": [1]}}, changes=True, asks=True),
        call("Search the web", {"query": "Meier"}, outside=True, asks=True),
    ]
    writing.say("I would.", asks[0])
    expect(last_answer(page).locator(".call__state").last).to_have_text("waits for your yes")
    expect(page.locator(".decision")).to_have_count(0)
    writing.say(asks[1])
    writing.end(Status.WAITING)
    form = page.locator(".decision")
    expect(form).to_be_focused()
    expect(page.locator("#status")).to_have_text("The model wants to do something that needs your yes.")
    expect(button(page, "Continue")).to_have_count(0)
    is_the_same_after_a_reload(page)
    expect(form).to_be_visible()
