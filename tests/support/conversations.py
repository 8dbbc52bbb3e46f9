"""Conversations that are written straight into the database: long ones, which nobody would wait for."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from chat.core.endings import Status
from chat.core.reply import Part
from chat.core.tool_parts import ToolPart, written
from chat.models import Conversation, Generation, Message, MessagePart


def stored_conversation(owner_id: int, texts: Sequence[str]) -> tuple[Conversation, list[Message]]:
    """One branch of questions and complete answers, in turn; the last text is its current leaf.

    All of a day ago, so that no limit on what is asked in a minute counts them.
    """
    before = timezone.now() - timedelta(days=1)
    conversation = Conversation.objects.create(owner_id=owner_id, title=f"Of {len(texts):,} messages")
    messages: list[Message] = []
    for number in range(len(texts)):
        role = Message.Role.ASSISTANT if number % 2 else Message.Role.USER
        parent = messages[-1] if messages else None
        messages.append(Message(conversation=conversation, parent=parent, role=role, number=number + 1))
    Message.objects.bulk_create(messages)
    parts = [MessagePart(message=message, number=0, text=text) for message, text in zip(messages, texts, strict=True)]
    MessagePart.objects.bulk_create(parts)
    Generation.objects.bulk_create(
        Generation(
            message=part.message,
            owner_id=owner_id,
            model="gpt-4o-mini",
            status=Status.COMPLETE,
            ends_at=len(part.text),
            created_at=before,
            ended_at=before,
        )
        for part in parts[1::2]
    )
    conversation.touch(current=messages[-1])
    return conversation, messages


def written_with_tools(message: Message, parts: Sequence[Part | ToolPart], status: Status = Status.COMPLETE) -> None:
    """What an answer of these says in place of its own, and how its generation ended."""
    rows = [part if isinstance(part, Part) else written(part) for part in parts]
    message.parts.all().delete()
    MessagePart.store([(message.pk, enumerate(rows))])
    message.generations.update(status=status, ends_at=sum(map(len, rows)))
