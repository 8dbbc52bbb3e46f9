"""`manage.py checkstream` finds nothing wrong behind the nginx of docs/deploy.md, and finds each fault."""

import asyncio
import io
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as django_settings
from django.core import signing
from django.core.management import CommandError, call_command
from django.test import AsyncClient

from chat.diagnostics.checkstream import check
from chat.diagnostics.probe import TOKEN_SECONDS, Plan
from tests.conftest import RunSite
from tests.support.nginx import PROGRAM, WHY_MISSING, Nginx, configuration
from tests.support.site import ROOT, Site, environment

pytestmark = pytest.mark.alone

needs_nginx = pytest.mark.skipif(PROGRAM is None, reason=WHY_MISSING)
BEHIND_PROXY = {"TRUST_X_FORWARDED_PROTO": "on", "SECURE_SSL_REDIRECT": "on"}
"""What docs/deploy.md sets on the site."""
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
RunNginx = Callable[..., Nginx]


class Report:
    """What the command said, and whether it was content."""

    def __init__(self, url: str, idle: float = 0.2, **options: Any) -> None:
        output = io.StringIO()
        try:
            call_command("checkstream", url, idle=idle, stdout=output, no_color=True, **options)
            self.verdict = "All is well."
        except CommandError as error:
            self.verdict = str(error)
        self.text = output.getvalue()

    @property
    def faults(self) -> list[str]:
        return [line.removeprefix("FAULT ") for line in self.text.splitlines() if line.startswith("FAULT ")]

    @property
    def fault(self) -> str:
        """The one fault that it found."""
        assert len(self.faults) == 1, self.text
        assert self.verdict == "1 fault found."
        return self.faults[0]

    def assert_all_well(self) -> None:
        assert self.verdict == "All is well.", self.text
        assert self.text.endswith("All is well.\n")
        assert not self.faults


@pytest.fixture(autouse=True)
def shorter_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "TICKS", Plan(events=8, interval=0.1))


@pytest.fixture(scope="module")
def proxied_site(run_site: RunSite) -> Site:
    return run_site(**BEHIND_PROXY)


@pytest.fixture
def run_nginx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunNginx]:
    """`run_nginx(site, **changes)`: an nginx whose certificate we trust."""
    with ExitStack() as stack:

        def run(site: Site, **changes: str) -> Nginx:
            nginx = stack.enter_context(Nginx(tmp_path, site.port, **changes))
            monkeypatch.setenv("SSL_CERT_FILE", str(nginx.certificate))
            return nginx

        yield run


