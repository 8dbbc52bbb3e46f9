"""The body of a request, whether a script sent it as JSON or a plain form posted it."""

import json
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from chat.errors import BadInput, TooLong
from chat.i18n import gettext_noop as _

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
MAY_BE_NULL = ("parent", "leaf", "model", "comment", "temperature", "max_tokens")
"""In JSON; all others are left out where they have no value."""

Form = TypeVar("Form", bound=forms.Form)


class ProgramForm(forms.Form):
    """What programs fill in: its faults are told field by field, and in words only that of a text."""


def posted_by_form(request: HttpRequest) -> bool:
    """Did a plain HTML form send this, rather than a script?"""
    return request.method == "POST" and request.content_type in FORM_TYPES


def filled_in(request: HttpRequest, form: type[Form]) -> Form:
    """`form` with what a request's body says. Raises BadInput or TooLong for what cannot be filled in."""
    return form(as_typed(read_body(request, form)))


def read_body(request: HttpRequest, form: type[forms.Form]) -> dict[str, Any]:
    """What was sent, its types as `form` wants them. Raises BadInput or TooLong."""
    try:
        if posted_by_form(request):
            return request.POST.dict()
        body = json.loads(request.body.decode())
    except RequestDataTooBig as exc:
        raise TooLong from exc
    except (ValueError, RecursionError) as exc:
        raise BadInput(_("The body is not JSON in UTF-8.")) from exc
    if not isinstance(body, dict):
        raise BadInput(_("The body is not a JSON object."))
    check_types(form, body)
    return body


def cleaned(form: forms.Form) -> dict[str, Any]:
    """The values of a form. Raises BadInput or TooLong."""
    if fault := fault_in(form):
        raise fault
    return form.cleaned_data


def fault_in(form: forms.Form) -> BadInput | TooLong | None:
    """What is filled in wrongly."""
    if form.is_valid():
        return None
    fields = {name: " ".join(str(error) for error in errors) for name, errors in form.errors.items()}
    is_told = not isinstance(form, ProgramForm) or "text" in fields
    faults = [fault for faults in form.errors.as_data().values() for fault in faults]
    kind = TooLong if any(fault.code == "too_long" for fault in faults) else BadInput
    return kind(next(iter(fields.values())) if is_told else "", fields=fields)


def as_typed(sent: dict[str, Any]) -> dict[str, Any]:
    """Numbers as somebody types them: `float` fails for those that are too large, forms say so in words."""
    return {name: str(value) if isinstance(value, int | float) else value for name, value in sent.items()}


def check_types(form: type[forms.Form], sent: dict[str, Any]) -> None:
    wrong = {
        name: fault for name, value in sent.items() if (fault := _wrong_type(form.base_fields.get(name), name, value))
    }
    if wrong:
        raise BadInput(_("A field is not of the right type."), fields=wrong)


def _wrong_type(field: forms.Field | None, name: str, value: object) -> str:
    if field is None or (value is None and name in MAY_BE_NULL):
        return ""
    if isinstance(field, forms.BooleanField):
        return "" if isinstance(value, bool) else _("This is neither true nor false.")
    if isinstance(field, forms.IntegerField):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if is_number else _("This is not a number.")
    return "" if isinstance(value, str) else _("This is not a string.")
