"""Providers of OpenID Connect on loopback, which others wrote, and a user's browser that goes there and back."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from chatsite.single_sign_on.configuration import as_providers
from chatsite.single_sign_on.tokens import LOGOUT_EVENT

ROOT = Path(__file__).parent.parent.parent
CLIENT_ID, CLIENT_SECRET, NAME = "chat", "a-secret-of-32-characters-or-more", "Example ID"
PATIENCE = 60.0
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {
    "kid": "k1",
    "use": "sig",
    "alg": "RS256",
}
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


class ScriptedProvider:
    """A provider that answers as a test says: by path, a status and what is sent, in JSON unless it is bytes."""

    def __init__(self) -> None:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, said = provider.answers.get(self.path, (404, {}))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(said if isinstance(said, bytes) else json.dumps(said).encode())

            do_POST = do_GET  # noqa: N815 # the name that http.server calls

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self.description = {"issuer": self.issuer, "end_session_endpoint": f"{self.issuer}/end"} | {
            f"{name}": f"{self.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        }
        self.answers: dict[str, Any] = {
            "/.well-known/openid-configuration": (200, self.description),
            "/jwks_uri": (200, {"keys": [PUBLIC]}),
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def gives(self, nonce: str, /, *, key: Any = KEY, token: Any = None, **changes: Any) -> None:
        """Its token endpoint, an ID token; `iat` and `exp` are seconds from now."""
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": "ann", "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce}
        claims |= {name: now + value if name in ("iat", "exp") else value for name, value in changes.items()}
        said = {name: value for name, value in claims.items() if value is not None}
        signed = jwt.encode(said, key, "RS256" if key is not None else "none", {"kid": "k1"})
        self.answers["/token_endpoint"] = (200, token or {"access_token": "a", "id_token": signed, "expires_in": "x"})

    def logout_token(self, **changes: Any) -> str:
        """Of the session `s1` of ann's."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": uuid.uuid4().hex}
        claims |= {"events": {LOGOUT_EVENT: {}}, "sub": "ann", "sid": "s1"} | changes
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(said, KEY, "RS256", {"kid": "k1", "typ": "logout+jwt"})
