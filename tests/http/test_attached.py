"""Questions that bear files: what is stored, what the model really gets, and what is refused."""

import base64
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.attachments.prompt_files import IMAGES_BYTES
from chat.models import Attachment, AttachmentContent, Conversation, Message, MessageAttachment
from chat.retention.expiry import UNSENT, erase_unsent
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.client import question as body_of
from tests.support.files import decoded, image, pdf, photo
from tests.support.office import word, word_table
from tests.support.queries import counted_queries
from tests.support.upstream import ScriptedUpstream, done, finish, say


def last(upstream: ScriptedUpstream, question: str) -> Any:
    """What the model was asked last with this question."""
    return upstream.wait_asked(question, len(upstream.asked(question)) or 1).json["messages"][-1]["content"]


def picture(part: dict[str, Any]) -> tuple[str, tuple[int, int]]:
    """Media type and size of an image in a request."""
    assert part["type"] == "image_url"
    head, _, encoded = part["image_url"]["url"].partition(";base64,")
    return head, decoded(base64.b64decode(encoded)).size


def attached_of(message: str) -> list[str]:
    rows = MessageAttachment.objects.filter(message=message).order_by("number")
    return [str(row.attachment_id) for row in rows]


# What the model gets


def test_a_model_that_sees_gets_the_image(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    alice.ask_whole(question, attachments=[alice.attach(photo(), "p.jpg")])
    shown, words = last(upstream, question)
    assert picture(shown) == ("data:image/jpeg", (40, 30))
    assert words == {"type": "text", "text": question}


def test_text_and_pdf_stand_before_the_question(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    text = alice.attach("Grüße\r\n</Document><x>".encode(), 'a"b.txt')
    alice.ask_whole(question, attachments=[text, alice.attach(pdf(["One", "Two"]), "two.pdf")])
    assert last(upstream, question) == (
        '<document name="a&quot;b.txt">\nGrüße\n&lt;/Document><x>\n</document>\n\n'
        f'<document name="two.pdf">\nOne\n\nTwo\n</document>\n\n{question}'
    )


def test_a_document_of_an_office_is_read_in_its_own_process_and_kept_as_it_is(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    pytest.importorskip("kreuzberg", reason="The extra `office` is not installed.")
    file = word(word_table(("Name", "Amount"), ("Anna", "12")))
    attached = alice.attach(file, "sales.docx")
    alice.ask_whole(question, attachments=[attached])
    table = "| Name | Amount |\n| --- | --- |\n| Anna | 12 |"
    assert last(upstream, question) == f'<document name="sales.docx">\n{table}\n</document>\n\n{question}'
    served = alice.get(f"/attachments/{attached}/")
    assert served.body == file
    assert served.headers["Content-Disposition"].startswith("attachment")
    saved = alice.get(f"/c/{Message.objects.get(attached__attachment=attached).conversation_id}/export/").json
    assert [each["kind"] for each in saved["attachments"]] == ["office"]


def test_all_kinds_at_once_in_one_request(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    files = [alice.attach(image()), alice.attach(b"words", "w.txt"), alice.attach(photo())]
    alice.ask_whole(question, attachments=files)
    first, second, words = last(upstream, question)
    assert (picture(first)[0], picture(second)[0]) == ("data:image/png", "data:image/jpeg")
    assert words["text"] == f'<document name="w.txt">\nwords\n</document>\n\n{question}'


def test_without_a_word_the_file_is_the_question(alice: Client, upstream: ScriptedUpstream) -> None:
    name = f"{uuid.uuid4().hex}.png"
    page = alice.ask_whole("", attachments=[alice.attach(image(), name)])
    assert page.start
    assert page.start["title"] == name
    content = upstream.wait_asked("", len(upstream.asked(""))).json["messages"][-1]["content"]
    assert [part["type"] for part in content] == ["image_url"]


def test_later_questions_bring_it_along(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    ids = alice.ask(question, attachments=[alice.attach(image()), alice.attach(b"words")]).rest().start
    assert ids
    alice.ask_whole(f"{question} Then?", ids["conversation"], parent=ids["message"])
    first = upstream.wait_asked(f"{question} Then?").json["messages"][0]["content"]
    assert [part["type"] for part in first] == ["image_url", "text"]
    assert "words" in first[1]["text"]


def test_another_answer_and_more_of_one_are_asked_with_it(
    alice: Client, upstream: ScriptedUpstream, question: str
) -> None:
    upstream.script(question)
    upstream.script(question, say("Half"), finish("length"), done())
    ids = alice.ask(question, attachments=[alice.attach(image())]).rest().start
    assert ids
    other = alice.regenerate(ids["message"]).rest().start
    assert other
    assert picture(upstream.wait_asked(question, 2).json["messages"][-1]["content"][0])[1] == (40, 30)
    alice.continue_(other["message"]).rest()
    first, half, more = upstream.wait_asked(question, what="continuation").json["messages"]
    assert (picture(first["content"][0])[1], half["content"], more["role"]) == ((40, 30), "Half", "user")


def test_a_model_that_does_not_see_is_told_of_an_image_above(
    run_site: RunSite, client_for: Callable[..., Client], upstream: ScriptedUpstream, question: str
) -> None:
    alice = client_for(run_site(CHAT_MODELS="gpt-4o-mini,blind"))
    ids = alice.ask(question, attachments=[alice.attach(image(), 'a "b".png')]).rest().start
    assert ids
    alice.regenerate(ids["message"], model="blind").rest()
    note = """[image "a 'b'.png": this model was not shown it]"""
    assert last(upstream, question) == f"{note}\n\n{question}"


# What is refused, and costs nothing


def refused(client: Client, question: str, **fields: object) -> tuple[int, str, str]:
    pk = uuid.uuid4()
    answer = client.post(f"/c/{pk}/messages/", body_of(question, **fields))
    assert not Conversation.objects.filter(pk=pk).exists()
    return answer.status, answer.code, answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("models", "vision", "sentence"),
    [
        ("blind,seer,eye", "seer,eye", "blind cannot see images. Choose one that can: seer, eye."),
        ("blind", "", "blind cannot see images, and no other model here can. Remove them and send it again."),
    ],
)
def test_a_model_that_does_not_see_is_not_asked_about_an_image(
    run_site: RunSite, client_for: Callable[..., Client], question: str, models: str, vision: str, sentence: str
) -> None:
    alice = client_for(run_site(CHAT_MODELS=models, CHAT_VISION_MODELS=vision))
    files = [alice.attach(b"words"), alice.attach(image())]
    assert refused(alice, question, attachments=files) == (400, "blind_model", sentence)
    assert Attachment.objects.unsent().count() == 2
    alice.ask_whole(question, attachments=files[:1])


@pytest.mark.parametrize(
    ("given", "status"),
    [("x", 400), ({}, 400), ({str(uuid.uuid4()): 1}, 400), ([1], 400), (["x"], 400), ([None], 400), ([[]], 400)],
)
def test_what_is_no_list_of_ids_is_bad_input(alice: Client, question: str, given: object, status: int) -> None:
    assert refused(alice, question, attachments=given)[:2] == (status, "bad_input")


def test_too_many_are_refused(run_site: RunSite, client_for: Callable[..., Client], question: str) -> None:
    alice = client_for(run_site(CHAT_ATTACHMENTS_PER_MESSAGE="2"))
    files = [alice.attach(b"x") for _ in range(3)]
    assert refused(alice, question, attachments=files)[:2] == (400, "bad_input")
    alice.ask_whole(question, attachments=[*files[:2], files[0]])


def test_files_that_are_not_there_for_it_are_refused(alice: Client, bob: Client, question: str) -> None:
    mine = alice.attach(b"Mine")
    assert refused(bob, question, attachments=[mine])[:2] == (404, "not_found")
    assert refused(alice, question, attachments=[mine, str(uuid.uuid4())])[:2] == (404, "not_found")
    alice.ask_whole(question, attachments=[mine])
    assert refused(alice, question, attachments=[mine])[:2] == (404, "not_found"), "it is of another conversation"
    assert alice.get(f"/attachments/{mine}/").body == b"Mine"


def test_nothing_is_asked_without_words_and_files(alice: Client) -> None:
    assert refused(alice, " ", attachments=[])[:2] == (400, "bad_input")


def test_a_question_too_long_by_its_files_is_refused_before_it_is_asked(
    run_site: RunSite, client_for: Callable[..., Client], question: str
) -> None:
    alice = client_for(run_site(CHAT_CONTEXT_TOKENS="1300"))
    file = alice.attach(b"x" * 4_300)
    status, code, sentence = refused(alice, question, attachments=[file])
    assert (status, code) == (413, "too_long")
    assert "1,300" in sentence
    alice.post(f"/attachments/{file}/deletion/")


def test_images_that_no_service_would_take_at_once_are_refused(alice: Client, question: str) -> None:
    file = alice.attach(image())
    Attachment.objects.filter(pk=file).update(size=IMAGES_BYTES + 1)
    assert refused(alice, question, attachments=[file])[:2] == (413, "too_long")


def test_of_many_images_the_latest_are_shown(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    old, new = alice.attach(image(), "old.png"), alice.attach(image("JPEG"), "new.jpg")
    Attachment.objects.filter(pk__in=[old, new]).update(size=IMAGES_BYTES)
    ids = alice.ask(question, attachments=[old]).rest().start
    assert ids
    alice.ask_whole(f"{question}!", ids["conversation"], parent=ids["message"], attachments=[new])
    first, _, second = [each["content"] for each in upstream.wait_asked(f"{question}!").json["messages"]]
    assert first == f'[image "old.png": left out, for there are too many images after it]\n\n{question}'
    assert [part["type"] for part in second] == ["image_url", "text"]


def test_files_count_towards_what_a_prompt_may_have(
    run_site: RunSite, client_for: Callable[..., Client], upstream: ScriptedUpstream, question: str
) -> None:
    alice = client_for(run_site(CHAT_CONTEXT_TOKENS="1300"))
    ids = alice.ask(f"{question} 1", attachments=[alice.attach(image())]).rest().start
    assert ids
    ids = alice.ask(f"{question} 2", ids["conversation"], parent=ids["message"]).rest().start
    assert ids
    assert len(upstream.wait_asked(f"{question} 2").json["messages"]) == 3
    file = alice.attach("ä".encode() * 300)
    alice.ask_whole(f"{question} 3", ids["conversation"], parent=ids["message"], attachments=[file])
    assert [message["role"] for message in upstream.wait_asked(f"{question} 3").json["messages"]] == [
        "user",
        "assistant",
        "user",
    ]


# What is stored


def test_posted_again_it_joins_and_with_other_files_it_is_a_conflict(alice: Client, question: str) -> None:
    files = [alice.attach(b"One"), alice.attach(b"Two")]
    conversation, body = str(uuid.uuid4()), body_of(question, attachments=files)
    first = alice.stream("POST", f"/c/{conversation}/messages/", body).rest()
    again = alice.stream("POST", f"/c/{conversation}/messages/", body).rest()
    assert again.start == first.start
    for others in ([], files[:1], files[::-1]):
        answer = alice.post(f"/c/{conversation}/messages/", body | {"attachments": others})
        assert (answer.status, answer.code) == (409, "conflict")
    assert attached_of(str(body["id"])) == files


def test_an_edit_bears_what_the_question_had(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    old, new = alice.attach(b"old"), alice.attach(b"new")
    ids = alice.ask(question, attachments=[old]).rest().start
    assert ids
    edit = alice.ask(f"{question}!", ids["conversation"], attachments=[new, old]).rest().start
    assert edit
    assert attached_of(edit["parent"]) == [new, old]
    assert attached_of(ids["parent"]) == [old]
    assert last(upstream, f"{question}!").count("<document") == 2


def test_what_was_sent_is_not_deleted_by_itself(alice: Client, question: str) -> None:
    file = alice.attach(b"One")
    alice.ask_whole(question, attachments=[file])
    answer = alice.post(f"/attachments/{file}/deletion/")
    assert (answer.status, answer.code) == (409, "conflict")
    assert alice.get(f"/attachments/{file}/").body == b"One"


def test_of_a_deleted_conversation_nobody_sees_a_file(alice: Client, question: str) -> None:
    file = alice.attach(image())
    ids = alice.ask(question, attachments=[file]).rest().start
    assert ids
    alice.post(f"/c/{ids['conversation']}/deletion/")
    for path in ("", "thumbnail/"):
        assert alice.get(f"/attachments/{file}/{path}").status == 404
    assert alice.upload(b"x", pk=file).status == 404
    alice.post(f"/c/{ids['conversation']}/restoration/")
    assert alice.get(f"/attachments/{file}/").status == 200


def test_a_plain_form_bears_files_too(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    files = [alice.attach(b"One"), alice.attach(b"Two")]
    pairs = [("id", str(uuid.uuid4())), ("text", question), ("attachments", ""), *(("attachments", f) for f in files)]
    body = "&".join(f"{name}={value}" for name, value in pairs).replace(" ", "+").encode()
    answer = alice.request("POST", f"/c/{uuid.uuid4()}/messages/", body, "application/x-www-form-urlencoded")
    assert answer.status == 302
    assert last(upstream, question).count("<document") == 2


def test_a_file_is_found_by_its_name(alice: Client, question: str) -> None:
    name = f"{uuid.uuid4().hex}.pdf"
    ids = alice.ask(question, attachments=[alice.attach(pdf(["x"]), name)]).rest().start
    assert ids
    assert ids["parent"] in alice.get(f"/search/?q={name[:12]}", Accept="text/html").text


def test_messages_know_their_files_with_one_query_more(alice: Client, question: str) -> None:
    files = [alice.attach(b"One", "1.txt"), alice.attach(b"Two", "2.txt")]
    ids = alice.ask(question, attachments=files).rest().start
    assert ids
    alice.ask_whole(f"{question}?", ids["conversation"], parent=ids["message"])
    with counted_queries() as queries:
        branch = Conversation.objects.get(pk=ids["conversation"]).branch()
        names = [[attachment.name for attachment in message.attachments] for message in branch]
    assert names == [["1.txt", "2.txt"], [], [], []]
    assert len([sql for sql in queries if 'FROM "chat_messageattachment"' in sql.partition("EXISTS")[0]]) == 1
    assert not any('"chat_attachmentcontent"' in sql for sql in queries)
    assert [each.name for each in Message.objects.get(pk=ids["parent"]).attachments] == ["1.txt", "2.txt"]


# What was never sent


def test_what_was_never_sent_is_erased_after_a_day_and_nothing_else(alice: Client, question: str) -> None:
    old, sent, new = (alice.attach(text) for text in (b"old", b"sent", b"new"))
    alice.ask_whole(question, attachments=[sent])
    before = timezone.now() - UNSENT - timedelta(minutes=1)
    Attachment.objects.filter(pk__in=[old, sent]).update(created_at=before)
    assert erase_unsent() <= 1  # the site may have come first
    assert set(map(str, AttachmentContent.objects.values_list("pk", flat=True))) == {sent, new}
    assert alice.get(f"/attachments/{old}/").status == 404
