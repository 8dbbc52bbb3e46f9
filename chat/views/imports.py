"""Conversations to bring along: a file that is looked into first, and imported when it is sent again with a yes."""

import asyncio
from typing import IO, Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from chat.conversations.notice import check_accepted
from chat.core.rights import Right
from chat.errors import BadInput, ChatError, Conflict, NotFound, TooLong, Unavailable
from chat.i18n import gettext_noop as _
from chat.i18n import translated
from chat.import_export import jobs
from chat.import_export.importing import Preview
from chat.models import Import
from chat.models.rights import rights_of
from chat.models.threads import in_database
from chat.retention.imports import INTERRUPTED
from chat.views.branches import asked_id
from chat.views.endpoints import endpoint, in_thread
from chat.views.pages import render_page

FAULTS = {
    INTERRUPTED: _("The import was interrupted, as by a restart of the site. Nothing of it was kept; begin it anew."),
    Conflict.code: _("The import was ended, because something else has changed meanwhile. Nothing of it was kept."),
    TooLong.code: _("The import was ended, because there was no room for it any more. Nothing of it was kept."),
    Unavailable.code: Unavailable.sentence,
}
"""Why an import has failed that was found to be good before."""
FAULT = _("The import has failed. Nothing of it was kept.")


@endpoint("GET")
def show(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /settings/import/ — the form, and the ways to the exports; `?imported=` says what has just come.

    An import that is under way is shown instead, with how far it is; `?import=` says how that one has ended.
    """
    imported = request.GET.get("imported", "")
    is_number = imported.isdecimal() and len(imported) < 10
    pk = asked_id(request, "import")
    return _show(request, user, pk, int(imported) if is_number else None)


@endpoint("POST", takes=Right.IMPORT)
async def create(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """POST /imports/ — what is in `file`; with `confirm`, the digest that this gave, all of it is imported.

    Nothing is kept in between: who says yes sends the file again, and another file is only looked into. The second
    half of a double click comes to the import that the first has begun.
    """
    pk = _posted_id(request)
    if await in_database(_is_begun, user, pk):
        return _to_page({"import": pk})
    await in_database(check_accepted, user.pk)
    upload = request.FILES.get("file")
    if not upload:
        return await in_thread(in_database, _page, request, error=BadInput(_("Choose a file first.")))
    try:
        findings = await jobs.look(user.pk, *_file(upload), rights_of(user))
        if await in_database(_is_begun, user, pk):  # meanwhile
            return _to_page({"import": pk})
        if not findings.conversations or request.POST.get("confirm") != findings.digest:
            return await in_thread(in_database, _page, request, findings=findings)
        begun, task = await jobs.start(user.pk, *_file(upload), findings, rights_of(user), pk)
        await asyncio.wait([task], timeout=jobs.PATIENCE)
        return _to_page({"imported": task.result()} if task.done() else {"import": begun.pk})
    except ChatError as error:
        if isinstance(error, Conflict) and await in_database(_is_begun, user, pk):
            return _to_page({"import": pk})
        return await in_thread(in_database, _page, request, error=error)


@endpoint("GET")
def progress(request: HttpRequest, user: AbstractBaseUser, import_id: UUID) -> HttpResponseBase:
    """GET /imports/<uuid>/ — how far one is, or how it has ended."""
    found = Import.objects.of(user.pk).filter(pk=import_id).first()
    if not found:
        raise NotFound
    return JsonResponse(
        {
            "id": found.pk,
            "status": found.status,
            "stored": found.stored,
            "messages": found.expected,
            "conversations": found.conversations,
            "error": _fault_of(found).as_json(translated)["error"] if found.code else None,
        }
    )


def _posted_id(request: HttpRequest) -> UUID | None:
    """Under which it is to be stored. None: whichever."""
    try:
        return UUID(request.POST.get("id", ""))
    except ValueError:
        return None


def _is_begun(user: AbstractBaseUser, pk: UUID | None) -> bool:
    return pk is not None and Import.objects.of(user.pk).filter(pk=pk).exists()


def _file(upload: "UploadedFile[Any]") -> tuple[IO[bytes], str]:
    return cast(IO[bytes], upload.file), upload.name or ""


def _to_page(query: dict[str, Any]) -> HttpResponseBase:
    return HttpResponseRedirect(f"{reverse('chat:import')}?{urlencode(query)}")


def _show(request: HttpRequest, user: AbstractBaseUser, pk: UUID | None, imported: int | None) -> HttpResponseBase:
    mine = Import.objects.of(user.pk)
    wanted = mine.filter(pk=pk).first() if pk else None
    if wanted and wanted.status == Import.Status.FAILED:
        return _page(request, error=_fault_of(wanted))
    if wanted and wanted.status == Import.Status.DONE:
        return _page(request, imported=wanted.conversations)
    return _page(request, imported=imported, running=mine.running().first())


def _fault_of(failed: Import) -> ChatError:
    """As an error of the site: it may have been found good, and it is nothing that its owner did."""
    return Conflict(FAULTS.get(failed.code, FAULT), code=failed.code)


def _page(
    request: HttpRequest,
    *,
    findings: Preview | None = None,
    imported: int | None = None,
    running: Import | None = None,
    error: ChatError | None = None,
) -> HttpResponseBase:
    context = {"findings": findings, "imported": imported, "running": running, "error": error}
    return render_page(request, "chat/import/import.html", context, status=error.status if error else 200)
