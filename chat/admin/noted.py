"""What staff change by the administration's own forms, for the audit log: by ids and names of fields."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpRequest

from chat.audit import Action, note


class Noted:
    """For a ModelAdmin, before all that saves and deletes: who adds, changes or deletes one is noted with it."""

    noted_as: ClassVar[Action] = Action.SETTING
    noted_fields: ClassVar[tuple[str, ...]] = ()
    """Whose values are noted, too: ids, numbers, names that the settings have."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._note(request, obj, "added", fields_in(message))
        return super().log_addition(request, obj, message)  # type: ignore[misc] # the ModelAdmin's

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._note(request, obj, "changed", fields_in(message))
        return super().log_change(request, obj, message)  # type: ignore[misc]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            self._note(request, obj, "deleted")
            super().delete_model(request, obj)  # type: ignore[misc]

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with transaction.atomic():
            for obj in queryset:
                self._note(request, obj, "deleted")
            super().delete_queryset(request, queryset)  # type: ignore[misc]

    def _note(self, request: HttpRequest, obj: Any, what: str, fields: Iterable[str] = ()) -> None:
        values = {name: getattr(obj, name) for name in self.noted_fields}
        note(self.noted_as, request.user, obj, what=what, fields=sorted(fields), **values)


def fields_in(message: Any) -> set[str]:
    """The names of the fields in what Django notes of a change; of rows beside it, which it names, it takes none."""
    parts = [part for each in message if isinstance(each, dict) for part in each.values()] if message else []
    return {str(name) for part in parts if isinstance(part, dict) for name in part.get("fields", ())}
