"""Yes to the notice of the site, in the version that was on show."""

from django import forms
from django.http import HttpRequest

from chat.forms.body import ProgramForm, cleaned, read_body
from chat.models.notice import VERSION_CHARACTERS


class AcceptanceForm(ProgramForm):
    version = forms.CharField(max_length=VERSION_CHARACTERS)


def read_version(request: HttpRequest) -> str:
    """Raises BadInput or TooLong."""
    version: str = cleaned(AcceptanceForm(read_body(request, AcceptanceForm)))["version"]
    return version
