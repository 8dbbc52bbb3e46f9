"""What is asked of the database for a file."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.test.utils import CaptureQueriesContext

from chat.errors import NotFound
from chat.models import Attachment, AttachmentContent
from chat.views.attachments import file_response
from tests.support.attachments import stored_attachment

pytestmark = pytest.mark.django_db


def test_its_head_is_answered_without_reading_it() -> None:
    attachment: Attachment = stored_attachment(User.objects.create_user("reader").pk, "a.txt", b"Words")
    whole = file_response(attachment)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        head = file_response(attachment, is_head=True)
    assert isinstance(whole, HttpResponse)
    assert isinstance(head, HttpResponse)
    assert head.content == b""
    assert head["Content-Length"] == str(len(whole.content))
    assert ["LENGTH(" in query["sql"] for query in asked] == [True]


@async_to_sync
async def read_and_delete(pieces: Any, attachment: Attachment) -> list[bytes]:
    """Three of the pieces; then it is deleted."""
    read = [await anext(pieces) for _ in range(3)]
    await attachment.adelete()
    with pytest.raises(NotFound):
        await anext(pieces)
    return read


@pytest.mark.django_db(transaction=True)
def test_a_large_one_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AttachmentContent, "PIECE", 4)
    attachment = stored_attachment(User.objects.create(username="reader").pk, "a.txt", b"Words of \0 many")
    answer = file_response(attachment)
    assert isinstance(answer, StreamingHttpResponse)
    assert answer["Content-Length"] == "15"
    assert read_and_delete(answer.streaming_content, attachment) == [b"Word", b"s of", b" \0 m"]
