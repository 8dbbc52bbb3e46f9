"""Conversations to take along: one as JSON or Markdown, all as a zip."""

import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.http import content_disposition_header

from chat.errors import NO_CONVERSATION, BadInput, NotFound
from chat.i18n import Say, translated
from chat.i18n import gettext_noop as _
from chat.import_export.database import saved_in_steps, with_content
from chat.import_export.files import Zip, file_name, json_pieces
from chat.import_export.markdown import markdown_pieces
from chat.import_export.streamed import Streamed
from chat.models import Conversation
from chat.models.threads import in_database
from chat.models.users import UserId
from chat.views.endpoints import endpoint
from chat.views.pages import language_of

FORMS: dict[str, tuple[str, str, Callable[[Streamed, Say], Iterator[str]]]] = {
    "json": ("json", "application/json", lambda conversation, _say: json_pieces(conversation, with_content)),
    "markdown": ("md", "text/markdown; charset=utf-8", markdown_pieces),
}
STEP_BYTES = 65_536
STEP_SECONDS = 0.05
"""After either a step ends: others who wait for a thread are let in before the next one."""


@endpoint("GET")
def one(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """GET /c/<uuid>/export/?as=json|markdown — the conversation as a file."""
    if (form := request.GET.get("as", "json")) not in FORMS:
        raise BadInput(_("A conversation can be exported as json or as markdown."))
    extension, content_type, write = FORMS[form]
    conversation = saved_in_steps(user.pk, conversation_id)
    if not conversation:
        raise NotFound(NO_CONVERSATION)
    headers = file_headers(file_name(conversation.document, extension), content_type)
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    pieces = (piece.encode() for piece in write(conversation, say_in(request)))
    return StreamingHttpResponse(in_threads(pieces), headers=headers)


@endpoint("GET", head=False)
async def everything(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /export/ — all conversations as a zip, made while it is sent."""
    name = f"conversations-{timezone.localdate().isoformat()}.zip"
    pieces = _zip_of(user.pk, say_in(request))
    return StreamingHttpResponse(pieces, headers=file_headers(name, "application/zip"))


def say_in(request: HttpRequest) -> Say:
    """Sentences in the request's language, for threads that know nothing of the request."""
    say: Say = translation.override(language_of(request))(translated)
    return say


async def _zip_of(owner_id: UserId, say: Say) -> AsyncIterator[bytes]:
    archive = Zip(partial(saved_in_steps, owner_id), say, with_content)
    for pk in await in_database(_ids, owner_id):
        async for piece in in_threads(archive.add(pk)):
            yield piece
    yield await in_database(archive.close)


async def in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Made in steps, each in a thread that may ask the database; none before the reader has taken the last."""
    while (piece := await in_database(_step, pieces)) is not None:
        yield piece


def _step(pieces: Iterator[bytes]) -> bytes | None:
    """The next pieces together, as many as a step may take; None after the last."""
    taken, size, ends = list[bytes](), 0, time.monotonic() + STEP_SECONDS
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size >= STEP_BYTES or time.monotonic() >= ends:
            break
    return b"".join(taken) if taken else None


def _ids(owner_id: UserId) -> list[uuid.UUID]:
    return list(Conversation.objects.filter(owner=owner_id).permanent().recent().values_list("pk", flat=True))


def file_headers(name: str, content_type: str) -> dict[str, str]:
    disposition = content_disposition_header(as_attachment=True, filename=name)
    return {"Content-Type": content_type, "Content-Disposition": disposition or "attachment"}
