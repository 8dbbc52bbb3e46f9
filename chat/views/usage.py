"""What a user has used themselves."""

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponseBase

from chat.usage.quota_words import table
from chat.usage.quotas import allowances_of
from chat.usage.reports import months_of
from chat.views.endpoints import endpoint
from chat.views.pages import render_page


@endpoint("GET")
def usage(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    """GET /settings/usage/ — a page of tokens and costs by month and model, of the last two years."""
    rows = months_of(user.pk)
    context = {
        "rows": rows,
        "has_estimates": any(row.sums.estimates for row in rows),
        "quotas": table(allowances_of(user)),
    }
    return render_page(request, "chat/usage/usage.html", context)
