"""What is asked of the database for a file."""

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection
from django.http import StreamingHttpResponse
from django.test.utils import CaptureQueriesContext

from chat.models import Attachment
from chat.views.attachments import PIECE_BYTES, file_response, streamed_file
from tests.support.attachments import stored_attachment

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_a_large_one_is_sent_in_pieces(size: int) -> None:
    words = bytes(number % 89 + 33 for number in range(size))
    attachment: Attachment = stored_attachment(User.objects.create_user("reader").pk, "a.txt", words)
    response = streamed_file(attachment)
    assert response.streaming == (size > PIECE_BYTES)
    if isinstance(response, StreamingHttpResponse):
        pieces = async_to_sync(_read)(response)
        assert max(map(len, pieces)) == PIECE_BYTES
        assert b"".join(pieces) == words
        assert response["Content-Length"] == str(size)
        assert response["Content-Type"] == file_response(attachment)["Content-Type"]


async def _read(response: StreamingHttpResponse) -> list[bytes]:
    return [piece async for piece in response]


def test_its_head_is_answered_without_reading_it() -> None:
    attachment: Attachment = stored_attachment(User.objects.create_user("reader").pk, "a.txt", b"Words")
    whole = file_response(attachment)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        head = file_response(attachment, is_head=True)
    assert head.content == b""
    assert head["Content-Length"] == str(len(whole.content))
    assert ["LENGTH(" in query["sql"] for query in asked] == [True]
