from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from tests.support.foreign import proof

urlpatterns = [
    path("help/chat/", include("chat.urls")),
    path("proof/", proof.prove),
    path("accounts/", include("django.contrib.auth.urls")),
    path("language/", include("django.conf.urls.i18n")),
]
if "django.contrib.admin" in settings.INSTALLED_APPS:
    urlpatterns.append(path("back-office/", admin.site.urls))
