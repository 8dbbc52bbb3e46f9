"""System checks: are the browser's libraries there?"""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, register

from chat.assets.libraries import missing

NO_LIBRARIES = "The browser's libraries are missing ({names}): pages show answers as plain text, without Markdown."
IN_A_CHECKOUT = "Beside manage.py: npm ci --omit=dev. Then: manage.py collectstatic, and start the site anew."
FROM_A_WHEEL = (
    "Where the wheel of chatsite is built: npm ci --omit=dev, then pip wheel --no-deps . Here: pip install "
    "--force-reinstall --no-deps of that wheel, manage.py collectstatic, and start the site anew."
)
FINDER = "chat.assets.libraries.LibraryFinder"


@register
def check_libraries(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    names = ", ".join(missing())
    hint = IN_A_CHECKOUT if FINDER in settings.STATICFILES_FINDERS else FROM_A_WHEEL
    return [checks.Warning(NO_LIBRARIES.format(names=names), hint=hint, id="chat.W009")] if names else []
