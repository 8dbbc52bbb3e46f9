"""Providers of OpenID Connect on loopback, which others wrote, and a user's browser that goes there and back."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from chatsite.single_sign_on.configuration import as_providers

ROOT = Path(__file__).parent.parent.parent
CLIENT_ID, CLIENT_SECRET, NAME = "chat", "a-secret-of-32-characters-or-more", "Example ID"
PATIENCE = 60.0
IS_POSSIBLE = bool(shutil.which("node")) and (ROOT / "node_modules/oidc-provider").exists()


class NpmProvider:
    """npm's oidc-provider. It takes any password, and says of a user what it was told by `knows`."""

    def __init__(self) -> None:
        script = ROOT / "tests/support/oidc_provider.mjs"
        self._process = subprocess.Popen(["node", str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._process.stdout
        self.issuer = self._process.stdout.readline().decode().strip()
        assert self.issuer, "oidc-provider did not start"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()

    def knows(self, sub: str, **claims: object) -> None:
        _put(f"{self.issuer}/test/accounts/{sub}", claims)

    def tells(self, address: str) -> None:
        """Where it is to say that a session has ended."""
        _put(f"{self.issuer}/test/client", {"backchannelLogoutUri": address})


class AtProvider:
    """A browser's part at the provider: it has the cookies of there."""

    def __init__(self) -> None:
        self.http = httpx.Client(timeout=PATIENCE, trust_env=False)

    def close(self) -> None:
        self.http.close()

    def log_in(self, address: str, sub: str, back: str = "http://testserver/") -> str:
        """From where the site sends a browser to where the provider sends it back: an address of the site's."""
        response = self.follow(self.http.get(address), back)
        if response.is_success:  # it asks who it is
            action = re.findall(r'<form[^>]+action="([^"]+)"', response.text)[0]
            form = {"prompt": "login", "login": sub, "password": "any"}
            response = self.follow(self.http.post(str(response.url.join(action)), data=form), back)
        assert response.is_redirect, response.text
        return response.headers["Location"]

    def follow(self, response: httpx.Response, back: str) -> httpx.Response:
        """Redirects, until one leads to the site."""
        while response.is_redirect and not response.headers["Location"].startswith(back):
            response = self.http.get(str(response.url.join(response.headers["Location"])))
        return response


def configure(settings: Any, issuer: str, **changes: object) -> None:
    """Of the process of the tests, as chatsite/settings.py does it."""
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = issuer, CLIENT_ID, CLIENT_SECRET
    settings.OIDC_NAME = NAME
    for name, value in changes.items():
        setattr(settings, name, value)
    providers = as_providers(settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET, NAME)
    settings.SOCIALACCOUNT_PROVIDERS = providers


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def _put(address: str, said: dict[str, Any]) -> None:
    assert httpx.put(address, json=said, timeout=PATIENCE, trust_env=False).status_code == 204


class MockProvider:
    """PyPI's oidc-provider-mock. It takes whoever says who they are."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.issuer = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)],
            env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait()

    def knows(self, sub: str, **claims: object) -> None:
        _put(f"{self.issuer}/users/{sub}", claims)

    def log_in(self, address: str, sub: str) -> str:
        """From where the site sends a browser to where the provider sends it back."""
        return str(httpx.post(address, data={"sub": sub}, timeout=PATIENCE, trust_env=False).headers["Location"])

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{self.issuer}/jwks", timeout=PATIENCE, trust_env=False)
                return
        raise AssertionError("oidc-provider-mock did not start")
