"""Text from right to left and from left to right, mixed: each block goes the way that its own words go."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.pages import body, composer, has_status, last_answer, send
from tests.support.client import Client
from tests.support.site import ROOT
from tests.support.upstream import Gate, ScriptedUpstream, done, finish, say

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.skipif(not (ROOT / "node_modules/marked").exists(), reason="the browser libraries are not installed"),
]

QUESTION = "اكتب بالعربية"
ANSWER = """## مقدمة English

نص عربي مع كلمة English.

English with עברית in it.

- بند أول
- second item

1. שורה ראשונה

   עוד פסקה
2. A second line

   فقرة

> اقتباس

> A quotation

| الاسم | Value |
| --- | --- |
| نص | text |

```python
print("مرحبا")
```

The word `كود` is code.
"""
DIRECTIONS = """(root) => Array.from(
    root.querySelectorAll("h2, p, li, blockquote, pre, code"),
    (element) => [element.nodeName, element.textContent.trim().slice(0, 6), getComputedStyle(element).direction],
)"""
EXPECTED = [
    ["H2", "مقدمة ", "rtl"],
    ["P", "نص عرب", "rtl"],
    ["P", "Englis", "ltr"],
    ["LI", "بند أو", "rtl"],
    ["LI", "second", "ltr"],
    ["LI", "שורה ר", "rtl"],
    ["P", "שורה ר", "rtl"],
    ["P", "עוד פס", "rtl"],
    ["LI", "A seco", "ltr"],
    ["P", "A seco", "ltr"],
    ["P", "فقرة", "rtl"],
    ["BLOCKQUOTE", "اقتباس", "rtl"],
    ["P", "اقتباس", "rtl"],
    ["BLOCKQUOTE", "A quot", "ltr"],
    ["P", "A quot", "ltr"],
    ["PRE", "print(", "ltr"],
    ["CODE", "print(", "ltr"],
    ["P", "The wo", "ltr"],
    ["CODE", "كود", "ltr"],
]
STARTS = """(root) => Array.from(root.querySelectorAll("p, td"), (element) => {
    const [range, box] = [document.createRange(), element.getBoundingClientRect()];
    range.selectNodeContents(element);
    const text = range.getBoundingClientRect();
    return text.left - box.left < box.right - text.right ? "left" : "right";
})"""


@pytest.fixture
def answered(open_page: OpenPage, alice: Client, upstream: ScriptedUpstream) -> Page:
    """The answer on a page that has seen it grow."""
    half = Gate()
    upstream.script(QUESTION, *(say(letter) for letter in ANSWER[:200]), half, say(ANSWER[200:]), finish(), done())
    page = open_page(alice)
    send(page, QUESTION)
    half.wait_reached()
    half.open()
    has_status(last_answer(page), "complete")
    return page


def directions(page: Page) -> list[Any]:
    return body(last_answer(page)).evaluate(DIRECTIONS)


def test_each_block_has_its_own_direction(answered: Page) -> None:
    assert directions(answered) == EXPECTED
    expect(body(last_answer(answered)).locator(".hljs-string")).to_be_visible()
    html = body(last_answer(answered)).inner_html()
    answered.reload()
    expect(body(last_answer(answered)).locator(".hljs-string")).to_be_visible()
    assert body(last_answer(answered)).inner_html() == html


def test_text_stands_where_its_writing_begins(answered: Page) -> None:
    sides = body(last_answer(answered)).evaluate(STARTS)
    assert sides[:2] == ["right", "left"]
    assert sides[-3:-1] == ["right", "left"]


def test_items_are_indented_where_their_writing_begins(answered: Page) -> None:
    first, second = (body(last_answer(answered)).locator("ul > li").nth(number) for number in (0, 1))
    column, right, left = body(last_answer(answered)).bounding_box(), first.bounding_box(), second.bounding_box()
    assert column
    assert right
    assert left
    assert right["x"] == column["x"] < left["x"]
    assert right["x"] + right["width"] < left["x"] + left["width"] == column["x"] + column["width"]


def test_what_users_write_and_titles_go_their_way_too(answered: Page) -> None:
    answered.reload()
    assert [
        answered.locator(selector).evaluate("(element) => getComputedStyle(element).direction")
        for selector in ('[data-role="user"] .message__body', "#title", ".sidebar__item[aria-current]")
    ] == ["rtl"] * 3
    composer(answered).fill("مرحبا")
    assert composer(answered).evaluate("(element) => getComputedStyle(element).direction") == "rtl"
    composer(answered).fill("Hello")
    assert composer(answered).evaluate("(element) => getComputedStyle(element).direction") == "ltr"


CODE_FIRST = """`fs.read` זו פונקציה

- `fs.read`
- פונקציה

> `x` ציטוט

## `x` כותרת

| `x` | שם |
| --- | --- |
| `y` | שם |
"""


def test_code_decides_no_direction(
    open_page: OpenPage, alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question, *(say(CODE_FIRST[at : at + 9]) for at in range(0, len(CODE_FIRST), 9)), finish(), done())
    page = open_page(alice)
    send(page, question)
    has_status(last_answer(page), "complete")
    found = body(last_answer(page)).evaluate(
        """(root) => Array.from(root.querySelectorAll("p, ul, li, blockquote, h2, table, td, p > code"),
            (element) => `${element.nodeName} ${getComputedStyle(element).direction}`)"""
    )
    assert [name for name in found if name.endswith("ltr")] == ["CODE ltr", "CODE ltr"]
    assert body(last_answer(page)).evaluate(STARTS)[:2] == ["right", "right"]
    composer(page).fill("`fs.read` זו פונקציה")
    assert composer(page).evaluate("(element) => getComputedStyle(element).direction") == "rtl"


def test_nothing_makes_a_phone_scroll_sideways(answered: Page) -> None:
    for width in (PHONE["width"], 320):
        answered.set_viewport_size({"width": width, "height": 640})
        root = "document.documentElement"
        assert answered.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0
