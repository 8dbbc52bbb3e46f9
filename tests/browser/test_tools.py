"""What a model does with tools, on the page: rows, sources, and what waits for a yes; live as after a reload."""

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from chat.core.endings import Status
from chat.core.reply import REASONING, TEXT, Part, Reply
from chat.core.tool_parts import Call, Outcome, Result, Source, ToolPart, read, written
from chat.models import Conversation, Generation, MessagePart, ToolCall
from chat.models.tool_call import WAITING
from tests.browser.axe import AXE, faults_in_all_looks
from tests.browser.conftest import OpenPage
from tests.browser.pages import body, button, composer, has_status, last_answer, notice, send, set_hidden
from tests.conftest import RunSite
from tests.support.attachments import attach_image
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


def waiting(client: Client, *calls: Call) -> Writing:
    """An answer that waits for a yes, as it was recorded here."""
    answer = Writing(client)
    answer.say("I would.", *calls)
    answer.end(Status.WAITING)
    for each in calls:
        ToolCall.objects.create(
            pk=each.id, message=answer.message, generation=answer.generation, owner=client.user, name=each.name,
            status=WAITING,
        )  # fmt: skip
    return answer


def answers(answer: Writing) -> list[str]:
    calls = [each for each in map(read, answer.message.reply.parts()) if isinstance(each, Call)]
    return [ToolCall.objects.get(pk=each.id).answer for each in calls]


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
    image = str(attach_image(writing.message, "find 1").pk)
    found = Result(find.id, Outcome.DONE, '[{"order": 17}]', 1.25, (image,))
    writing.say(found, Source(1, "Order 17", "/shop/17/", "order 17"))
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


def test_a_yes_is_sent_once_and_shown(open_page: OpenPage, alice: Client) -> None:
    answer = waiting(alice, call("Cancel an order", {"number": 17}, changes=True, asks=True))
    page = open_page(alice, answer.path)
    form = page.locator(".decision")
    expect(form).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    yes = form.get_by_role("button", name="Yes", exact=True)
    expect(yes).to_be_focused()
    with page.expect_request("**/continuations/") as asked:
        yes.dblclick()
    assert asked.value.post_data_json["decisions"] == [{"call": form_calls(answer)[0], "answer": "yes"}]
    has_status(last_answer(page), "complete")
    expect(form).to_have_count(0)
    assert answers(answer) == ["yes"]
    assert answer.message.generations.count() == 2
    is_the_same_after_a_reload(page)
    page.locator(".call__summary").last.click()
    expect(page.locator(".call__decision")).to_have_text("Yes")


def form_calls(answer: Writing) -> list[str]:
    return [each.id for each in map(read, answer.message.reply.parts()) if isinstance(each, Call)]


def test_several_are_decided_together_with_reasons(open_page: OpenPage, alice: Client) -> None:
    asks = [call(f"Do {each}", {"what": each}, changes=True, asks=True) for each in ("this", "that")]
    answer = waiting(alice, *asks)
    page = open_page(alice, answer.path)
    first, second = (page.get_by_role("group", name=f"Do {each}") for each in ("this", "that"))
    first.get_by_label("Yes").check()
    button(page, "Send the decisions").click()
    expect(page.locator(".decision")).to_be_visible()
    assert answers(answer) == ["", ""], "One that is left out sends nothing"
    second.get_by_label("No", exact=True).check()
    second.get_by_label("No, because …").fill("It is mine")
    button(page, "Send the decisions").click()
    has_status(last_answer(page), "complete")
    assert answers(answer) == ["yes", "no"]
    page.locator(".round__summary").click()
    page.locator(".call__summary").last.click()
    expect(page.locator(".call__decision").last).to_have_text("No, because: It is mine")


def test_what_another_tab_decides_settles_here(open_page: OpenPage, alice: Client) -> None:
    answer = waiting(alice, call("Cancel an order", changes=True, asks=True))
    here, deaf, there = (open_page(alice, answer.path) for _ in range(3))
    deaf.route("**/hints/**", lambda route: route.abort())
    deaf.reload()
    expect(deaf.locator(".decision")).to_be_visible()
    with here.expect_response("**/hints/**"):
        here.reload()
    there.locator(".decision").get_by_role("button", name="No", exact=True).click()
    has_status(last_answer(there), "complete")
    has_status(last_answer(here), "complete")
    expect(here.locator(".decision")).to_have_count(0)
    deaf.locator(".decision").get_by_role("button", name="Yes", exact=True).click()
    expect(notice(deaf)).to_contain_text("was decided elsewhere")
    expect(deaf.locator(".decision")).to_have_count(0)
    has_status(last_answer(deaf), "complete")
    assert answers(answer) == ["no"]


def test_nothing_is_asked_below_what_waits(open_page: OpenPage, alice: Client) -> None:
    answer = waiting(alice, call("Cancel an order", changes=True, asks=True))
    page = open_page(alice, answer.path)
    send(page, "And then?")
    expect(notice(page)).to_contain_text("Cancel an order")
    expect(composer(page)).to_have_value("And then?")
    expect(page.locator(".decision")).to_be_focused()


