"""Tools that come with the chat, each where CHAT_TOOLS names it: they read, and only what is the user's own."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.attachments.excerpts import page_of, pages_in, passages
from chat.conf import settings
from chat.conversations.search import search
from chat.models import Attachment, AttachmentContent
from chat.tools.base import Context, Tool, ToolError
from chat.tools.python import PythonTool, made
from chat.tools.registry import register_supplier

QUERY_CHARACTERS = 200
"""As much as the search page takes."""


def search_conversations(context: Context, query: str, before: int | None = None) -> dict[str, Any]:
    """What the user and models said in the user's other conversations, newest first.

    Use it when the user refers to something that was said elsewhere.

    query: words that are all in one message, or in a title; the beginnings of words are enough
    before: for the next results, what was given as `next`
    """
    hits, more = search(context.user.pk, query[:QUERY_CHARACTERS], before)
    found = []
    for hit in hits:
        if hit.conversation_id != context.conversation.pk:
            address = reverse("chat:conversation", args=[hit.conversation_id])
            context.source(hit.title, address)
            found.append({"conversation": hit.title, "says": "".join(text for text, _ in hit.runs)})
    return {"found": found, "next": more}


def read_attachment(context: Context, file: str, page: int = 1, search: str = "") -> dict[str, Any]:
    """Read in a file that is attached in this conversation, where not all of its text was shown.

    file: its name
    page: which part of the text, counted from 1; parts are not the pages of a PDF
    search: words to look for; what is around them is given instead of a part
    """
    attachment = _attached(context, file)
    text = AttachmentContent.objects.values_list("text", flat=True).get(pk=attachment.pk)
    context.source(attachment.name, attachment.get_absolute_url())
    said: dict[str, Any] = {"file": attachment.name, "pages": pages_in(text)}
    if search.strip():
        return said | {"found": passages(text, search[:QUERY_CHARACTERS])}
    if not 1 <= page <= said["pages"]:
        raise ToolError(f"This file has the parts 1 to {said['pages']}.")
    return said | {"page": page, "text": page_of(text, page)}


def _attached(context: Context, name: str) -> Attachment:
    """The newest of this name in this conversation. Raises ToolError."""
    files = Attachment.objects.filter(owner=context.user, conversation=context.conversation)
    found = files.filter(name=name).order_by("-created_at").first()
    if not found:
        names = files.exclude(kind=Attachment.Kind.IMAGE).values_list("name", flat=True).distinct()[:50]
        raise ToolError(f"There is no such file in this conversation. There are: {', '.join(names) or 'none'}.")
    if found.is_image:
        raise ToolError("This is an image, and has no text.")
    return found


async def current_time() -> dict[str, str]:
    """The date and time where the user is."""
    now = timezone.localtime()
    return {
        "time": now.isoformat(timespec="seconds"),
        "weekday": f"{now:%A}",
        "zone": timezone.get_current_timezone_name(),
    }


BUILT_IN: dict[str, tuple[Callable[..., Any], Any]] = {
    "search_conversations": (search_conversations, gettext_lazy("Search in your conversations")),
    "read_attachment": (read_attachment, gettext_lazy("Read in an attached file")),
    "current_time": (current_time, gettext_lazy("Look at the clock")),
}
"""By name: the function, and what it does, for people."""


@cache
def built_in(name: str) -> PythonTool:
    function, title = BUILT_IN[name]
    return made(function, title=title)


def supply() -> Iterable[Tool]:
    return [built_in(name) for name in settings.CHAT_TOOLS if name in BUILT_IN]


register_supplier(supply)
