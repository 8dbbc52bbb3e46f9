"""Answers as Markdown in Chromium, under the site's own policy: what runs, what is loaded, what stays in its place."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Request, Route, expect

from tests.browser.conftest import PHONE, WIDE, OpenPage
from tests.support.client import Client
from tests.support.hostile import EVIL, HOSTILE
from tests.support.site import ROOT, Site
from tests.support.upstream import Gate, ScriptedUpstream, done, finish, say

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.skipif(not (ROOT / "node_modules/marked").exists(), reason="the browser libraries are not installed"),
]

FIRST_LOAD_BYTES = 210_000
RANDOM_TEXTS = 200
OPEN_LIBRARY = """async () => {
    const address = (name) => document.querySelector(`link[href*="chat/js/${name}."]`).href;
    const { Markdown } = await import(address("markdown/markdown"));
    window.markdown = await Markdown.load();
    window.shown = async (text, length) => {
        const message = Object.assign(document.createElement("article"), { className: "message" });
        const element = Object.assign(document.createElement("div"), { className: "message__body" });
        document.querySelector("#thread").append(message);
        message.append(element);
        const view = window.markdown.view(element);
        for (let at = 0; length && at < text.length; at += length) view.append(text.slice(at, at + length));
        if (length) view.finish();
        else view.set(text);
        await view.ready;
        return element;
    };
    window.laidOut = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    await window.shown("```js\\n1\\n```\\n\\n$x$", 0);
}"""
DIFFERENCES = """async ([texts, lengths]) => {
    const found = [];
    for (const text of texts) {
        const whole = await window.shown(text, 0);
        for (const length of lengths) {
            const grown = await window.shown(text, length);
            if (!grown.isEqualNode(whole)) await window.laidOut();
            if (!grown.isEqualNode(whole)) found.push([text, length, grown.innerHTML, whole.innerHTML]);
            grown.parentNode.remove();
        }
        whole.parentNode.remove();
    }
    return found;
}"""
SUSPECTS = """(root) => {
    const found = [];
    const foreign = new RegExp("^(script|style|img|image|iframe|object|embed|form|svg|math|link|meta|base|template|"
        + "video|audio|source|textarea)$");
    const dangerous = new RegExp("^on|^(id|name|src|srcset|action|formaction|poster|background|ping|xlink:href|is|"
        + "accesskey|contenteditable)$");
    const drawn = (element) => element.closest(".maths") !== null;
    for (const element of root.querySelectorAll("*")) {
        const name = element.nodeName.toLowerCase();
        if (foreign.test(name) && !drawn(element)) found.push(name);
        if (name === "input" && !(element.type === "checkbox" && element.disabled)) found.push("input");
        for (const { name: attribute, value } of element.attributes) {
            const isStyle = attribute === "style" && !drawn(element);
            if (isStyle || dangerous.test(attribute)) found.push(`${name} ${attribute}=${value}`);
        }
        const isSafe = element.rel === "noopener noreferrer" && element.target === "_blank" && element.title;
        if (name === "a" && !(isSafe && /^(https?:|mailto:)$/.test(element.protocol))) found.push(element.outerHTML);
    }
    return found;
}"""


def send(page: Page, text: str) -> None:
    page.locator("#composer textarea").fill(text)
    page.locator("#composer textarea").press("Enter")


def answer(page: Page) -> Locator:
    return page.locator('[data-role="assistant"] .message__body').last


def completed(page: Page) -> None:
    expect(page.locator('[data-role="assistant"]').last).to_have_attribute("data-status", "complete")


def html(page: Page) -> str:
    """What is shown, once colours and formulas are drawn."""
    expect(answer(page).locator("code[data-language], code[data-maths]")).to_have_count(0)
    page.evaluate("() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))")
    return str(answer(page).evaluate("element => element.innerHTML"))


def from_node(script: str) -> Any:
    """What a script of Node.js prints as JSON; it runs where the tests of modules are."""
    node = shutil.which("node") or pytest.skip("Node.js is not installed")
    ran = subprocess.run(
        [node, "--input-type=module", "-e", script], cwd=ROOT / "tests/js", capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def whole_answer() -> str:
    return str(from_node('import { ANSWER } from "./support/texts.js"; console.log(JSON.stringify(ANSWER));'))


@pytest.fixture
def library(open_page: OpenPage, alice: Client) -> Page:
    """A page with `markdown`, and `shown(text, length)`: an element with the text, streamed if a length is given."""
    page = open_page(alice)
    page.evaluate(OPEN_LIBRARY)
    return page


def cut(text: str, length: int) -> list[str]:
    return [text[at : at + length] for at in range(0, len(text), length)]


# Streamed is whole is reloaded


@pytest.mark.parametrize("length", [3, 40])
def test_an_answer_looks_the_same_after_a_reload(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, whole_answer: str, length: int
) -> None:
    upstream.script(question, *(say(piece) for piece in cut(whole_answer, length)), finish(), done())
    page = open_page(alice)
    send(page, question)
    completed(page)
    streamed = html(page)
    assert "katex" in streamed
    assert "hljs-keyword" in streamed
    page.reload()
    expect(answer(page).locator("h1")).to_have_text("A heading")
    assert html(page) == streamed


def test_a_reload_in_the_middle_goes_on_in_markdown(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    middle = Gate()
    upstream.script(question, say("- **one\n"), middle, say("two**\n- three"), finish(), done())
    page = open_page(alice)
    send(page, question)
    expect(answer(page).locator("strong")).to_have_text("one")
    page.reload()
    expect(answer(page).locator("strong")).to_have_text("one")
    middle.open()
    completed(page)
    expect(answer(page).locator("li")).to_have_count(2)
    expect(answer(page).locator("strong")).to_contain_text("two")


@pytest.mark.parametrize("length", [1, 3])
def test_commonmarks_examples_in_pieces_are_as_the_whole(library: Page, length: int) -> None:
    examples = from_node('import { EXAMPLES } from "./support/commonmark.js"; console.log(JSON.stringify(EXAMPLES));')
    assert len(examples) > 600
    assert library.evaluate(DIFFERENCES, [[example["markdown"] for example in examples], [length]]) == []


def test_any_text_in_pieces_is_as_the_whole(library: Page) -> None:
    texts = from_node(
        'import { anyText } from "./support/texts.js"; import { random } from "./support/random.js";'
        "const next = random(2);"
        f"console.log(JSON.stringify(Array.from({{ length: {RANDOM_TEXTS} }}, () => anyText(next))));"
    )
    assert library.evaluate(DIFFERENCES, [texts, [1, 3, 8]]) == []


def test_what_is_complete_is_never_touched(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    middle = Gate()
    rest = cut("- item **bold**\n- item\n\n```js\nlet x = 1;\n```\n\n| a |\n|---|\n| b |\n\nThe end.", 2)
    upstream.script(
        question,
        say("Choose me.\n\nThen"),
        middle,
        *(say(piece) for piece in [" go on.\n\n", *rest]),
        finish(),
        done(),
    )
    page = open_page(alice)
    send(page, question)
    expect(answer(page).locator("p")).to_have_count(2)
    page.evaluate(
        """() => {
            const first = document.querySelector('[data-role="assistant"] .message__body p');
            getSelection().selectAllChildren(first);
            window.changes = 0;
            new MutationObserver((all) => (window.changes += all.length)).observe(first,
                { subtree: true, childList: true, characterData: true, attributes: true });
            window.first = first;
        }"""
    )
    middle.open()
    completed(page)
    expect(answer(page)).to_contain_text("The end.")
    assert page.evaluate("[getSelection().toString(), window.changes, window.first.isConnected]") == [
        "Choose me.",
        0,
        True,
    ]


# Nothing runs, nothing is loaded


@pytest.fixture
def guarded(library: Page, site: Site) -> Callable[[], None]:
    """`guarded()` fails if anything has run, or asked anyone but the site."""
    asked: list[str] = []
    library.on("request", lambda request: asked.append(request.url))
    library.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
    library.evaluate("() => { window.times = 0; window.ran = () => (window.times += 1); }")

    def check() -> None:
        assert [url for url in asked if not url.startswith(site.url)] == []
        assert library.evaluate("window.times") == 0
        assert library.evaluate(
            "[typeof document.getElementById, document.body.nodeName, typeof document.cookie]"
        ) == ["function", "BODY", "string"]

    return check


@pytest.mark.parametrize("length", [0, 1, 5])
def test_hostile_text_does_nothing(library: Page, guarded: Callable[[], None], length: int) -> None:
    for text in HOSTILE:
        found = library.evaluate(
            f"async ([text, length]) => ({SUSPECTS})(await window.shown(text, length))", [text, length]
        )
        assert found == [], text
    library.mouse.move(300, 300)
    library.keyboard.press("Tab")
    guarded()


def test_the_check_for_suspects_could_find_some(library: Page, complaints: list[str]) -> None:
    raw = (
        "<img src=/x><b id=x onclick=ran()>b</b><a href=javascript:ran()>a</a><form></form><p style='color:red'>p</p>"
    )
    parse = "(raw) => Object.assign(document.implementation.createHTMLDocument().body, { innerHTML: raw })"
    found = library.evaluate(f"(raw) => ({SUSPECTS})(({parse})(raw))", raw)
    assert len(found) >= 7
    assert complaints  # the browser notices even what only stands in the text of a page
    complaints.clear()


def test_a_hostile_answer_does_nothing_streamed_and_reloaded(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str, site: Site
) -> None:
    text = "\n\n".join(HOSTILE)
    upstream.script(question, *(say(piece) for piece in cut(text, 7)), finish(), done())
    page = open_page(alice)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.add_init_script("window.ran = () => (window.hasRun = true);")
    send(page, question)
    completed(page)
    streamed = answer(page).evaluate(SUSPECTS)
    page.reload()
    expect(answer(page)).to_have_class(re.compile("markdown"))
    assert [streamed, answer(page).evaluate(SUSPECTS)] == [[], []]
    assert page.evaluate("window.hasRun") is None
    assert [url for url in asked if not url.startswith(site.url)] == []
    assert EVIL in str(answer(page).text_content())


# What the parts of a message do


def test_a_link_shows_where_it_leads(library: Page) -> None:
    links = library.evaluate(
        """async () => Array.from((await window.shown("[bank.example](https://evil.example/x) <https://a.example/b> "
            + "[mail](mailto:me@a.example) [bank](https://bank.example@evil.example/) [no](/x) ![pic](https://i.example/p.png)"))
            .querySelectorAll("a"), (a) => [a.textContent, a.title, a.dataset.host ?? ""])"""
    )
    assert links == [
        ["bank.example", "https://evil.example/x", "evil.example"],
        ["https://a.example/b", "https://a.example/b", ""],
        ["mail", "mailto:me@a.example", ""],
        ["bank", "https://bank.example@evil.example/", "evil.example"],
        ["pic", "https://i.example/p.png", "i.example"],
    ]


def test_code_is_copied_as_it_was_written(library: Page) -> None:
    library.context.grant_permissions(["clipboard-read", "clipboard-write"])
    library.evaluate("async (text) => { await window.shown(text, 0); }", '```python\nif x:\n    print("<b>")\n```')
    library.get_by_role("button", name="Copy", exact=True).last.click()
    expect(library.get_by_role("button", name="Copied")).to_be_visible()
    assert library.evaluate("navigator.clipboard.readText()") == 'if x:\n    print("<b>")\n'


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_what_is_wide_scrolls_by_itself(open_page: OpenPage, alice: Client, viewport: dict[str, int]) -> None:
    page = open_page(alice, viewport=viewport)
    page.evaluate(OPEN_LIBRARY)
    wide = [
        "```js\n" + "x" * 500 + "\n```",
        "|" + " column |" * 40 + "\n|" + "---|" * 40 + "\n|" + " cell |" * 40,
        "$$" + "+".join(f"x_{{{number}}}" for number in range(100)) + "$$",
        "w" * 1000,
        "`" + "c" * 1000 + "`",
        "> " * 12 + "- " * 12 + "deep",
    ]
    for text in wide:
        page.evaluate("async (text) => { await window.shown(text, 0); }", text)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], text


REGIONS = """() => Array.from(document.querySelectorAll('#thread [role="region"]'),
    (region) => [region.getAttribute("aria-label"), region.tabIndex])"""


def test_what_overflows_is_a_tab_stop_and_nothing_else(open_page: OpenPage, alice: Client) -> None:
    page = open_page(alice, viewport=WIDE)
    page.evaluate(OPEN_LIBRARY)
    page.evaluate(
        "async (text) => { await window.shown(text, 0); await window.laidOut(); }",
        "```js\nlet x;\n```\n\n|a|\n|-|\n|b|",
    )
    assert page.evaluate(REGIONS) == []
    wide = [
        "```js\n" + "x" * 500 + "\n```",
        "|" + " column |" * 40 + "\n|" + "---|" * 40,
        "$$" + "+".join(["x"] * 300) + "$$",
    ]
    page.evaluate(
        "async (texts) => { for (const text of texts) await window.shown(text, 9); await window.laidOut(); }", wide
    )
    expect(page.locator('#thread [role="region"]')).to_have_count(3)
    assert page.evaluate(REGIONS) == [["js", 0], ["Table", 0], ["Formula", 0]]
    page.evaluate("async (text) => { await window.shown(text, 0); }", "```js\nlet " + "y" * 55 + ";\n```")
    page.set_viewport_size(PHONE)
    expect(page.locator('#thread [role="region"]')).to_have_count(4)
    page.set_viewport_size(WIDE)
    expect(page.locator('#thread [role="region"]')).to_have_count(3)


def test_code_that_grows_becomes_a_tab_stop_when_it_overflows(library: Page) -> None:
    library.evaluate(
        """() => {
            const element = document.createElement("div");
            document.querySelector("#thread").append(element);
            window.view = window.markdown.view(element);
            window.view.append("```js\\nlet x = 1");
        }"""
    )
    library.evaluate("() => window.laidOut()")
    assert library.evaluate(REGIONS) == []
    library.evaluate("(code) => window.view.append(code)", " + 1" * 200)
    expect(library.locator('#thread [role="region"]')).to_have_count(1)
    pre = library.locator("#thread pre").last.element_handle()
    pre.focus()
    library.evaluate("(code) => window.view.append(code)", " + 1" * 200)
    assert pre.evaluate("(pre) => pre.isConnected && document.activeElement === pre")


COPIED = """async ([text, from, to]) => {
    const element = await window.shown(text, 0);
    const [range, data] = [document.createRange(), new DataTransfer()];
    range.setStart(...(from ? [element.querySelector(from).firstChild, 0] : [element, 0]));
    if (to) range.setEndAfter(element.querySelector(to));
    else range.setEnd(element, element.childNodes.length);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    // What does it is loaded with the first selection.
    const copy = () => new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true });
    while (element.dispatchEvent(copy())) await new Promise(requestAnimationFrame);
    return [data.getData("text/plain"), data.getData("text/html")];
}"""


def test_a_selection_is_copied_as_markdown_and_clean_html(library: Page) -> None:
    text = "A **word** and $x^2$.\n\n```py\nx = 1\n```\n\n- one\n- two\n- three\n\nH~~i~~ \\(y\\)"
    plain, html = library.evaluate(COPIED, [text, "", ""])
    assert plain == text.replace("\\(y\\)", "$y$")
    assert html == (
        "<p>A <strong>word</strong> and $x^2$.</p><pre>x = 1\n</pre>"
        "<ul><li>one</li><li>two</li><li>three</li></ul><p>H<del>i</del> $y$</p>"
    )
    assert library.evaluate(COPIED, [text, ".katex-html", ".katex-html"])[0] == "$x^2$"
    assert library.evaluate(COPIED, [text, "li + li", "li:last-child"])[0] == "- two\n- three"
    assert library.evaluate(COPIED, [text, "pre > code", "pre > code > *"])[0].startswith("x = ")
    assert library.evaluate(COPIED, ["3. a\n4. b\n5. c", "li + li", "li:last-child"])[0] == "4. b\n5. c"
    assert library.evaluate(COPIED, ["|a|b|\n|-|-|\n|1|2|\n", "td", "td + td"])[0] == "| 1 | 2 |\n| --- | --- |"


# Light, and without


def test_the_first_load_is_light_and_leaves_colours_and_formulas_out(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, say("Plain **text**.\n\n- and `code`"), finish(), done())
    page = open_page(alice)
    sizes: dict[str, int] = {}
    session = page.context.new_cdp_session(page)
    urls: dict[str, str] = {}
    session.on("Network.responseReceived", lambda event: urls.update({event["requestId"]: event["response"]["url"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.reload(wait_until="networkidle")
    loaded = sum(sizes.values())
    print(f"first load: {loaded} bytes in {len(sizes)} responses")
    assert 20_000 < loaded < FIRST_LOAD_BYTES
    send(page, question)
    completed(page)
    expect(answer(page).locator("strong")).to_have_text("text")
    assert not [url for url in urls.values() if re.search(r"highlight\.min|katex", url)]


def test_without_the_libraries_an_answer_is_plain_text(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    def refuse(route: Route) -> None:
        route.abort()

    upstream.script(question, say("**Plain**\n\n- text"), finish(), done())
    page = open_page(alice)
    page.route("**/libraries/**", refuse)
    page.reload()
    send(page, question)
    completed(page)
    assert answer(page).evaluate("element => element.innerHTML") == "**Plain**\n\n- text"


def test_screenshots_of_an_answer(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, whole_answer: str, screenshots: Path
) -> None:
    for scheme, viewport in (("light", WIDE), ("dark", PHONE)):
        upstream.script("Show me all that you can do", say(whole_answer), finish(), done())
        page = open_page(alice, color_scheme=scheme, viewport=viewport)
        send(page, "Show me all that you can do")
        completed(page)
        html(page)
        page.screenshot(path=screenshots / f"markdown-{scheme}.png", full_page=True)


def test_what_was_answered_before_the_libraries_came_is_rendered_when_they_do(
    context_for: Callable[..., BrowserContext], site: Site, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    held: list[Route] = []
    page = context_for(alice).new_page()
    page.route("**/libraries/marked/**", lambda route: held.append(route))
    page.goto(site.url, wait_until="commit")
    page.locator("#options-form [type=submit]:not([hidden])").wait_for(state="attached")  # its scripts have begun
    upstream.script(question, say("A **bold** word."), finish(), done())
    page.locator("#composer textarea").fill(question)
    page.locator("#composer textarea").press("Enter")
    message = page.locator('[data-role="assistant"][data-status="complete"]')
    expect(message.locator(".message__body")).to_have_text("A **bold** word.")
    for route in held:
        route.continue_()
    expect(message.locator("strong")).to_have_text("bold")
