"""allauth's addresses of second factors, those of views of ours first."""

from allauth.mfa import urls as allauths
from django.urls import include, path

from chatsite.accounts.mfa import views

urlpatterns = [
    path("", views.Index.as_view(), name="mfa_index"),
    path("totp/activate/", views.ActivateTOTP.as_view(), name="mfa_activate_totp"),
    path("totp/deactivate/", views.DeactivateTOTP.as_view(), name="mfa_deactivate_totp"),
    path("webauthn/add/", views.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("webauthn/keys/<int:pk>/edit/", views.EditPasskey.as_view(), name="mfa_edit_webauthn"),
    path("webauthn/keys/<int:pk>/remove/", views.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("webauthn/login/", views.LogInByPasskey.as_view(), name="mfa_login_webauthn"),
    path("webauthn/reauthenticate/", views.PasskeyAgain.as_view(), name="mfa_reauthenticate_webauthn"),
    path("recovery-codes/", views.RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path("recovery-codes/download/", views.RecoveryCodesFile.as_view(), name="mfa_download_recovery_codes"),
    path("", include(allauths)),
]
