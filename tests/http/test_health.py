"""How the process is, for whoever sends requests to it."""

import http.client
from contextlib import closing

import pytest

from tests.support.client import Client
from tests.support.site import Site


def asked_by(site: Site, host: str, path: str, method: str = "GET") -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)) as connection:
        connection.request(method, path, headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.read().decode()


@pytest.mark.parametrize("path", ["/health/live/", "/health/ready/"])
def test_it_is_said_to_everybody_under_any_name(site: Site, path: str) -> None:
    status, text = asked_by(site, "10.0.0.1:9000", path)
    assert (status, text) == (200, f'{{"status": "{path.split("/")[2]}"}}')
    assert asked_by(site, "10.0.0.1:9000", "/accounts/login/")[0] == 400
    assert asked_by(site, "127.0.0.1", path, "HEAD") == (200, "")
    assert asked_by(site, "127.0.0.1", path, "POST")[0] == 405


def test_no_session_is_made_and_nothing_is_kept(nobody: Client) -> None:
    answer = nobody.get("/health/ready/")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/health/", "/health/ready", "/health/other/"])
def test_nothing_else_is_below(nobody: Client, path: str) -> None:
    assert nobody.get(path, Accept="text/html").status in (301, 404)
