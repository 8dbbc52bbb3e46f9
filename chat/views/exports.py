"""Conversations to take along: one as JSON or Markdown, all as a zip."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.http import content_disposition_header

from chat.errors import BadInput, NotFound
from chat.i18n import Say, translated
from chat.i18n import gettext_noop as _
from chat.import_export.database import saved, with_content
from chat.import_export.document import SavedConversation
from chat.import_export.files import Zip, file_name, json_pieces
from chat.import_export.markdown import as_markdown
from chat.models import Conversation
from chat.models.threads import in_database
from chat.models.users import UserId
from chat.views.endpoints import endpoint
from chat.views.pages import language_of

Piece = TypeVar("Piece", str, bytes)

FORMS: dict[str, tuple[str, str, Callable[[SavedConversation, Say], Iterable[str]]]] = {
    "json": ("json", "application/json", lambda conversation, _say: json_pieces(conversation, with_content)),
    "markdown": ("md", "text/markdown; charset=utf-8", lambda conversation, say: [as_markdown(conversation, say)]),
}


@endpoint("GET")
async def one(request: HttpRequest, user: AbstractBaseUser, conversation_id: uuid.UUID) -> HttpResponseBase:
    """GET /c/<uuid>/export/?as=json|markdown — the conversation as a file."""
    if (form := request.GET.get("as", "json")) not in FORMS:
        raise BadInput(_("A conversation can be exported as json or as markdown."))
    return await in_database(_one, user.pk, conversation_id, form, _say_in(request))


def _one(owner_id: UserId, conversation_id: uuid.UUID, form: str, say: Say) -> HttpResponseBase:
    """In a thread, for writing a long one would hold up every stream of the event loop."""
    extension, content_type, write = FORMS[form]
    conversation = saved(owner_id, conversation_id)
    if not conversation:
        raise NotFound(_("There is no such conversation among yours."))
    name = file_name(conversation, extension)
    pieces = iter(write(conversation, say))
    return StreamingHttpResponse(_in_threads(pieces), headers=_file_headers(name, content_type))


@endpoint("GET", head=False)
async def everything(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /export/ — all conversations as a zip, made while it is sent."""
    name = f"conversations-{timezone.localdate().isoformat()}.zip"
    pieces = _zip_of(user.pk, _say_in(request))
    return StreamingHttpResponse(pieces, headers=_file_headers(name, "application/zip"))


def _say_in(request: HttpRequest) -> Say:
    """Sentences in the request's language, for threads that know nothing of the request."""
    say: Say = translation.override(language_of(request))(translated)
    return say


async def _zip_of(owner_id: UserId, say: Say) -> AsyncIterator[bytes]:
    archive = Zip(partial(saved, owner_id), say, with_content)
    for pk in await in_database(_ids, owner_id):
        async for piece in _in_threads(archive.add(pk)):
            yield piece
    yield await in_database(archive.close)


async def _in_threads(pieces: Iterator[Piece]) -> AsyncIterator[Piece]:
    """Each made in a thread that may ask the database."""
    while (piece := await in_database(next, pieces, None)) is not None:
        yield piece


def _ids(owner_id: UserId) -> list[uuid.UUID]:
    return list(Conversation.objects.filter(owner=owner_id).permanent().recent().values_list("pk", flat=True))


def _file_headers(name: str, content_type: str) -> dict[str, str]:
    disposition = content_disposition_header(as_attachment=True, filename=name)
    return {"Content-Type": content_type, "Content-Disposition": disposition or "attachment"}
