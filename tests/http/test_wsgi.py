"""Under WSGI, where nothing can be streamed: a question is refused before it is stored, and pages are shown."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client

from chat.models import Conversation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client() -> Client:
    """Django's own, whose requests are WSGI's."""
    client = Client()
    client.force_login(User.objects.create_user(f"reader-{uuid.uuid4()}"))
    return client


def test_a_question_of_a_script_is_refused(client: Client) -> None:
    question = {"id": str(uuid.uuid4()), "text": "Why?", "parent": None}
    answer = client.post(f"/c/{uuid.uuid4()}/messages/", question, content_type="application/json")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "cannot_stream"
    assert "ASGI" in answer.json()["error"]["message"]
    assert not Conversation.objects.exists()


def test_a_question_of_a_form_is_refused_and_given_back(client: Client) -> None:
    form = {"id": str(uuid.uuid4()), "text": "Why is the sky blue?", "parent": ""}
    answer = client.post(f"/c/{uuid.uuid4()}/messages/", form)
    assert answer.status_code == 503
    assert "Why is the sky blue?" in answer.content.decode()
    assert "ASGI" in answer.content.decode()
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("path", ["/", "/search/?q=sky", "/settings/", "/prompts/"])
def test_other_pages_are_shown(client: Client, path: str) -> None:
    assert client.get(path, follow=True).status_code == 200


@pytest.mark.parametrize("what", ["regenerations", "continuations"])
def test_so_is_another_answer(client: Client, what: str) -> None:
    asked = {"id": str(uuid.uuid4())}
    answer = client.post(f"/messages/{uuid.uuid4()}/{what}/", asked, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "cannot_stream")
