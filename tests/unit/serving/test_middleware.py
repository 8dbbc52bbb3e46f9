"""Middleware changes threads only where it may ask the database."""

from inspect import isclass
from types import SimpleNamespace
from typing import Any

import pytest
from csp.constants import HEADER, NONCE
from csp.decorators import csp_exempt, csp_replace, csp_update
from csp.exceptions import CSPNonceError
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware, get_token, rotate_token
from django.test import RequestFactory
from django.utils.deprecation import MiddlewareMixin
from django.utils.module_loading import import_string

from chat.serving.middleware import ON_EVENT_LOOP, OnEventLoop, on_event_loop


async def answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@pytest.mark.parametrize("path", settings.MIDDLEWARE)
def test_each_is_known_or_asynchronous_by_itself(path: str) -> None:
    middleware = import_string(path)
    assert middleware.async_capable
    assert middleware in ON_EVENT_LOOP or not (isclass(middleware) and issubclass(middleware, MiddlewareMixin))


@pytest.mark.parametrize("middleware", ON_EVENT_LOOP)
def test_what_takes_its_place_differs_in_where_it_runs_alone(middleware: Any) -> None:
    ours = on_event_loop(middleware)
    assert ours.__mro__[1:3] == (OnEventLoop, middleware)
    steps = {"asks_database", "process_view"}
    if middleware in (CsrfViewMiddleware, CSPMiddleware):
        steps |= {"__init__", "process_response"}  # which renews its cookie, or remembers its policy, below
    assert set(vars(ours)) - {"__module__", "__doc__", "__firstlineno__", "__static_attributes__"} <= steps


@pytest.mark.parametrize("middleware", ON_EVENT_LOOP)
def test_a_subclass_of_a_project_stays_as_it_is(middleware: Any) -> None:
    theirs = type(middleware.__name__, (middleware,), {})
    assert on_event_loop(theirs) is theirs


def test_tokens_in_sessions_are_read_in_threads(settings: Any) -> None:
    assert on_event_loop(CsrfViewMiddleware) is not CsrfViewMiddleware
    settings.CSRF_USE_SESSIONS = True
    assert on_event_loop(CsrfViewMiddleware) is CsrfViewMiddleware


# The policy

POLICY = {"DIRECTIVES": {"script-src": ["'self'", NONCE], "img-src": ["'self'"]}}


def policy_of(middleware: Any, *decorators: Any, reads_nonce: bool = False) -> tuple[dict[str, str], bool]:
    """What the answer says, and whether a nonce may be asked for afterwards."""
    request = RequestFactory().get("/")
    middleware.process_request(request)
    nonce = str(request.csp_nonce) if reads_nonce else "none"  # type: ignore[attr-defined]
    view: Any = lambda request: HttpResponse()  # noqa: E731
    for decorator in decorators:
        view = decorator(view)
    response = middleware.process_response(request, view(request))
    said = {name: text.replace(nonce, "NONCE") for name, text in response.items() if name != "Content-Type"}
    try:
        return said, bool(str(request.csp_nonce))  # type: ignore[attr-defined]
    except CSPNonceError:
        return said, False


@pytest.mark.parametrize(
    "said",
    [
        {"CONTENT_SECURITY_POLICY": POLICY},
        {"CONTENT_SECURITY_POLICY": POLICY | {"EXCLUDE_URL_PREFIXES": ["/"]}},
        {"CONTENT_SECURITY_POLICY": POLICY, "CONTENT_SECURITY_POLICY_REPORT_ONLY": POLICY},
        {"CONTENT_SECURITY_POLICY": {"DIRECTIVES": {"default-src": None}}},
        {"CONTENT_SECURITY_POLICY": None},
    ],
)
def test_a_policy_that_is_remembered_is_that_which_is_made(settings: Any, said: dict[str, Any]) -> None:
    kinds: list[Any] = [on_event_loop(CSPMiddleware), CSPMiddleware]
    ours, theirs = [kind(answer) for kind in kinds]
    policy_of(ours)  # of other settings
    for name, value in said.items():
        setattr(settings, name, value)
    own = [(), (csp_exempt(),), (csp_update({"img-src": "data:"}),), (csp_replace({"img-src": "data:"}),)]
    for decorators in [*own, *own]:
        for reads_nonce in (False, True):
            asked = [policy_of(one, *decorators, reads_nonce=reads_nonce) for one in (ours, theirs)]
            assert asked[0] == asked[1]
    assert policy_of(ours, lambda view: lambda request: HttpResponse(headers={HEADER: "own"}))[0][HEADER] == "own"


