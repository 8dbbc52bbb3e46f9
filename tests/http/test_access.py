"""An open stream ends when what allowed it does, whoever ended that: told with a code, and the answer goes on."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.utils import timezone

from chat.models import Conversation, Message
from tests.support.client import Client, Stream
from tests.support.site import Site
from tests.support.upstream import Gate, ScriptedUpstream, answer, say
from tests.support.waiting import eventually


def log_out(client: Client, stream: Stream) -> None:
    assert client.post("/accounts/logout/", form={}).status == 302


def change_password(client: Client, stream: Stream) -> None:
    assert client.user
    client.user.set_password("another")
    client.user.save()


def deactivate(client: Client, stream: Stream) -> None:
    User.objects.filter(pk=_pk(client)).update(is_active=False)


def delete(client: Client, stream: Stream) -> None:
    """As another process does, whose answers this one does not stop."""
    Conversation.objects.filter(pk=stream.ids["conversation"]).update(deleted_at=timezone.now())


def end_from_another_device(client: Client, stream: Stream) -> None:
    row = UserSession.objects.get(session_key=client.cookies["sessionid"])
    assert Client(client.url, client.user).post("/accounts/sessions/", form={"session": str(row.pk)}).status == 302


def nothing(client: Client, stream: Stream) -> None:
    pass


ENDS: dict[Callable[[Client, Stream], None], str] = {
    log_out: "logged_out",
    end_from_another_device: "logged_out",
    change_password: "logged_out",
    deactivate: "inactive",
    delete: "deleted",
}


def _pk(client: Client) -> int:
    assert client.user
    return client.user.pk


def test_a_stream_ends_soon_after_what_allowed_it(
    site: Site, client_for: Callable[..., Client], upstream: ScriptedUpstream, question: str
) -> None:
    """All at once: each takes up to ten seconds."""
    with ExitStack() as streams:
        opened = []
        for end in (*ENDS, nothing):
            client, gate, asked = client_for(site), Gate(), f"{question} {end.__name__}"
            upstream.script(asked, say("Before"), gate, answer(", after."))
            opened.append((client, end, gate, streams.enter_context(client.ask(asked)).until_text("Before")))
        for client, end, _, stream in opened:
            end(client, stream)
        for client, end, gate, stream in opened[:-1]:
            frame = stream.until("gone")
            assert (frame.data["code"], frame.id) == (ENDS[end], None)
            assert frame.data["message"]
            assert not any(frame.event for frame in stream), "It is the last"
            assert client.get(f"/generations/{stream.ids['generation']}/events/").status in (401, 404)
            gate.open()
            eventually(lambda message=stream.ids["message"]: has_gone_on(message), "The answer goes on")
        opened[-1][2].open()
        assert opened[-1][3].rest().text == "Before, after."


def has_gone_on(message: str) -> bool:
    return Message.objects.get(pk=message).text == "Before, after."


@pytest.mark.parametrize("position", [0, 6])
def test_whoever_has_a_new_session_goes_on_where_it_was(
    alice: Client, upstream: ScriptedUpstream, question: str, position: int
) -> None:
    gate = Gate()
    upstream.script(question, say("Before"), gate, answer(", after."))
    with alice.ask(question) as stream:
        stream.until_text("Before")
        change_password(alice, stream)
        again = Client(alice.url, alice.user)
        gate.open()
        assert again.follow(stream.ids["generation"], position).rest().text == "Before, after."[position:]
