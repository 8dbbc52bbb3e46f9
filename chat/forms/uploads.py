"""Files that are to be attached."""

import uuid
from dataclasses import dataclass
from typing import IO, cast

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from chat.attachments.uploads import check_size
from chat.errors import BadInput
from chat.forms.body import cleaned
from chat.i18n import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is to be attached to a question."""

    id: uuid.UUID
    file: IO[bytes]
    name: str


class UploadForm(forms.Form):
    id = forms.UUIDField()
    file = forms.FileField(allow_empty_file=True, error_messages={"required": gettext_lazy("Choose a file first.")})


def read_upload(request: HttpRequest) -> Upload:
    """The file in a request's body. Raises BadInput or TooLong."""
    if request.content_type != "multipart/form-data":
        raise BadInput(_("A file is sent as multipart/form-data."))
    sent = cleaned(UploadForm(request.POST, request.FILES))
    check_size(sent["file"].size)
    return Upload(sent["id"], cast(IO[bytes], sent["file"].file), _as_it_is_called(sent["file"].name))


def _as_it_is_called(name: str) -> str:
    """Browsers write three characters of a name otherwise (WHATWG HTML, "multipart/form-data encoding algorithm")."""
    return name.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
