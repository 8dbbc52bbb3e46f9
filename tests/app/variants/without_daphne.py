"""The shop served by Django's own runserver."""

from shop import settings
from shop.settings import *  # noqa: F403

INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "daphne"]
