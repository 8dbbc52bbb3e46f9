"""The same shop without django.contrib.admin, which the chat can do without."""

from shop import settings
from shop.settings import *  # noqa: F403

INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "django.contrib.admin"]
