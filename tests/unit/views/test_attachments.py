"""What is asked of the database for a file."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.models import Attachment
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
    assert head.content == b""
    assert head["Content-Length"] == str(len(whole.content))
    assert ["LENGTH(" in query["sql"] for query in asked] == [True]
