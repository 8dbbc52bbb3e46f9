"""Tools run for a user, in a conversation of theirs."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model

from chat.core.tool_parts import Call
from chat.models import Conversation
from chat.tools.python import made
from chat.tools.running import Ran, run
from chat.tools.toolbox import Toolbox

RunTool = Callable[..., Any]


@pytest.fixture
def owned(transactional_db: None) -> Iterator[tuple[Any, Conversation]]:
    """A user and a conversation of theirs, which the threads of tools see."""
    user = get_user_model().objects.create(username=f"tools-{uuid4()}")
    yield user, Conversation.objects.create(owner=user, title="Tools")
    user.delete()


@pytest.fixture
def run_tool(owned: tuple[Any, Conversation]) -> RunTool:
    """`await run_tool(function, {"customer": "Bob"}, changes=True)`: it runs as the user's model calls it."""
    user, conversation = owned

    async def run_it(function: Any, arguments: Any = None, **options: Any) -> Ran:
        tool = made(function, **options)
        call = Call(str(uuid4()), tool.name, "", {} if arguments is None else arguments)
        toolbox = Toolbox({tool.name: tool})
        return await run(toolbox, call, owner_id=user.pk, conversation_id=conversation.pk, message_id=uuid4())

    return run_it
