"""The shop as Django's own `startproject` would set it up, which serves it by WSGI."""

from shop import settings
from shop.settings import *  # noqa: F403

INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "daphne"]
ASGI_APPLICATION = None
