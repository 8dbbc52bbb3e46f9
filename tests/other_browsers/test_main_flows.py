"""What people do most, in browsers that the other tests do not use."""

from pathlib import Path

import pytest

from chat.models import Attachment, Message
from tests.other_browsers.driver import ENTER, Driver, has, shows
from tests.support.files import image
from tests.support.upstream import Gate, ScriptedUpstream, answer, done, finish, say

QUESTION = '[data-role="user"] .message__body'
ANSWER = '[data-role="assistant"] .message__body'
MESSAGES = 'css => Array.from(document.querySelectorAll(".message__body"), (message) => message.textContent)'

pytestmark = pytest.mark.usefixtures("committed")


def has_status(page: Driver, status: str, count: int = 1) -> None:
    has(page, f'[data-role="assistant"][data-status="{status}"]', count)


def send(page: Driver, text: str) -> None:
    page.click("#composer textarea")
    page.press(text + ENTER)


def test_an_answer_streams_in_and_is_there_after_a_reload(
    page: Driver, upstream: ScriptedUpstream, question: str
) -> None:
    middle = Gate()
    upstream.script(question, say("Some **bold"), middle, say("** wörds 🌍."), finish(), done())
    send(page, question)
    shows(page, QUESTION, question)
    shows(page, ANSWER, "Some bold")
    has_status(page, "running")
    middle.open()
    has_status(page, "complete")
    shows(page, f"{ANSWER} strong", "bold")
    shown = page.evaluate(MESSAGES, "")
    page.reload()
    shows(page, f"{ANSWER} strong", "bold")
    assert page.evaluate(MESSAGES, "") == shown
    assert Message.objects.get(role="assistant").text == "Some **bold** wörds 🌍."


def test_a_reload_in_the_middle_goes_on_where_the_answer_is(
    page: Driver, upstream: ScriptedUpstream, question: str
) -> None:
    middle = Gate()
    upstream.script(question, say("Hello, "), middle, say("world."), finish(), done())
    send(page, question)
    shows(page, ANSWER, "Hello,")
    page.reload()
    shows(page, ANSWER, "Hello,")
    middle.open()
    shows(page, ANSWER, "Hello, world.")
    has_status(page, "complete")
    assert len(upstream.asked(question)) == 1


def test_stop_keeps_what_was_seen(page: Driver, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, say("As far as"), Gate(), say(" never"))
    send(page, question)
    shows(page, ANSWER, "As far as")
    page.click("#stop-button")
    has_status(page, "stopped")
    upstream.wait_asked(question).wait_closed()
    assert Message.objects.get(role="assistant").text == "As far as"


def test_an_edited_question_is_another_version(page: Driver, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, answer("The first."))
    upstream.script(question + " Really?", answer("The second."))
    send(page, question)
    has_status(page, "complete")
    page.click('[data-role="user"] [data-action="edit"]')
    shows(page, ".editor__text")
    page.click(".editor__text")
    page.press("\ue010 Really?" + ENTER)  # End
    shows(page, ANSWER, "The second.")
    shows(page, ".siblings__place", "2 of 2")
    page.click('[data-role="user"] .siblings [data-step="-1"]')
    shows(page, ANSWER, "The first.")


def test_a_file_goes_with_the_question(
    page: Driver, tmp_path: Path, upstream: ScriptedUpstream, question: str
) -> None:
    file = tmp_path / "sea.png"
    file.write_bytes(image(size=(640, 480)))
    page.choose(".composer .attach__input", file)
    has(page, '.composer .chip[data-state="stored"]')
    send(page, question)
    has_status(page, "complete")
    has(page, '[data-role="user"] .attachment')
    assert Attachment.objects.get().name == "sea.png"


def test_what_was_said_is_found(page: Driver, upstream: ScriptedUpstream, question: str) -> None:
    upstream.script(question, answer("The word is cassowary."))
    send(page, question)
    has_status(page, "complete")
    page.click("#query")
    page.press("cassowa" + ENTER)
    shows(page, "mark", "cassowa")
