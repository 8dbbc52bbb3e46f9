"""Fixtures of the tests over HTTP alone."""

from collections.abc import Iterator

import pytest

from tests.support.oidc import AtProvider, NpmProvider


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
