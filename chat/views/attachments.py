"""Files that users attach to what they ask: taken, shown to their owner, and let go."""

import uuid
from collections.abc import AsyncIterator, Callable

from django.contrib.auth.models import AbstractBaseUser
from django.db.models.functions import Length
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from chat.attachments import sandbox, uploads
from chat.conf import settings
from chat.conversations.notice import check_accepted
from chat.core.rights import Right
from chat.errors import Forbidden, NotFound
from chat.forms.uploads import Upload, read_upload
from chat.i18n import gettext_noop as _
from chat.models import Attachment, AttachmentContent
from chat.models.threads import in_database, write_in_database
from chat.models.users import UserId
from chat.views.endpoints import endpoint
from chat.views.ways_back import if_ours

SHOWN = {"image/png": ".png", "image/jpeg": ".jpg"}
"""What a browser may show, as it was made by us; all else is a file to it. And how their names end."""

HEADERS = {
    # Nothing in a file may run or load anything, should a browser take it for a page after all.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A browser may keep it, but shows it only after the site has said again that it is the reader's: who logs in at
    # the same browser afterwards sees nothing of it. What an id stands for never changes, so that costs no bytes.
    "Cache-Control": "private, no-cache",
}


@endpoint("POST", takes=Right.ATTACH)
async def create(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """POST /attachments/ — keep `file` under `id` for a question that is yet to come.

    With `?back=`, from a plain form, the page that this leads to shows it.
    """
    if not settings.CHAT_ATTACHMENTS:
        raise Forbidden(_("No files can be attached on this site."))
    upload = read_upload(request)
    kept, is_new = await _kept(user.pk, upload)
    if "back" in request.GET:
        return redirect(_with(request.GET["back"], kept))
    return JsonResponse(described(kept), status=201 if is_new else 200)


async def _kept(owner_id: UserId, upload: Upload) -> tuple[Attachment, bool]:
    """What is stored of it, and whether it is new."""
    if stored := await in_database(_found, owner_id, upload.id):
        return stored, False
    found = await sandbox.inspect(owner_id, upload.file, uploads.limits())
    return await write_in_database(uploads.store_upload, owner_id, upload.id, upload.name, found)


def _found(owner_id: UserId, pk: uuid.UUID) -> Attachment | None:
    """What is stored already. Raises NotAccepted where nothing new may come."""
    stored = uploads.find_stored(owner_id, pk)
    if not stored:
        check_accepted(owner_id)
    return stored


def _with(back: str, attachment: Attachment) -> str:
    """The page that a plain form stood on, which shows what it has brought."""
    back = if_ours(back) or reverse("chat:new")
    return f"{back}{'&' if '?' in back else '?'}attached={attachment.pk}"


@endpoint("GET")
def show(request: HttpRequest, user: AbstractBaseUser, attachment_id: uuid.UUID) -> HttpResponseBase:
    """GET /attachments/<uuid>/ — the file: an image to be shown, all else to be saved."""
    return _respond(request, user.pk, attachment_id, file_response)


@endpoint("GET")
def thumbnail(request: HttpRequest, user: AbstractBaseUser, attachment_id: uuid.UUID) -> HttpResponseBase:
    """GET /attachments/<uuid>/thumbnail/ — a small picture of an image."""
    return _respond(request, user.pk, attachment_id, thumbnail_response)


@endpoint("POST")
def delete(request: HttpRequest, user: AbstractBaseUser, attachment_id: uuid.UUID) -> HttpResponseBase:
    """POST /attachments/<uuid>/deletion/ — it will not be sent."""
    uploads.discard(user.pk, attachment_id)
    return JsonResponse({"id": attachment_id, "deleted": True})


def described(attachment: Attachment) -> dict[str, object]:
    """As docs/protocol.md says."""
    names = ("id", "kind", "name", "media_type", "size", "width", "height", "pages", "characters")
    small = reverse("chat:thumbnail", args=[attachment.pk]) if attachment.is_image else None
    return {name: getattr(attachment, name) for name in names} | {
        "url": attachment.get_absolute_url(),
        "thumbnail": small,
    }


def _respond(
    request: HttpRequest, owner_id: UserId, pk: uuid.UUID, answer: Callable[[Attachment, bool], HttpResponseBase]
) -> HttpResponseBase:
    """What the owner asks for; 304 if their browser has it (RFC 9110, section 13.1.2)."""
    attachment = Attachment.objects.of(owner_id).filter(pk=pk).first()
    if not attachment:
        raise NotFound
    etag = f'"{pk.hex}"'
    known = get_conditional_response(request, etag=etag)
    response = known if isinstance(known, HttpResponseNotModified) else answer(attachment, request.method == "HEAD")
    for name, value in (HEADERS | {"ETag": etag}).items():
        response[name] = value
    return response


def file_response(attachment: Attachment, is_head: bool = False) -> HttpResponseBase:
    is_shown = attachment.media_type in SHOWN
    disposition = content_disposition_header(not is_shown, _file_name(attachment))
    content_type = attachment.media_type + ("; charset=utf-8" if attachment.media_type == "text/plain" else "")
    headers = {"Content-Type": content_type, "Content-Disposition": disposition or "attachment"}
    return _response(attachment, "data", headers, is_head)


def thumbnail_response(attachment: Attachment, is_head: bool = False) -> HttpResponseBase:
    if not attachment.is_image:
        raise NotFound
    return _response(attachment, "thumbnail", {"Content-Type": attachment.media_type}, is_head)


def _response(attachment: Attachment, field: str, headers: dict[str, str], is_head: bool) -> HttpResponseBase:
    """In pieces: a reader takes a large file as slowly as they like, and several at once."""
    content = AttachmentContent.objects.filter(pk=attachment.pk)
    size = content.values_list(Length(field), flat=True).first()
    if size is None:  # it has been deleted since
        raise NotFound
    if is_head:
        return HttpResponse(headers=headers | {"Content-Length": str(size)})
    if size <= AttachmentContent.PIECE:
        return HttpResponse(_piece(attachment.pk, field, 0), headers=headers)
    return StreamingHttpResponse(_pieces(attachment.pk, field, size), headers=headers | {"Content-Length": str(size)})


async def _pieces(pk: uuid.UUID, field: str, size: int) -> AsyncIterator[bytes]:
    """None is read before the reader has taken the last."""
    for begin in range(0, size, AttachmentContent.PIECE):
        yield await in_database(_piece, pk, field, begin)


def _piece(pk: uuid.UUID, field: str, begin: int) -> bytes:
    """Raises NotFound if it is gone: what has been sent is no whole file then, and the connection says so."""
    piece = AttachmentContent.piece(pk, begin, field)
    if piece is None:
        raise NotFound
    return piece


def _file_name(attachment: Attachment) -> str:
    """As it was called; of an image the end says what it has become."""
    end = SHOWN.get(attachment.media_type)
    if not end or attachment.name.lower().endswith((end, ".jpeg" if end == ".jpg" else end)):
        return attachment.name
    stem, dot, _end = attachment.name.rpartition(".")
    return (stem if dot and stem else attachment.name) + end
