"""Titles: asked of the model after the first answer, in a request of their own. The first words stay if it fails."""

import asyncio
import logging
import uuid
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.conf import settings
from chat.core import prompt as prompts
from chat.core.endings import bad_end, graver
from chat.core.limits import TITLE_CHARACTERS
from chat.core.prompt import NO_OPTIONS, Options
from chat.core.reply import storable
from chat.core.titles import clean_title
from chat.core.tokens import BYTES_PER_TOKEN, NO_TOKENS, Tokens
from chat.errors import UpstreamBroke, UpstreamError
from chat.failures.subject import subject
from chat.live import hints
from chat.live.exchange import exchange
from chat.models import Conversation, Generation, SearchEntry
from chat.models.threads import in_database, write_in_database
from chat.models.users import UserId
from chat.providers import chunks, openai
from chat.providers.registry import registry
from chat.usage.quotas import book_most_of_title
from chat.usage.settling import book_title, settle_title

logger = logging.getLogger(__name__)

TITLE_SECONDS = 30.0
LONGEST_THOUGHTS = 50_000
"""Characters of an answer, with what a model thinks aloud in it. No more of it is read."""


async def give_title(generation: Generation, answer: str, *, under_quota: bool = False) -> None:
    """Name the conversation in which `generation` has just given its `answer`, if it needs a name. Never fails.

    `under_quota`: one holds for its owner. Where that has no room for a title the first words stay.
    """
    conversation_id = generation.message.conversation_id
    subject.set(f"title of conversation {conversation_id}")
    try:
        if settings.CHAT_TITLES == "off" or not (question := await in_database(_untitled_question, generation)):
            return
        model, messages = settings.CHAT_TITLE_MODEL or generation.model, prompts.title(question, answer)
        title = await _asked(generation, model, messages, under_quota=under_quota)
        is_stored: bool = bool(title) and await write_in_database(_store, generation.owner_id, conversation_id, title)
        if is_stored:
            await exchange.retitle(conversation_id, title, await _others(conversation_id))
    except Exception as exc:
        logger.info("No title for conversation %s: %s", conversation_id, type(exc).__name__)


async def _others(conversation_id: uuid.UUID) -> set[str]:
    """The processes that write in this conversation by now."""
    return await in_database(_processes, conversation_id) if exchange.reaches_others else set()


def _processes(conversation_id: uuid.UUID) -> set[str]:
    running = Generation.objects.running().filter(message__conversation=conversation_id)
    return set(running.values_list("process", flat=True))


@dataclass
class Heard:
    """What a request for a title has used."""

    written: int = 0
    """Characters."""
    usage: chunks.Usage | None = None
    is_refused: bool = False
    """By the service, which takes nothing for that."""

    def tokens(self, prompt: int) -> Tokens:
        """Of a prompt of so many characters: estimated as far as the service has not said it."""
        if self.is_refused and not self.written:
            return NO_TOKENS
        return (self.usage or chunks.Usage(None, None)).tokens(prompt, self.written)


async def _asked(generation: Generation, model: str, messages: list[dict[str, Any]], *, under_quota: bool) -> str:
    """A title. However the request ends, what it has used is stored; before it begins, what it may use."""
    began, heard, has_failed = timezone.now(), Heard(), True
    size, which = prompts.characters(messages), (generation.owner_id, registry()[model].provider.name, model, began)
    if under_quota:
        options = Options(max_tokens=settings.CHAT_QUOTA_OUTPUT_TOKENS)
        booked = await write_in_database(book_most_of_title, *which, size // BYTES_PER_TOKEN)
    else:
        options = NO_OPTIONS
        booked = await write_in_database(book_title, *which, heard.tokens(size))
    try:
        async with asyncio.timeout(TITLE_SECONDS):
            title = await _ask(model, messages, heard, options)
            has_failed = False  # also where what it answered is no title
    except UpstreamError as error:
        heard.is_refused = not isinstance(error, UpstreamBroke)
        raise
    finally:
        settled = partial(settle_title, booked, *which, heard.tokens(size), has_failed=has_failed)
        await write_in_database(settled)
    return title


async def _ask(model: str, messages: list[dict[str, Any]], heard: Heard, options: Options = NO_OPTIONS) -> str:
    """A title; empty if the model gives none, or its answer is cut: half a title is worse than the first words."""
    text, reason, is_over = "", "", False
    async with aclosing(openai.stream(model, messages, options)) as events:
        async for event in events:
            if isinstance(event, chunks.Spoken):
                heard.written += len(event.text)
            match event:
                case chunks.Text(piece):
                    text += piece
                case chunks.Usage():
                    heard.usage = heard.usage.updated(event) if heard.usage else event
                case chunks.Finish(word):
                    reason = graver(reason, word)
                case chunks.Done():
                    is_over = True
            if isinstance(event, chunks.Refusal) or len(text) > LONGEST_THOUGHTS:
                return ""
    if bad_end(reason) or not (reason or is_over):
        return ""
    return clean_title(storable(text), TITLE_CHARACTERS)


def _untitled_question(generation: Generation) -> str:
    """The first question of a conversation that nobody has named; empty if this was not its answer."""
    question = generation.message.parent
    untitled = Conversation.objects.permanent().untitled().filter(pk=generation.message.conversation_id)
    conversation = untitled.first() if question and question.parent_id is None else None
    # Of a question without words, such as an image, there is the name of the file.
    return (question.text or conversation.title) if question and conversation else ""


def _store(owner_id: UserId, conversation_id: uuid.UUID, title: str) -> bool:
    with transaction.atomic():
        untitled = Conversation.objects.permanent().untitled().filter(pk=conversation_id)
        if not untitled.update(title=title, titled_by=Conversation.TitledBy.MODEL):
            return False
        # The update has locked it.
        SearchEntry.objects.index_title(Conversation.objects.get(pk=conversation_id))
        hints.entry_changed(owner_id, conversation_id)
    return True
