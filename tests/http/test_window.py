"""A conversation that outgrows the model's window goes on, and says what the model was not shown."""

from collections.abc import Callable

from chat.models import Generation
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.upstream import ScriptedUpstream, answer


def test_the_oldest_messages_are_left_out_and_the_page_says_so(
    committed: None, run_site: RunSite, client_for: Callable[..., Client], upstream: ScriptedUpstream, question: str
) -> None:
    alice = client_for(run_site(CHAT_CONTEXT_TOKENS="60", CHAT_SYSTEM_PROMPT="Be brief."))
    first, last = f"{question} {'first ' * 20}", f"{question} {'last ' * 20}"
    upstream.script(first, answer("yes " * 20))
    upstream.script(last, answer("no"))
    begun = alice.ask_whole(first)
    followed = alice.ask_whole(last, conversation=begun.start["conversation"], parent=begun.start["message"])
    said = upstream.wait_asked(last).json["messages"]
    assert [message["content"] for message in said] == ["Be brief.", last]
    assert (begun.start.get("left_out"), followed.start["left_out"]) == (None, 2)
    assert Generation.objects.get(pk=followed.start["generation"]).left_out == 2
    assert "Messages left out: 2." in alice.get(f"/c/{begun.start['conversation']}/", Accept="text/html").text
