"""Every page for everyone: axe-core finds nothing on it, whatever the look; keyboards and screen readers get along."""

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from chat.core.endings import Status
from chat.models import Generation
from tests.browser.axe import AXE, faults, faults_in_all_looks
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.pages import button, composer, give_password, has_status, last_answer, send
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.files import image
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, answer, done, finish, say, status, think

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed"),
]

BAD_ENDINGS = [ending for ending in Status if ending not in (Status.RUNNING, Status.COMPLETE)]
RICH = """# Streams

A stream is *read* as it is **written**; see [the standard](https://html.spec.whatwg.org/) and `EventSource`.

## Why

> It shows the first word as soon as there is one.

1. One
   - a bullet
   - [x] done
   - [ ] not done
2. Two

| Name | Bytes |
| :--- | ----: |
| text | 12 |
| end | 903 |

```python
def pieces(text: str, size: int = 3) -> list[str]:  # of equal length
    return [text[at : at + size] for at in range(0, len(text), size)]
```

Then $e^{i\\pi} + 1 = 0$, and

$$\\int_0^1 x^2\\,dx = \\tfrac13$$
"""


LONG = "\n".join(f"- item {number}" for number in range(300)) + "\n\n| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 150


def test_a_long_list_and_a_long_table(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, answer(LONG))
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    expect(last_answer(page).get_by_role("listitem")).to_have_count(300)
    assert faults(page, ".message__body") == []


