"""Fixtures of the tests over HTTP alone."""

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.oidc import AtProvider, NpmProvider
from tests.support.site import Site
from tests.support.tool_gates import ToolGates


@pytest.fixture(scope="module")
def provider() -> Iterator[NpmProvider]:
    """npm's provider of OpenID Connect."""
    with NpmProvider() as provider:
        yield provider


@pytest.fixture
def there() -> Iterator[AtProvider]:
    """A browser at the provider."""
    browser = AtProvider()
    yield browser
    browser.close()


@pytest.fixture
def hurried(run_site: RunSite, client_for: Callable[..., Client]) -> Client:
    """A client of a site with short deadlines."""
    return client_for(
        run_site(
            CHAT_FIRST_TOKEN_SECONDS="0.6",
            CHAT_IDLE_SECONDS="0.5",
            CHAT_TOTAL_SECONDS="3",
            CHAT_LIVE_PER_PROCESS="2",
            CHAT_OUTPUT_CHARS="1000",
        )
    )


@pytest.fixture
def mortal(run_site: RunSite, committed: None) -> Iterator[Site]:
    """A site of the test's own."""
    site = run_site(own=True)
    yield site
    site.close()


@pytest.fixture(scope="module")
def gates() -> Iterator[ToolGates]:
    with ToolGates() as gates:
        yield gates