def test_without_scripts_the_same_form_decides(open_page: OpenPage, alice: Client) -> None:
    asks = [call(f"Do {each}", {"what": each}, changes=True, asks=True) for each in ("this", "that")]
    answer = waiting(alice, *asks)
    page = open_page(alice, answer.path, java_script_enabled=False)
    for each, said in (("this", "Yes"), ("that", "No")):
        page.get_by_role("group", name=f"Do {each}").get_by_label(said, exact=True).check()
    button(page, "Send the decisions").click()
    expect(page.locator(".decision")).to_have_count(0)
    assert answers(answer) == ["yes", "no"]
    alone = waiting(alice, call("Cancel an order", changes=True, asks=True))
    page.goto(alice.url + alone.path)
    page.locator(".decision__because").click()
    page.get_by_label("Why not?").fill("Not mine")
    button(page, "Send the no").click()
    expect(page.locator(".decision")).to_have_count(0)
    assert answers(alone) == ["no"]


def test_the_list_and_the_tab_say_that_it_waits(open_page: OpenPage, alice: Client, writing: Writing) -> None:
    page = open_page(alice, writing.path)
    expect(last_answer(page)).to_be_visible()
    set_hidden(page, hidden=True)
    cancel = call("Cancel an order", changes=True, asks=True)
    writing.say(cancel)
    ToolCall.objects.create(
        pk=cancel.id, message=writing.message, generation=writing.generation, owner=alice.user, name=cancel.name,
        status=WAITING,
    )  # fmt: skip
    writing.end(Status.WAITING)
    writing.conversation.touch(writing.message)
    has_status(last_answer(page), "waiting")
    page.wait_for_function("() => document.title.startsWith('● Waits for your yes: ')")
    expect(page.locator(".decision")).not_to_be_focused()
    set_hidden(page, hidden=False)
    expect(page.locator(".decision")).to_be_focused()
    page.reload()
    expect(page.locator(".sidebar__entry[data-waiting]")).to_have_count(1)
    expect(page.locator(".sidebar__entry[data-waiting]")).to_contain_text("It waits for your yes.")


def test_each_conversation_turns_tools_off_and_on(
    visit: OpenPage, run_site: RunSite, client_for: Callable[..., Client], question: str
) -> None:
    site = run_site(CHAT_TOOLS="current_time,search_conversations", CHAT_MODELS="gpt-4o-mini,other")
    page = visit(client_for(site), site.url)
    opener = button(page, "Tools")
    expect(opener).to_have_attribute("title", re.compile("^Tools: .*Look at the clock"))
    none = page.get_by_text("The chosen model cannot call tools.")
    page.get_by_label("Model", exact=True).select_option("other")
    opener.click()
    expect(none).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("Model", exact=True).select_option("gpt-4o-mini")
    opener.click()
    expect(none).to_be_hidden()
    dialog = page.get_by_role("dialog", name="Tools")
    clock = dialog.get_by_role("switch", name="Look at the clock")
    expect(clock).to_be_checked()
    clock.press("Enter")
    expect(clock).not_to_be_checked()
    expect(opener).not_to_have_attribute("title", re.compile("clock"))
    if AXE.exists():
        assert faults_in_all_looks(page, "#tools") == {}
    page.keyboard.press("Escape")
    send(page, question)
    has_status(last_answer(page), "complete")
    conversation = Conversation.objects.get(pk=page.url.rstrip("/").rpartition("/")[2])
    assert conversation.tools_off == "current_time"
    page.reload()
    opener.click()
    expect(clock).not_to_be_checked()
    with page.expect_response(lambda response: response.request.method == "POST") as answered:
        clock.click()
    expect(clock).to_be_checked()
    assert answered.value.status == 200
    conversation.refresh_from_db()
    assert conversation.tools_off == ""
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    Conversation.objects.filter(pk=conversation.pk).update(tools_off="current_time")  # as another tab does
    opener.click()
    expect(clock).not_to_be_checked()
    expect(opener).not_to_have_attribute("title", re.compile("clock"))


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_everybody_gets_along_with_it(open_page: OpenPage, alice: Client) -> None:
    answer = Writing(alice)
    several = [call(f"Look at {name}", {"a": [1, "b", None]}) for name in ("this", "that")]
    asks = [call("Cancel an order", {"number": 17}, changes=True, asks=True), call("Send it", outside=True, asks=True)]
    answer.say("So [1] and [2].", *several)
    answer.say(*[Result(each.id, Outcome.DONE, '{"a": "b"}', 0.5) for each in several])
    answer.say(Source(1, "A page", "https://example.org/"), Source(2, "Order 17", "", "order 17"), *asks)
    answer.end(Status.WAITING)
    page = open_page(alice, answer.path)
    page.locator(".round__summary").first.click()
    page.locator(".call__summary").nth(1).click()
    page.get_by_label("No", exact=True).first.check()
    expect(page.locator(".data__string").first).to_be_visible()
    assert faults_in_all_looks(page) == {}
    page.locator("a.citation").focus()
    expect(page.get_by_role("tooltip")).to_contain_text("A page")
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_be_hidden()
    page.locator("button.citation").click()
    expect(page.locator('.source[value="2"]')).to_be_focused()
