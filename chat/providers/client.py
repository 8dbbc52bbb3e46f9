"""The connections to each service, and the requests that go by them. The only module that knows the openai package.

What we send is what the SDK's client would, its address and its headers, but we send it ourselves. It goes by aiohttp,
the SDK's own choice for many requests at once: a token costs half of what httpx2's costs.
"""

from __future__ import annotations

import asyncio
import logging
import time
import urllib.request
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import aiohttp
import httpx2
from yarl import URL

from chat.errors import NoModel
from chat.i18n import gettext_noop as _
from chat.providers import local
from chat.providers.configuration import Provider
from chat.providers.host_names import ProviderResolver
from chat.providers.log import log_service

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 30.0
"""How long a connection that nothing uses is kept for the next request. Many services close it sooner."""
CLOSED_SECONDS = 2.0
"""How soon a kept connection shows that it was closed before it was used; later the service may have begun."""

_clients: dict[tuple[asyncio.AbstractEventLoop, Provider], Client] = {}


async def client_of(provider: Provider) -> Client:
    """The process's client of this provider. The built-in model may come back on another port."""
    if provider.is_local:
        provider = replace(provider, address=await local.base_url())
    elif provider.lacks_key:
        said = f"lacks its key: its `api_key_variable` names {provider.api_key_variable}, which is not set"
        log_service(logger, provider, "There is no key", said, f"Set {provider.api_key_variable}, and restart.")
        raise NoModel(
            _("This site has no key for the model's service yet. Please tell the administrator."), code="upstream_key"
        )
    elif not provider.is_set_up:
        raise NoModel
    key = asyncio.get_running_loop(), provider
    if key not in _clients:
        _clients[key] = Client(provider)
    return _clients[key]


async def close_clients() -> None:
    """Of an event loop that is about to end, as a command's; those of a site end with its process."""
    loop = asyncio.get_running_loop()
    for key in [key for key in _clients if key[0] is loop]:
        await _clients.pop(key).close()


def load_sdk() -> ModuleType:
    """The openai package. To import it takes half a second: who serves does it at the start, a command if it asks."""
    import openai

    return openai


class Client:
    """What asks one provider, and the connections that it uses: nobody else's, so one that hangs keeps nobody waiting.

    Its requests differ in nothing but their bodies.
    """

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.name = provider.in_log
        # It sends nothing: it says what the SDK would send. The rest is what httpx2 adds to that.
        http = httpx2.AsyncClient()
        base_url = provider.address or "https://api.openai.com/v1"
        openai = load_sdk()
        sdk = openai.AsyncOpenAI(api_key=provider.api_key or "none", base_url=base_url, http_client=http)
        said = {**sdk.auth_headers, **sdk.default_headers, "x-stainless-retry-count": "0"}
        chosen = {name: value for name, value in said.items() if isinstance(value, str)}
        # An address without a path has no slash at its end, and the next word would become part of the host's name.
        url = f"{str(sdk.base_url).rstrip('/')}/chat/completions"
        request = http.build_request("POST", url, headers=chosen)
        self._url = URL(str(request.url), encoded=True)
        # Those of the body are aiohttp's to say, and what it can unpack of an answer.
        about_bodies = ("content-length", "accept-encoding")
        self._headers = [(name, value) for name, value in request.headers.multi_items() if name not in about_bodies]
        self._proxy = _proxy_for(self._url)
        noting = aiohttp.TraceConfig()
        noting.on_connection_reuseconn.append(_note_kept)
        self._resolver = ProviderResolver(CONNECT_SECONDS)
        # Deadlines are the engine's, so nothing here times out but a connection that cannot be made. 0: any number.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=KEEP_ALIVE_SECONDS,
                ssl=httpx2.create_ssl_context(),
                resolver=self._resolver,
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            trace_configs=[noting],
        )

    async def close(self) -> None:
        await self._session.close()
        await self._resolver.close()

    async def ask(self, body: bytes) -> aiohttp.ClientResponse:
        """POST /chat/completions. The response is not read yet, whatever its status. Raises aiohttp.ClientError.

        A kept connection that ends before it has said a word was closed by the service while nothing used it, as it
        may at any moment (RFC 9112, section 9.3.1): what was sent there was not read, and goes by another one.
        """
        while True:
            asked, began = _Asked(), time.monotonic()
            try:
                return await self._post(body, asked)
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
                if not asked.by_kept_connection or time.monotonic() - began > CLOSED_SECONDS:
                    raise

    async def _post(self, body: bytes, asked: _Asked) -> aiohttp.ClientResponse:
        proxy = self._proxy
        return await self._session.post(
            self._url,
            headers=self._headers,
            data=body,
            allow_redirects=False,
            proxy=proxy and proxy.with_user(None),
            proxy_auth=aiohttp.BasicAuth.from_url(proxy) if proxy else None,
            trace_request_ctx=asked,
        )


@dataclass
class _Asked:
    by_kept_connection: bool = False


async def _note_kept(_session: aiohttp.ClientSession, context: Any, _params: object) -> None:
    context.trace_request_ctx.by_kept_connection = True


def _proxy_for(url: URL) -> URL | None:
    """By HTTPS_PROXY, ALL_PROXY, NO_PROXY and their like. (aiohttp's own way would also look for keys in ~/.netrc.)"""
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(f"{url.host}:{url.port}"):
        return None
    return URL(proxy if "://" in proxy else f"http://{proxy}")