@contextmanager
def server_that_says(*pieces: bytes, then: str = "wait") -> Iterator[str]:
    """The address of a server that answers each request with `pieces`, and then does "wait", "close" or "trickle"."""
    over = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    answer(connection)

    def answer(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.settimeout(10)
            connection.recv(65536)
            for piece in pieces:
                connection.sendall(piece)
            for _ in range(200 if then == "trickle" else 0):
                if over.wait(0.05):
                    return
                connection.sendall(b"x")
            while then == "wait" and connection.recv(65536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


# Through a proxy


@needs_nginx
def test_finds_nothing_wrong_behind_the_nginx_of_the_page(run_nginx: RunNginx, proxied_site: Site) -> None:
    report = Report(run_nginx(proxied_site).url)
    report.assert_all_well()
    assert "Browsers get HTTP/2" in report.text
    assert "scheme and host arrive" in report.text
    assert re.search(r"late by 0\.\d{3} s at the median, 0\.\d{3} s at most", report.text)
    assert (
        "0.2 s of silence survived. But the site itself is silent for 15 s at most, so try --idle 20." in report.text
    )


@needs_nginx
def test_nginx_neither_buffers_nor_compresses_what_the_headers_forbid(run_nginx: RunNginx, proxied_site: Site) -> None:
    """nginx compresses nothing that bears a Content-Encoding, not even `identity`."""
    add = "proxy_buffering on; gzip on; gzip_types text/event-stream; gzip_min_length 0;"
    Report(run_nginx(proxied_site, add=add).url).assert_all_well()


@needs_nginx
def test_says_that_something_buffers(run_nginx: RunNginx, proxied_site: Site) -> None:
    add = "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;"
    fault = Report(run_nginx(proxied_site, add=add).url).fault
    assert fault.startswith("Something buffers: events sent 0.1 s apart arrive in lumps, late by 0.")
    assert "nginx: `proxy_buffering off`" in fault
    late = float(re.search(r"([\d.]+) s at most", fault)[1])
    assert 0.6 < late < 1.4, "the first event waited 0.8 s for the last"


@needs_nginx
def test_says_that_something_compresses(run_nginx: RunNginx, proxied_site: Site) -> None:
    add = "gzip on; gzip_types text/event-stream; gzip_min_length 0; proxy_hide_header Content-Encoding;"
    fault = Report(run_nginx(proxied_site, add=add).url).fault
    assert fault.startswith("Something compresses streams (gzip)")
    assert "no `text/event-stream` in `gzip_types`" in fault


@needs_nginx
def test_says_after_how_long_idle_streams_are_cut(run_nginx: RunNginx, proxied_site: Site) -> None:
    nginx = run_nginx(proxied_site, without="proxy_read_timeout", add="proxy_read_timeout 3s;")
    fault = Report(nginx.url, idle=4).fault
    assert 2.7 < _cut_after(fault) < 3.9
    assert "nginx: `proxy_read_timeout 60s`" in fault


@needs_nginx
def test_a_cut_beyond_the_keep_alive_does_no_harm(
    run_nginx: RunNginx, proxied_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "NEEDED_SILENCE", 0.5)
    nginx = run_nginx(proxied_site, without="proxy_read_timeout", add="proxy_read_timeout 1s;")
    report = Report(nginx.url, idle=2)
    report.assert_all_well()
    assert 0.7 < _cut_after(report.text) < 1.9
    assert "No harm" in report.text


@needs_nginx
@pytest.mark.parametrize("name", ["CHAT_ATTACHMENT_BYTES", "CHAT_IMPORT_BYTES"])
def test_says_that_files_are_refused_which_the_site_takes(
    run_nginx: RunNginx, proxied_site: Site, settings: Any, name: str
) -> None:
    """As where the setting was raised, and nginx not told: its 413 is a page of HTML."""
    setattr(settings, name, 100_000_000)
    fault = Report(run_nginx(proxied_site).url).fault
    assert fault.startswith("Something refuses what the site takes at /")
    assert f"100,002,000 bytes, as {name} has it" in fault
    assert "`client_max_body_size 96m`" in fault


@needs_nginx
@pytest.mark.parametrize(
    ("value", "words"),
    [('""', "Something drops Last-Event-ID"), ('"7"', "Something changes Last-Event-ID to '7'")],
)
def test_says_that_last_event_id_is_lost(run_nginx: RunNginx, proxied_site: Site, value: str, words: str) -> None:
    nginx = run_nginx(proxied_site, add=f"proxy_set_header Last-Event-ID {value};")
    assert Report(nginx.url).fault.startswith(words)


@needs_nginx
def test_says_that_https_redirects_loop(run_nginx: RunNginx, proxied_site: Site, settings: Any) -> None:
    nginx = run_nginx(proxied_site, without="proxy_set_header X-Forwarded-Proto")
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    fault = Report(nginx.url).fault
    assert "redirects to the address that was asked, for ever" in fault
    assert "proxy_set_header X-Forwarded-Proto $scheme" in fault
    settings.SECURE_PROXY_SSL_HEADER = None
    assert "TRUST_X_FORWARDED_PROTO=on (it is off here)" in Report(nginx.url).fault


@needs_nginx
@pytest.mark.parametrize(
    ("trust", "without", "words", "remedy"),
    [
        ("on", "proxy_set_header X-Forwarded-Proto", "does not arrive", "X-Forwarded-Proto $scheme"),
        ("off", "", "arrives as 'https'", "TRUST_X_FORWARDED_PROTO=on"),
    ],
)
def test_says_that_the_site_does_not_learn_of_https(
    run_nginx: RunNginx, run_site: RunSite, trust: str, without: str, words: str, remedy: str
) -> None:
    site = run_site(**BEHIND_PROXY | {"SECURE_SSL_REDIRECT": "off", "TRUST_X_FORWARDED_PROTO": trust})
    fault = Report(run_nginx(site, without=without).url).fault
    assert fault.startswith("The site takes this for http, and posts fail with 403")
    assert f"X-Forwarded-Proto {words}" in fault
    assert remedy in fault


@needs_nginx
def test_trusted_origins_make_up_for_a_hidden_address(run_nginx: RunNginx, proxied_site: Site, settings: Any) -> None:
    nginx = run_nginx(proxied_site, without="proxy_set_header Host", add="proxy_set_header Host 127.0.0.1;")
    assert Report(nginx.url).fault.startswith("The site takes itself for 127.0.0.1: posts fail with 403")
    settings.CSRF_TRUSTED_ORIGINS = [nginx.url]
    report = Report(nginx.url)
    report.assert_all_well()
    assert "CSRF_TRUSTED_ORIGINS makes up for that" in report.text


@needs_nginx
def test_says_that_the_proxy_hides_the_host(run_nginx: RunNginx, proxied_site: Site) -> None:
    """nginx then sends the name of its upstream block."""
    fault = Report(run_nginx(proxied_site, without="proxy_set_header Host").url).fault
    assert fault.startswith("The site refuses the host name that it gets for localhost (400).")
    assert "proxy_set_header Host $http_host" in fault


@needs_nginx
def test_says_that_something_caches(run_nginx: RunNginx, proxied_site: Site, tmp_path: Path) -> None:
    nginx = run_nginx(
        proxied_site,
        http=f"proxy_cache_path {tmp_path}/cache keys_zone=everything:1m;",
        add="proxy_cache everything; proxy_cache_valid 1m; proxy_ignore_headers Cache-Control X-Accel-Buffering;",
    )
    buffers, caches = Report(nginx.url).faults
    assert buffers.startswith("Something buffers")
    assert caches.startswith("Something caches: the same stream came twice.")


@needs_nginx
def test_says_that_cache_control_is_changed(run_nginx: RunNginx, proxied_site: Site) -> None:
    add = "proxy_hide_header Cache-Control; add_header Cache-Control no-store;"
    fault = Report(run_nginx(proxied_site, add=add).url).fault
    assert fault.startswith("Something changes Cache-Control, no-store and no-transform, to 'no-store'.")


@needs_nginx
def test_says_that_the_site_behind_the_proxy_is_down(run_nginx: RunNginx, run_site: RunSite) -> None:
    site = run_site(own=True)
    nginx = run_nginx(site)
    site.close()
    assert "has a proxy that does not reach the site behind it (503)" in Report(nginx.url).fault


@needs_nginx
def test_says_that_the_certificate_is_not_to_be_trusted(
    run_nginx: RunNginx, proxied_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    nginx = run_nginx(proxied_site)
    monkeypatch.delenv("SSL_CERT_FILE")
    assert Report(nginx.url).fault.startswith("The certificate of localhost is not to be trusted: self")
    report = Report(nginx.url, insecure=True)
    report.assert_all_well()
    assert "The certificate was not looked at." in report.text


@needs_nginx
def test_says_that_the_address_redirects(run_nginx: RunNginx, proxied_site: Site) -> None:
    words = "This address redirects to https://localhost/diagnostics/stream/; nothing more was checked."
    assert Report(run_nginx(proxied_site).plain_url).fault.startswith(words)


@needs_nginx
def test_says_that_it_is_the_wrong_protocol(run_nginx: RunNginx, proxied_site: Site) -> None:
    nginx = run_nginx(proxied_site)
    assert " speaks TLS. " in Report(nginx.url.replace("https:", "http:")).fault
    assert Report(nginx.plain_url.replace("http:", "https:")).fault.startswith("There is no TLS at localhost:")


@needs_nginx
@pytest.mark.parametrize(("name", "is_known"), [("localhost", True), ("chat.example", False), (None, False)])
def test_the_page_answers_its_own_name_alone(
    run_nginx: RunNginx, proxied_site: Site, name: str | None, is_known: bool
) -> None:
    nginx = run_nginx(proxied_site)
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    ask = f"GET /accounts/login/ HTTP/1.0\r\n{f'Host: {name}' if name else 'X: y'}\r\n\r\n".encode()

    def answer(url: str, server_name: str | None) -> bytes:
        with socket.create_connection(("127.0.0.1", urllib.parse.urlsplit(url).port), timeout=30) as connection:
            if url.startswith("https:"):
                connection = trusting.wrap_socket(connection, server_hostname=server_name)
            with connection:
                connection.sendall(ask)
                return connection.recv(65536)

    assert bool(answer(nginx.plain_url, None)) == is_known
    assert bool(answer(nginx.url, "localhost")) == is_known
    with suppress(ssl.SSLError) if is_known else pytest.raises(ssl.SSLError, match="unrecognized name"):
        answer(nginx.url, name)


@needs_nginx
def test_the_page_says_in_words_that_the_site_is_away(run_nginx: RunNginx, run_site: RunSite) -> None:
    site = run_site(own=True)
    nginx = run_nginx(site)
    site.close()
    status, headers, body = _asked(nginx)
    assert (status, headers["Retry-After"], headers["Content-Type"]) == (503, "5", "text/html")
    assert b"The chat is away" in body


@needs_nginx
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_the_page_leaves_the_sites_own_errors_as_they_are(run_nginx: RunNginx, status: int) -> None:
    own = f"HTTP/1.1 {status} Own\r\nContent-Length: 4\r\nRetry-After: 77\r\n\r\nmine".encode()
    with server_that_says(own, then="close") as url:
        site = mock.Mock(port=urllib.parse.urlsplit(url).port)
        said, headers, body = _asked(run_nginx(site))
    assert (said, headers["Retry-After"], body) == (status, "77", b"mine")


def _asked(nginx: Nginx) -> tuple[int, Any, bytes]:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{nginx.url}/accounts/login/", context=ssl.create_default_context(), timeout=30)
    with caught.value as answer:
        return answer.status, answer.headers, answer.read()


@needs_nginx
def test_the_page_lets_the_site_itself_refuse_large_bodies(run_nginx: RunNginx, proxied_site: Site) -> None:
    nginx = run_nginx(proxied_site)
    request = urllib.request.Request(
        f"{nginx.url}/c/{uuid.uuid4()}/messages/",
        bytes(django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1),
        {"Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, context=ssl.create_default_context(), timeout=10)
    with caught.value as answer:
        assert answer.status == 413
        assert b'"code": "too_long"' in answer.read()


def test_the_page_keeps_what_the_text_explains() -> None:
    """Directives that no run of the command could miss, or whose lack it would show in a real load only."""
    page = configuration()
    (idle,) = re.findall(r"^ +keepalive_timeout (\d+)s;$", page, re.MULTILINE)
    assert int(idle) < 60, "daphne closes idle connections after 60 s"
    assert re.search(r"^ +keepalive \d+;$", page, re.MULTILINE)
    assert "proxy_http_version 1.1;" in page
    assert 'proxy_set_header Connection "";' in page


# Straight to the site


def test_finds_nothing_wrong_with_the_site_itself(site: Site) -> None:
    report = Report(f"{site.url}/c/any/page/")
    report.assert_all_well()
    assert "This is plain HTTP" in report.text


def test_says_that_the_site_does_not_know_the_host(site: Site) -> None:
    fault = Report(site.url.replace("127.0.0.1", "127.1")).fault
    assert (
        fault == "The site refuses the host name that it gets for 127.1 (400). What to do: Django: ALLOWED_HOSTS=127.1"
    )


def test_says_that_the_secret_is_another(site: Site, settings: Any) -> None:
    settings.SECRET_KEY = "another-key"
    assert Report(site.url).fault.startswith("A Chatsite answers, but with another SECRET_KEY or clock.")


def test_says_that_nothing_listens_there() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        report = Report(f"http://127.0.0.1:{bound.getsockname()[1]}")
    assert "the connection was refused" in report.fault


def test_says_that_nobody_answers() -> None:
    with server_that_says(then="wait") as url:
        assert "did not answer within 0.2 s" in Report(url, patience=0.2).fault


def test_says_that_the_connection_was_closed_without_an_answer() -> None:
    with server_that_says(then="close") as url:
        assert "gave no proper answer (RemoteDisconnected)" in Report(url).fault


def test_ends_whatever_the_other_side_does() -> None:
    """A byte comes now and then, in a header or in an event that never end."""
    began = time.monotonic()
    with server_that_says(b"HTTP/1.1 200 OK\r\nX-", then="trickle") as url:
        assert "did not answer within 0.2 s" in Report(url, patience=0.2).fault
    with server_that_says(STREAM, then="trickle") as url:
        assert "A stream broke off before its first event" in Report(url, patience=0.2).fault
    assert time.monotonic() - began < 8


def test_says_that_a_stream_broke_off() -> None:
    with server_that_says(STREAM, then="close") as url:
        assert "A stream broke off before its first event" in Report(url, patience=0.2).fault


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"200 OK\r\nContent-Type: text/html", "answers with a page, not with the test stream"),
        (b"200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: br", "Something compresses streams (br)"),
        (b"302 Found\r\nLocation: /accounts/login/", "redirects to http://127.0.0.1:"),
        (b"401 Unauthorized", "asks for a login before the site is reached"),
        (b"403 Forbidden", "refuses before the site is reached"),
        (b"404 Not Found", "is not this site"),
        (b"500 Internal Server Error", "answers 500 Internal Server Error"),
    ],
)
def test_says_what_answers_instead_of_the_site(answer: bytes, words: str) -> None:
    with server_that_says(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 2\r\n\r\nno") as url:
        assert words in Report(url, patience=0.2).faults[0]


@pytest.mark.parametrize("url", ["chat.example.org", "ftp://chat.example.org", "https://", "https://host:99999"])
def test_asks_for_a_whole_address(url: str) -> None:
    assert "is not a whole address" in Report(url).verdict


@pytest.mark.parametrize("options", [{"idle": -1}, {"idle": 301}, {"patience": 0}])
def test_bounds_its_options(options: dict[str, float]) -> None:
    assert "up to 300 seconds" in Report("http://127.0.0.1:9", **options).verdict


def test_the_exit_status_tells(site: Site) -> None:
    def status(url: str) -> int:
        command = [sys.executable, "manage.py", "checkstream", url, "--idle=0"]
        return subprocess.run(command, cwd=ROOT, env=environment(), timeout=60, capture_output=True).returncode

    assert status(site.url) == 0
    assert status(site.url.replace("127.0.0.1", "127.1")) == 1


# The view. No test below asks for a database, so a view that used one would fail.


def test_the_test_stream_needs_no_login_and_no_database() -> None:
    response, body = _ask(Plan(events=2, interval=0.01).token())
    assert response.status_code == 200
    assert response["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response["Cache-Control"] == "no-store, no-transform"
    assert response["X-Accel-Buffering"] == "no"
    assert response["Content-Encoding"] == "identity"
    assert re.findall(rb"^event: (\w+)$", body, re.MULTILINE) == [b"start", b"tick", b"tick", b"end"]


def test_a_token_is_needed() -> None:
    _assert_forbidden("", "SECRET_KEY")


def test_a_token_of_another_purpose_is_refused() -> None:
    _assert_forbidden(signing.dumps({"events": 1, "interval": 0, "silence": 0}), "SECRET_KEY")


def test_an_old_token_is_refused() -> None:
    with mock.patch("time.time", return_value=time.time() - TOKEN_SECONDS - 1):
        token = Plan().token()
    _assert_forbidden(token, "too old")


def test_a_token_good_until_its_last_second() -> None:
    with mock.patch("time.time", return_value=time.time() - TOKEN_SECONDS + 5):
        token = Plan().token()
    assert _ask(token)[0].status_code == 200


def test_no_token_holds_a_stream_for_long() -> None:
    plan = Plan.of_token(Plan(events=10**9, interval=1e9, silence=1e9).token())
    assert plan.seconds <= 400


def test_other_methods_are_refused() -> None:
    response = asyncio.run(AsyncClient().head("/diagnostics/stream/", {"token": Plan().token()}))
    assert response.status_code == 405
    assert response["Allow"] == "GET"


def _ask(token: str) -> tuple[Any, bytes]:
    async def ask() -> tuple[Any, bytes]:
        response: Any = await AsyncClient().get("/diagnostics/stream/", {"token": token})
        if not response.streaming:
            return response, response.content
        return response, b"".join([piece async for piece in response])

    return asyncio.run(ask())


def _assert_forbidden(token: str, words: str) -> None:
    response, _ = _ask(token)
    assert response.status_code == 403
    error = response.json()["error"]
    assert error["code"] == "forbidden"
    assert words in error["message"]


def _cut_after(text: str) -> float:
    found = re.search(r"cuts idle streams after ([\d.]+) s", text)
    assert found, text
    return float(found[1])
