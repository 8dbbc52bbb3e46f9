"""Filters for files that are attached to questions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.views.attachments import described

if TYPE_CHECKING:
    from chat.models import Attachment

register = template.Library()


class Box(NamedTuple):
    """A size in pixels."""

    width: int
    height: int


BOX = Box(320, 208)
"""How large the only image of a message is shown; static/chat/js/attachments/message_attachments.js says the same."""


@register.filter
def about(attachment: Attachment) -> str:
    """What stands below the name of a file: its kind, its pages, its size; attachment_summary.js says the same."""
    kind = {"image": _("Image"), "text": _("Text"), "pdf": _("PDF"), "office": _("Document")}[attachment.kind]
    pages = attachment.pages
    extent = [ngettext("%(count)s page", "%(count)s pages", pages) % {"count": pages}] if pages else []
    return " · ".join([kind, *extent, file_size(attachment.size)])


@register.filter
def fitted(attachment: Attachment) -> Box:
    """The size that an image is shown in: in its own proportion, as large as the box lets it be."""
    width, height = attachment.width or BOX.width, attachment.height or BOX.height
    if width <= BOX.width and height <= BOX.height:
        return Box(width, height)
    if width * BOX.height > height * BOX.width:
        return Box(BOX.width, max(1, height * BOX.width // width))
    return Box(max(1, width * BOX.height // height), BOX.height)


@register.filter
def as_json(attachment: Attachment) -> str:
    """What the page's scripts know of a file: what its upload was answered with."""
    return json.dumps(described(attachment), cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))


def file_size(size: int) -> str:
    """A size in bytes for people: "12 kB", "3.4 MB"; file_size.js says the same."""
    kilobytes = -(-size // 1000)
    if kilobytes < 1000:
        return f"{kilobytes}\N{NO-BREAK SPACE}kB"
    tenths = (size + 50_000) // 100_000
    return f"{number_format(tenths / 10, decimal_pos=1)}\N{NO-BREAK SPACE}MB"
