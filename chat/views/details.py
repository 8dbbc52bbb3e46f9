"""What is known of how an answer was written."""

import uuid

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase

from chat.errors import NotFound
from chat.i18n import gettext_noop as _
from chat.models import Generation, UsageEntry
from chat.models.message import MOST_GENERATIONS
from chat.views.endpoints import endpoint
from chat.views.pages import render_page


@endpoint("GET")
def details(request: HttpRequest, user: AbstractBaseUser, message_id: uuid.UUID) -> HttpResponseBase:
    """GET /messages/<uuid>/details/ — a page of models, endings, tokens and times, by generation; of many the last.

    The conversation's page takes `.details` out of it, so both say the same.
    """
    generations = Generation.objects.owned_by(user).filter(message=message_id).order_by("-number")
    if not (last := list(generations.select_related("message")[:MOST_GENERATIONS])):
        raise NotFound(_("There is no such answer among yours."))
    spent = UsageEntry.objects.in_bulk([each.pk for each in last])
    for each in last:
        each.spent = spent.get(each.pk)  # type: ignore[attr-defined]
    context = {"generations": last[::-1], "count": last[0].number + 1, "message": last[0].message}
    return render_page(request, "chat/message/details.html", context)
