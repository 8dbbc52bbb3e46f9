"""The shop with hashed static files, and with a content security policy and nonces of its own making."""

from shop import settings
from shop.settings import *  # noqa: F403

MIDDLEWARE = ["policy.Policy", *settings.MIDDLEWARE]
STATIC_ROOT = settings.DATA_DIR / "hashed"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
