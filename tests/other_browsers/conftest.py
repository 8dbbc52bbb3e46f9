"""Fixtures for tests in other browsers than Chromium: before a release, by `make test-browsers`."""

from collections.abc import Callable, Iterator

import pytest

from tests.browser.pages import PASSWORD, give_password
from tests.other_browsers import firefox, webkit
from tests.other_browsers.driver import ENTER, PATIENCE, Driver, shows
from tests.support.client import Client
from tests.support.site import Site
from tests.support.waiting import eventually


@pytest.fixture(scope="session", params=["firefox", "webkit"])
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    folder = tmp_path_factory.mktemp("profile")
    driver: Driver
    if request.param == "firefox":
        if not firefox.PROGRAM:
            pytest.skip(f"Firefox is not installed. On Debian: apt-get install {firefox.PACKAGES}")
        driver = firefox.Firefox(folder)
    else:
        if not (webkit.PROGRAM and webkit.SCREEN and webkit.BROWSER):
            pytest.skip(f"WebKitGTK is not installed. On Debian: apt-get install {webkit.PACKAGES}")
        driver = webkit.WebKit(folder)
    yield driver
    driver.close()


@pytest.fixture
def page(browser: Driver, site: Site, client_for: Callable[..., Client]) -> Iterator[Driver]:
    """The first page of somebody new, who has logged in by hand."""
    user = client_for(site).user
    assert user
    give_password(user)
    browser.go(f"{site.url}/accounts/login/")
    browser.click("#id_username")
    browser.press(user.username)
    browser.click("#id_password")
    browser.press(PASSWORD + ENTER)
    shows(browser, "#composer textarea")
    loaded = "() => document.readyState === 'complete'"
    eventually(lambda: browser.evaluate(loaded), "The page and its scripts are there", PATIENCE)
    yield browser
    browser.go("about:blank")
    browser.forget()