# The CSRF cookie


def cookie_for(middleware: Any, cookie: str | None, *, rotates: bool = False) -> str | None:
    """What the answer sets, for a page with a form."""
    request = RequestFactory().get("/", headers={"cookie": f"csrftoken={cookie}"} if cookie else {})
    middleware.process_request(request)
    if rotates:
        rotate_token(request)
    get_token(request)
    response = middleware.process_response(request, HttpResponse())
    assert "Cookie" in response["Vary"]
    return response.cookies["csrftoken"].value if response.cookies else None


@pytest.fixture
def csrf() -> Any:
    return on_event_loop(CsrfViewMiddleware)(answer)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("chat.serving.middleware.time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_it_is_set_once_a_day(csrf: Any, clock: list[float]) -> None:
    mine, hers = "m" * 32, "h" * 32
    assert [cookie_for(csrf, mine) for _ in range(3)] == [mine, None, None]
    assert [cookie_for(csrf, hers) for _ in range(2)] == [hers, None]
    clock[0] += 25 * 3600
    assert [cookie_for(csrf, mine) for _ in range(2)] == [mine, None]


def test_who_has_none_or_another_one_gets_it(csrf: Any) -> None:
    first = cookie_for(csrf, None)
    assert first
    assert cookie_for(csrf, first) in (first, None)
    assert cookie_for(csrf, first) is None
    rotated = cookie_for(csrf, first, rotates=True)
    assert rotated not in (first, None)
    assert cookie_for(csrf, first, rotates=True) not in (first, rotated, None)
    assert cookie_for(csrf, "too short") not in (first, None)


def test_one_that_is_kept_for_an_hour_is_renewed_within_it(csrf: Any, clock: list[float], settings: Any) -> None:
    settings.CSRF_COOKIE_AGE = 3600
    assert [cookie_for(csrf, "m" * 32) for _ in range(2)] == ["m" * 32, None]
    clock[0] += 1900
    assert cookie_for(csrf, "m" * 32) == "m" * 32


def test_past_so_many_all_are_set_anew(csrf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.serving.middleware.MOST_COOKIES", 2)
    secrets = [letter * 32 for letter in "abc"]
    assert [cookie_for(csrf, secret) for secret in [*secrets, *secrets[::-1]]] == [*secrets, None, "b" * 32, "a" * 32]


@pytest.fixture
def request_with_session() -> HttpRequest:
    request = RequestFactory().get("/")
    for middleware in (SessionMiddleware, MessageMiddleware):
        middleware(lambda _: HttpResponse()).process_request(request)
    return request


def needing_threads(request: HttpRequest) -> list[str]:
    return [ours.__name__ for ours in ON_EVENT_LOOP.values() if ours(answer).asks_database(request)]  # type: ignore[call-arg]


def test_none_needs_a_thread_where_nothing_is_to_be_stored(request_with_session: HttpRequest) -> None:
    assert needing_threads(request_with_session) == []


def test_a_changed_session_is_stored_in_a_thread(request_with_session: HttpRequest) -> None:
    request_with_session.session["key"] = "value"
    assert needing_threads(request_with_session) == ["SessionMiddleware"]


def test_messages_are_stored_in_a_thread(request_with_session: HttpRequest) -> None:
    messages.info(request_with_session, "Done.")
    assert needing_threads(request_with_session) == ["MessageMiddleware"]
