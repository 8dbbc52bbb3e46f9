"""What in the site's settings cannot work, for `manage.py check`."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def check_sign_up(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not isinstance(settings.CHAT_SIGNUP, list) or settings.CHAT_HAS_MAIL:
        return []
    sentence = "CHAT_SIGNUP names domains, whose addresses are to be confirmed, but no e-mail is sent."
    return [Error(sentence, hint="Set EMAIL_URL.", id="chatsite.E002")]
