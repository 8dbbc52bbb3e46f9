"""What tests do with files on a page: choose, paste and drop them, and look at what becomes of them."""

import base64
from typing import Any

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.support.files import image, pdf

ARRIVE = """([kind, target, files, texts]) => {
    const data = new DataTransfer();
    for (const [type, text] of Object.entries(texts)) data.setData(type, text);
    for (const { name, type, content } of files) {
        data.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt())], name, { type }));
    }
    const options = { bubbles: true, cancelable: true };
    const event = kind === "paste"
        ? new ClipboardEvent(kind, { ...options, clipboardData: data })
        : new DragEvent(kind, { ...options, dataTransfer: data });
    return document.querySelector(target).dispatchEvent(event);
}"""

IS_EQUAL = """(element, html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    return element.isEqualNode(page.body.firstElementChild);
}"""


def file(name: str, content: bytes, kind: str = "") -> FilePayload:
    return {"name": name, "mimeType": kind or "application/octet-stream", "buffer": content}


PICTURE = file("sea.png", image(size=(640, 480)), "image/png")
NOTES = file("notes.txt", b"Some notes.\n" * 100, "text/plain")
REPORT = file("report.pdf", pdf(["One", "Two"]), "application/pdf")
PROGRAM = file("program.exe", b"MZ\0\0\xff\xfe\0" * 100)


def choose(page: Page, *files: FilePayload) -> None:
    page.locator(".composer .attach__input").set_input_files(list(files))


def arrive(page: Page, kind: str, *files: FilePayload, target: str = "#text", texts: Any = None) -> bool:
    """Let an event bring files: `paste`, `dragover`, `drop`. Does the browser go on to do what it does by itself?"""
    sent = [
        {"name": each["name"], "type": each["mimeType"], "content": base64.b64encode(each["buffer"]).decode()}
        for each in files
    ]
    return bool(page.evaluate(ARRIVE, [kind, target, sent, texts or {}]))


def chips(page: Page, state: str = "") -> Locator:
    return page.locator(".composer .chip" + (f'[data-state="{state}"]' if state else ""))


def names(chips: Locator) -> list[str]:
    return chips.locator(".chip__name").all_inner_texts()


def attach(page: Page, *files: FilePayload) -> None:
    """Choose them, and wait until the site has them."""
    before = chips(page, "stored").count()
    choose(page, *files)
    expect(chips(page, "stored")).to_have_count(before + len(files))


def attachments(message: Locator) -> Locator:
    return message.locator(".attachment")


def markup(message: Locator) -> str:
    """Of the files of a message, as the page has them."""
    return str(message.locator(".attachments").evaluate("element => element.outerHTML"))


def has_markup(message: Locator, html: str) -> bool:
    """Is it this, whatever the order of attributes?"""
    return bool(message.locator(".attachments").evaluate(IS_EQUAL, html))
