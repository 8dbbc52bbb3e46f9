"""Conversations to bring along: a file that is looked into first, and imported when it is sent again with a yes."""

from typing import IO, Any, cast
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractBaseUser
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from chat.errors import BadInput, ChatError
from chat.i18n import gettext_noop as _
from chat.import_export.importing import Preview, import_file, preview
from chat.models.threads import import_in_database, in_database
from chat.views.endpoints import endpoint
from chat.views.pages import render_page


@endpoint("GET")
async def show(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /settings/import/ — the form, and the ways to the exports; `?imported=` says what has just come."""
    imported = request.GET.get("imported", "")
    is_number = imported.isdecimal() and len(imported) < 10
    return await in_database(_page, request, imported=int(imported) if is_number else None)


@endpoint("POST")
async def create(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """POST /imports/ — what is in `file`; with `confirm`, the digest that this gave, all of it is imported.

    Nothing is kept in between: who says yes sends the file again, and another file is only looked into.
    """
    upload = request.FILES.get("file")
    if not upload:
        return await in_database(_page, request, error=BadInput(_("Choose a file first.")))
    try:
        findings = await import_in_database(preview, user.pk, *_file(upload))
        if not findings.conversations or request.POST.get("confirm") != findings.digest:
            return await in_database(_page, request, findings=findings)
        return _to_page(await import_in_database(import_file, user.pk, *_file(upload)))
    except ChatError as error:
        return await in_database(_page, request, error=error)


def _file(upload: "UploadedFile[Any]") -> tuple[IO[bytes], str]:
    return cast(IO[bytes], upload.file), upload.name or ""


def _to_page(findings: Preview) -> HttpResponseBase:
    query = urlencode({"imported": findings.conversations})
    return HttpResponseRedirect(f"{reverse('chat:import')}?{query}")


def _page(
    request: HttpRequest,
    *,
    findings: Preview | None = None,
    imported: int | None = None,
    error: ChatError | None = None,
) -> HttpResponseBase:
    context = {"findings": findings, "imported": imported, "error": error}
    return render_page(request, "chat/import/import.html", context, status=error.status if error else 200)
