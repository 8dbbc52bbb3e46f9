"""What a user thinks of an answer."""

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from chat.conversations.feedback import Opinion
from chat.core.limits import COMMENT_CHARACTERS
from chat.core.reply import storable
from chat.errors import BadInput, TooLong
from chat.forms.body import ProgramForm, cleaned, read_body
from chat.i18n import gettext_noop as _
from chat.models import Feedback


class OpinionForm(ProgramForm):
    value = forms.ChoiceField(
        choices=Feedback.Value,
        required=False,
        error_messages={"invalid_choice": gettext_lazy("This is neither “up” nor “down” nor empty.")},
    )
    comment = forms.CharField(required=False)


def read_opinion(request: HttpRequest) -> Opinion:
    """What somebody thinks of an answer, in a request's body. Raises BadInput or TooLong."""
    sent = read_body(request, OpinionForm)
    if "value" not in sent:
        raise BadInput(fields={"value": _("This field is missing.")})
    comment = sent.get("comment")
    if comment is not None:
        sent["comment"] = comment = storable(comment.replace("\r\n", "\n")).strip()
        if len(comment) > COMMENT_CHARACTERS:
            sentence = _("This comment has %(count)s characters; %(limit)s are allowed. Shorten it.")
            raise TooLong(sentence, values={"count": len(comment), "limit": COMMENT_CHARACTERS})
    return Opinion(cleaned(OpinionForm(sent))["value"], comment)
