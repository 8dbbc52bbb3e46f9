"""Single sign-on with another provider: PyPI's oidc-provider-mock."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.support.oidc import MockProvider, configure, path_of

pytestmark = pytest.mark.django_db
pytest.importorskip("flask")  # which it stands on


def test_another_provider_does_as_well(client: Client, settings: Any) -> None:
    """Its userinfo alone says the groups, and it has no `sid`."""
    User.objects.create_superuser("root")
    with MockProvider() as provider:
        configure(settings, provider.issuer, OIDC_GROUPS_CLAIM="groups", OIDC_STAFF_GROUPS=["admins"])
        provider.knows(
            "bob-1", preferred_username="bob", email="bob@example.org", email_verified=True, groups=["admins"]
        )
        address = client.post("/accounts/oidc/sso/login/")["Location"]
        response = client.get(path_of(provider.log_in(address, "bob-1")))
        assert (response.status_code, response["Location"]) == (302, "/")
        bob = User.objects.get(pk=client.session["_auth_user_id"])
        assert (bob.username, bob.email, bob.is_staff, bob.is_superuser) == ("bob", "bob@example.org", True, False)
        assert client.post("/accounts/logout/")["Location"] == "/accounts/oidc/logout/"
        assert f"{provider.issuer}/oauth2/end_session?id_token_hint=" in client.get("/accounts/oidc/logout/").text