def test_finds_what_is_planted(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    page.evaluate("""() => {
        const button = document.querySelector("#main").appendChild(document.createElement("button"));
        button.append(document.createElement("i"));
    }""")
    assert [name for name, _ in faults(page)] == ["critical button-name at #main > button"]
    page.evaluate("""() => {
        const said = document.querySelector("#main > button");
        said.replaceChildren("A word");
        Object.assign(said.style, { color: "light-dark(black, #222)", background: "light-dark(white, black)" });
    }""")
    found = faults_in_all_looks(page)
    contrasts = [look for look, those in found.items() if any("color-contrast" in name for name, _ in those)]
    assert contrasts == ["dark, 1280 px", "dark, 390 px"]


# Accounts


@pytest.fixture
def open_site(committed: None, run_site: RunSite) -> Site:
    return run_site(CHAT_SIGNUP="on")


def test_login(visit: OpenPage, open_site: Site, client_for: Callable[..., Client]) -> None:
    client_for(open_site)
    page = visit(None, open_site.url)
    assert faults_in_all_looks(page) == {}
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("no such password")
    button(page, "Log in").click()
    expect(page.locator(".errorlist").first).to_be_visible()
    assert faults_in_all_looks(page) == {}


def test_sign_up(visit: OpenPage, open_site: Site, client_for: Callable[..., Client]) -> None:
    client_for(open_site)
    page = visit(None, open_site.url + "/accounts/signup/")
    assert faults_in_all_looks(page) == {}
    page.get_by_label("Username").fill("somebody")
    page.get_by_label("Password", exact=False).first.fill("1234")
    page.get_by_label("Password (again)").fill("12345")
    button(page, "Sign up").click()
    expect(page.locator(".errorlist").first).to_be_visible()
    assert faults_in_all_looks(page) == {}


def test_sign_up_is_closed(open_page: OpenPage, alice: Client) -> None:
    page = open_page(None, "/accounts/signup/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign-up is closed")
    assert faults_in_all_looks(page) == {}


def test_an_invitation(open_page: OpenPage, site: Site, client_for: Callable[..., Client]) -> None:
    """From the administration to the account; and what its link says to others."""
    staff = open_page(client_for(site, is_staff=True, is_superuser=True), "/admin/chatsite/invitation/add/")
    staff.get_by_label("For whom").fill("Bob")
    button(staff, "Save").click()
    link = staff.get_by_label("Link").input_value()
    assert faults(staff, "#content") == []
    page = open_page(None, link.removeprefix(site.url))
    expect(page.locator("main")).to_contain_text("You are invited")
    assert faults_in_all_looks(page) == {}
    staff.goto(link)
    expect(staff.get_by_role("heading", level=1)).to_have_text("You are logged in")
    assert faults_in_all_looks(staff) == {}
    page.get_by_label("Username").fill(f"bob-{uuid.uuid4().hex[:12]}")
    for field in page.locator('[type="password"]').all():
        field.fill("a-long-walk-in-the-rain")
    button(page, "Sign up").click()
    expect(composer(page)).to_be_visible()
    staff.goto(link)
    expect(staff.get_by_role("heading", level=1)).to_have_text("This invitation is not good")
    assert faults_in_all_looks(staff) == {}


def test_changing_the_password(open_page: OpenPage, site: Site, alice: Client) -> None:
    assert alice.user
    give_password(alice.user)
    page = open_page(Client(site.url, alice.user), "/accounts/password/change/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Change your password")
    assert faults_in_all_looks(page) == {}


def test_erasing_without_a_password(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice, "/settings/erasure/?of=account")
    expect(page.get_by_label("Your password")).to_have_count(0)
    button(page, "Delete the account").click()
    expect(page.locator("main")).to_contain_text("Ask an administrator")
    assert faults_in_all_looks(page) == {}


def test_erasing(open_page: OpenPage, site: Site, alice: Client) -> None:
    assert alice.user
    give_password(alice.user)
    page = open_page(Client(site.url, alice.user), "/settings/erasure/")
    assert faults_in_all_looks(page) == {}
    page.get_by_role("link", name="Delete the account").click()
    assert faults_in_all_looks(page) == {}
    button(page, "Delete the account").click()
    page.get_by_label("Password").fill("no such password")
    button(page, "Go on").click()
    expect(page.locator(".errorlist").first).to_be_visible()
    assert faults_in_all_looks(page) == {}


# Conversations


def test_a_new_conversation(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    assert faults_in_all_looks(page) == {}
    page.locator(".bar__user").click()
    expect(page.get_by_role("link", name="Account", exact=True)).to_be_visible()
    assert faults_in_all_looks(page) == {}


def test_a_complete_answer(open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, think("First I think."), *answer(RICH))
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    expect(page.locator(".katex").first).to_be_visible()
    assert faults_in_all_looks(page) == {}
    page.locator(".message__reasoning summary").click()
    assert faults_in_all_looks(page) == {}
    page.reload()
    expect(page.locator(".katex").first).to_be_visible()
    assert faults_in_all_looks(page) == {}


def test_an_answer_that_is_being_written(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    thinks, end = Gate(), Gate()
    upstream.script(question, thinks, say("It is a"), end, finish(), done())
    page = open_page(alice)
    held: list[Route] = []
    page.route("**/messages/", lambda route: held.append(route))
    send(page, question)
    expect(page.locator(".message__waiting").last).to_be_visible()
    assert faults_in_all_looks(page) == {}, "before the site has answered"
    held[0].continue_()
    expect(last_answer(page).locator(".message__who")).not_to_be_empty()
    assert faults_in_all_looks(page) == {}
    thinks.open()
    expect(last_answer(page)).to_contain_text("It is a")
    assert faults_in_all_looks(page) == {}
    end.open()
    has_status(last_answer(page), "complete")


def test_every_bad_ending(open_page: OpenPage, alice: Client, upstream: ScriptedUpstream) -> None:
    conversation, parent = str(uuid.uuid4()), None
    for ending in BAD_ENDINGS:
        upstream.script(ending, answer("As far as it went."))
        start = alice.ask_whole(ending, conversation, parent=parent).start
        assert start
        Generation.objects.filter(pk=start["generation"]).update(status=ending)
        parent = start["message"]
    page = open_page(alice, f"/c/{conversation}/")
    assert page.locator(".message__sentence:visible").count() == len(BAD_ENDINGS)
    assert faults_in_all_looks(page) == {}


def test_an_answer_without_a_word(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, status(400))
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "failed")
    assert faults_in_all_looks(page) == {}


def test_a_message_that_is_too_long(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    send(page, "x" * 100_001)
    expect(page.locator("#notice")).to_be_visible()
    assert faults_in_all_looks(page) == {}


def test_the_list_as_a_drawer(open_page: OpenPage, alice: Client, question: str) -> None:
    alice.ask_whole(question)
    page = open_page(alice, viewport=PHONE)
    button(page, "Conversations").click()
    expect(page.get_by_role("link", name=question)).to_be_visible()
    assert faults(page) == []
    page.emulate_media(color_scheme="dark")
    assert faults(page) == []


# Screen readers

LISTEN = """() => {
    window.heard = [];
    new MutationObserver((changes) => {
        for (const { target } of changes) {
            const element = target instanceof Element ? target : target.parentElement;
            const live = element?.closest("[aria-live], [role=status], [role=alert], [role=log]");
            const words = live?.textContent.trim();
            if (words && window.heard.at(-1) !== words) window.heard.push(words);
        }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def test_a_screen_reader_hears_that_it_is_written_and_then_the_answer(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    half = Gate()
    upstream.script(question, *(say(letter) for letter in "It *is*\n\n"), half, *answer(*"so, $x$.\n\n```\ncode\n```"))
    page = open_page(alice)
    page.evaluate(LISTEN)
    send(page, question)
    expect(last_answer(page)).to_have_attribute("aria-busy", "true")
    half.open()
    has_status(last_answer(page), "complete")
    assert last_answer(page).get_attribute("aria-busy") is None
    heard = page.evaluate("() => window.heard")
    assert heard[:2] == ["The answer is being written.", "The answer is complete."]
    assert [re.sub(r"\s+", " ", words) for words in heard[2:]] == ["It is so, x. code"]
    expect(page.locator("#voice")).to_be_empty()


def test_a_screen_reader_hears_the_beginning_of_a_long_answer(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, *answer("\n\n".join(f"{number} {'word ' * 100}" for number in range(9))))
    page = open_page(alice)
    page.evaluate(LISTEN)
    send(page, question)
    has_status(last_answer(page), "complete")
    last = page.evaluate("() => window.heard.at(-1)")
    assert re.findall(r"^\d", last, re.MULTILINE) == ["0", "1", "2"]
    assert last.endswith("The rest is in the conversation.")


def test_landmarks_headings_and_names(open_page: OpenPage, alice: Client, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    page = open_page(alice, f"/c/{start['conversation']}/")
    for role in ("banner", "main", "navigation"):
        expect(page.get_by_role(role)).to_have_count(1)
    levels = page.evaluate("() => Array.from(document.querySelectorAll('h1, h2'), (heading) => heading.nodeName)")
    assert (levels[0], set(levels[1:])) == ("H1", {"H2"})
    nameless = page.get_by_role("button", name=re.compile(r"^$"))
    expect(nameless).to_have_count(0)


# Keyboards


def test_the_drawer_takes_the_focus_and_gives_it_back(open_page: OpenPage, alice: Client, question: str) -> None:
    alice.ask_whole(question)
    page = open_page(alice, viewport=PHONE)
    opener, drawer = button(page, "Conversations"), page.locator("#conversations")
    opener.press("Enter")
    expect(button(page, "Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(opener).to_be_focused()
    opener.press("Enter")
    page.keyboard.press("Shift+Tab")
    expect(drawer).to_be_hidden()


def test_the_focus_is_seen_wherever_it_goes(open_page: OpenPage, alice: Client, question: str) -> None:
    start = alice.ask_whole(question).start
    assert start
    page = open_page(alice, f"/c/{start['conversation']}/")
    page.locator("body").press("Tab")
    names = []
    while (focus := page.evaluate(FOCUS)) and focus["name"] not in names:
        assert focus["isSeen"], focus["name"]
        names.append(focus["name"])
        page.keyboard.press("Tab")
    assert len(names) >= 6


FOCUS = """() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const { outlineStyle, opacity } = getComputedStyle(element);
    const box = element.closest(".composer");
    const isField = element.matches("textarea") && getComputedStyle(box).boxShadow !== "none";
    const name = `${element.className} ${element.getAttribute("aria-label")} ${element.textContent.slice(0, 20)}`;
    return { name, isSeen: (outlineStyle !== "none" || isField) && opacity === "1" };
}"""


# Fingers

SMALL = """() => Array.from(document.querySelectorAll("button, select, textarea, .sidebar__item, .menu__item"))
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .filter((element) => element.getBoundingClientRect().height < 43.5)
    .map((element) => element.className)"""
ZOOMED = """() => Array.from(document.querySelectorAll("input:not([type=hidden], [type=file]), select, textarea"))
    .filter((element) => parseFloat(getComputedStyle(element).fontSize) < 16)
    .map((element) => element.name)"""


def test_fingers_find_their_targets(
    visit: OpenPage, run_site: RunSite, client_for: Callable[..., Client], upstream: ScriptedUpstream, question: str
) -> None:
    client = client_for(site := run_site(CHAT_MESSAGES_PER_MINUTE="3", CHAT_MODELS="small, big"))
    upstream.script(question, *answer(RICH))
    page = visit(client, site.url, viewport=PHONE, has_touch=True, is_mobile=True)
    assert page.evaluate("() => matchMedia('(pointer: coarse)').matches")
    assert page.evaluate(SMALL) == []
    assert page.evaluate(ZOOMED) == []
    composer(page).fill(question)
    button(page, "Send").click()
    has_status(last_answer(page), "complete")
    button(page, "Conversations").click()
    expect(page.get_by_role("link", name=question)).to_be_visible()
    assert page.evaluate(SMALL) == []


@pytest.mark.parametrize("path", ["/", "/accounts/logout/", "/nowhere/"])
def test_nothing_scrolls_sideways(open_page: OpenPage, alice: Client, path: str) -> None:
    page = open_page(alice, path, viewport={"width": 320, "height": 568})
    assert page.evaluate("() => document.documentElement.scrollWidth") == 320


def test_an_example_fills_the_composer(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    example = page.locator(".example").first
    words = example.inner_text()
    example.click()
    expect(composer(page)).to_have_value(words)
    expect(composer(page)).to_be_focused()


def test_an_example_takes_no_text_away(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice)
    composer(page).fill("Half a thought")
    expect(page.locator(".example").first).to_be_hidden()
    composer(page).fill("")
    expect(page.locator(".example").first).to_be_visible()


def test_the_search(open_page: OpenPage, alice: Client, question: str) -> None:
    alice.ask_whole(question)
    page = open_page(alice, f"/search/?q={question.split()[-1].strip('?')}")
    expect(page.locator("mark").first).to_be_visible()
    assert faults_in_all_looks(page) == {}


# Errors: pages in the site's own clothes, each with a way on

SUBMIT = """(changes) => {
    const form = document.querySelector("#composer");
    form.hidden = true;  // a megabyte takes a while to be laid out
    for (const [name, value] of Object.entries(changes)) form.elements.namedItem(name).value = value;
    form.submit();  // past the page's scripts, as without them
}"""


def is_fit_to_be_seen(page: Page, number: int, heading: str) -> None:
    expect(page.locator(".sheet__kicker")).to_have_text(str(number))
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    expect(page.get_by_role("link", name="To the conversations")).to_be_visible()
    assert faults_in_all_looks(page) == {}


def test_nothing_is_there(open_page: OpenPage, alice: Client) -> None:
    is_fit_to_be_seen(open_page(alice, "/nowhere/"), 404, "Nothing here")
    is_fit_to_be_seen(open_page(None, "/nowhere/"), 404, "Nothing here")


@pytest.mark.parametrize(
    ("changes", "number", "heading"),
    [
        ({"text": " "}, 400, "That did not work"),
        ({"text": "Hello", "csrfmiddlewaretoken": "x" * 64}, 403, "This page was out of date"),
        ({"text": "x" * 100_001}, 413, "Too long"),
        ({"text": "x" * 2_600_000}, 413, "Too long"),
    ],
)
def test_what_a_form_sent_is_refused(
    open_page: OpenPage, alice: Client, changes: dict[str, str], number: int, heading: str
) -> None:
    page = open_page(alice)
    page.evaluate(SUBMIT, changes)
    is_fit_to_be_seen(page, number, heading)


def test_over_a_limit(visit: OpenPage, run_site: RunSite, client_for: Callable[..., Client]) -> None:
    client = client_for(site := run_site(CHAT_MESSAGES_PER_MINUTE="3", CHAT_MODELS="small, big"))
    for _ in range(3):
        client.ask_whole("Hello")
    page = visit(client, site.url)
    page.evaluate(SUBMIT, {"text": "My draft"})
    is_fit_to_be_seen(page, 429, "Not just now")
    expect(page.get_by_label("What you wrote")).to_have_value("My draft")


def test_without_a_database(visit: OpenPage, run_site: RunSite, alice: Client) -> None:
    site = run_site(own=True, DATABASE_URL="sqlite:////nowhere/at/all.sqlite3")
    page = visit(None, site.url + "/accounts/signup/")
    is_fit_to_be_seen(page, 503, "Not just now")
    expect(page.get_by_role("link", name="Try again")).to_be_visible()
    is_fit_to_be_seen(visit(Client(site.url, alice.user), site.url), 503, "Not just now")
    site.close()


# Staff


def test_a_transcript(open_page: OpenPage, client_for: Callable[..., Client], site: Site, question: str) -> None:
    staff = client_for(site, is_staff=True, is_superuser=True)
    files = [staff.attach(image(), "a.png"), staff.attach(b"Some text", "a.txt")]
    start = staff.ask_whole(question, attachments=files).start
    assert start
    page = open_page(staff, f"/admin/chat/conversation/{start['conversation']}/change/")
    expect(page.locator(".transcript")).to_be_visible()
    expect(page.get_by_role("img", name="a.png")).to_have_js_property("naturalWidth", 40)
    page.get_by_text("Its text").click()
    assert faults_in_all_looks(page, "#content") == {}
