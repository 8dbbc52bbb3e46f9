from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.static import serve

from shop import views

urlpatterns = [
    path("", views.home, name="home"),
    path("account/sign-in/", LoginView.as_view(template_name="shop/sign_in.html"), name="sign_in"),
    path("account/sign-out/", LogoutView.as_view(), name="sign_out"),
    path("help/assistant/", include("chat.urls")),
    # A shop with more customers leaves these to its web server.
    path("assets/<path:path>", serve, {"document_root": settings.STATIC_ROOT}),
]

if apps.is_installed("django.contrib.admin"):
    urlpatterns.append(path("back-office/", admin.site.urls))
