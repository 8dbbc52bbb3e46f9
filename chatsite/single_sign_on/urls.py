"""Below /accounts/: allauth includes them as those of its provider, whose names these have."""

from django.urls import include, path

from chatsite.single_sign_on import logout, views

urlpatterns = [
    path(
        "oidc/",
        include(
            [
                path("<slug:provider_id>/login/", views.login, name="openid_connect_login"),
                path("<slug:provider_id>/login/callback/", views.callback, name="openid_connect_callback"),
                path("fresh-login/", views.prove, name="oidc_fresh_login"),
                path("logout/", logout.logout_at_provider, name="oidc_logout"),
                path("back-channel-logout/", logout.back_channel_logout, name="oidc_back_channel_logout"),
            ]
        ),
    )
]
