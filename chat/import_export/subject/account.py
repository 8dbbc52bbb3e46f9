"""Who somebody is here: what fields of the project's user model, whichever it is, are known to mean."""

from collections.abc import Iterator
from typing import Any

from chat.i18n import gettext_noop as _
from chat.import_export.subject.sections import Row, Section, register
from chat.models.users import has_djangos_groups, has_field

FIELDS = {
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "email": _("E-mail address"),
    "date_joined": _("Made"),
    "last_login": _("Last login"),
    "is_staff": _("One of the staff"),
    "is_active": _("May log in"),
}
"""As Django calls them. A project with others registers a section "account" of its own."""


def _account(user: Any) -> Iterator[Row]:
    row = {"id": str(user.pk), "name": user.get_username()}
    row |= {name: getattr(user, name) for name in FIELDS if has_field(name)}
    if has_djangos_groups():
        row["groups"] = [group.name for group in user.groups.order_by("name")]
    yield row


register(
    Section(
        "account",
        _("Account"),
        _account,
        {"id": _("Id"), "name": _("Name")} | FIELDS | {"groups": _("Groups")},
    )
)
