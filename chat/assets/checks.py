"""System checks: are the browser's libraries there?"""

from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, register

from chat.assets.libraries import missing

NO_LIBRARIES = "The browser's libraries are missing ({names}): pages show answers as plain text, without Markdown."
HINT = (
    "Beside manage.py: npm ci --omit=dev. Then: manage.py collectstatic, and start the site anew. "
    "A wheel brings them along if they were there when it was built."
)


@register
def check_libraries(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    names = ", ".join(missing())
    return [checks.Warning(NO_LIBRARIES.format(names=names), hint=HINT, id="chat.W009")] if names else []
