from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from chatsite.accounts.confirmation import impossible
from chatsite.accounts.invitations.views import invitation
from chatsite.accounts.views import PasswordReset, SignUp
from chatsite.sessions.views import Sessions
from chatsite.single_sign_on.views import Connections

urlpatterns = [
    path("", include("chat.urls")),
    path("accounts/signup/", SignUp.as_view(), name="account_signup"),
    path("accounts/invitation/<str:token>/", invitation, name="account_invitation"),
    path("accounts/password/reset/", PasswordReset.as_view(), name="account_reset_password"),
    path("accounts/sessions/", Sessions.as_view(), name="usersessions_list"),
    path("accounts/reauthenticate/impossible/", impossible, name="account_reauthenticate_impossible"),
    path("accounts/2fa/", include("chatsite.accounts.mfa.urls")),
    path("accounts/3rdparty/", Connections.as_view(), name="socialaccount_connections"),
    path("accounts/", include("allauth.urls")),
    path("language/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
]

handler400 = "chat.views.errors.bad_request"
handler403 = "chat.views.errors.permission_denied"
handler404 = "chat.views.errors.page_not_found"
handler429 = "chatsite.accounts.throttling.too_many"  # which allauth asks for
handler500 = "chat.views.errors.server_error"
