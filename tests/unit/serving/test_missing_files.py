"""A static file that is not there is answered from memory where nothing could make Django's answer another one."""

from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.core.signals import request_started
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import include, path, re_path
from django.utils.module_loading import import_string
from servestatic.middleware import ServeStaticMiddleware

from chat.serving.middleware import ON_EVENT_LOOP
from chat.serving.missing_files import MissingFiles
from chat.serving.static_files import ServeStaticMiddleware as OurServeStaticMiddleware
from chat.views.errors import page_not_found

TYPE = {"Content-Type": "text/html; charset=utf-8"}


def view(request: HttpRequest, *args: Any) -> HttpResponse:
    return HttpResponse()


def urls(*entries: Any, handler: Any = page_not_found) -> ModuleType:
    made = ModuleType("urls")
    vars(made).update(urlpatterns=[*entries], handler404=handler)
    return made


USUAL: list[Any] = [
    path("", view),
    path("c/<uuid:pk>/", view),
    path("s/<str:token>/", view),
    path("admin/", include([path("", view)])),
]


@pytest.fixture(autouse=True)
def usual(settings: Any) -> None:
    settings.ROOT_URLCONF = urls(path("", include(USUAL)))


def files(**fields: Any) -> Any:
    served: Any = object.__new__(OurServeStaticMiddleware)
    vars(served).update(
        {"use_manifest": True, "autorefresh": False, "static_prefix": "/static/", "files": {"/static/a.js": 1}}
    )
    vars(served).update(fields)
    return served


def missing_files(served: Any = None, *middleware: Any) -> MissingFiles:
    served = served or files()
    return MissingFiles([*ON_EVENT_LOOP, ServeStaticMiddleware, *middleware], [object(), served])


def get(path: str = "/static/b.js", method: str = "GET", **headers: str) -> HttpRequest:
    return RequestFactory().generic(method, path, headers=headers)


def keep(kept: MissingFiles, request: HttpRequest, response: HttpResponse | None = None) -> None:
    kept.keep(request, response or HttpResponse(b"No", status=404, headers={"Vary": "Accept-Language", "X-A": "b"}))


def test_what_was_answered_is_answered_again() -> None:
    kept = missing_files()
    assert kept.answer_to(get()) is None
    keep(kept, get())
    again = kept.answer_to(get("/static/another.js"))
    assert again
    assert (again.status_code, again.content, again["Vary"], again["X-A"]) == (404, b"No", "Accept-Language", "b")


@pytest.mark.parametrize(
    "request_",
    [
        get("/static/a.js"),
        get("/other/b.js"),
        get("/static"),
        get(method="POST"),
        get(method="HEAD"),
        get(accept="application/json"),
        get(accept_language="de"),
        get(host="localhost"),
        get(cookie="sessionid=!"),
    ],
    ids=["a file", "elsewhere", "beside", "POST", "HEAD", "a script", "German", "another host", "no session's key"],
)
def test_another_request_is_for_django(request_: HttpRequest) -> None:
    kept = missing_files()
    keep(kept, get())
    assert kept.answer_to(request_) is None


@pytest.mark.parametrize("response", [HttpResponse(status=301), HttpResponse(status=500)], ids=["301", "500"])
def test_another_answer_is_not_kept(response: HttpResponse) -> None:
    kept = missing_files()
    keep(kept, get(), response)
    assert kept.answer_to(get()) is None


def test_one_with_a_cookie_is_not_kept() -> None:
    kept, response = missing_files(), HttpResponse(status=404)
    response.set_cookie("a", "b")
    keep(kept, get(), response)
    assert kept.answer_to(get()) is None


def is_kept(kept: MissingFiles) -> bool:
    keep(kept, get())
    return kept.answer_to(get()) is not None


@pytest.mark.parametrize("fields", [{"use_manifest": False}, {"autorefresh": True}], ids=str)
def test_nor_is_any_unless_files_were_collected(fields: dict[str, bool]) -> None:
    assert not is_kept(missing_files(files(**fields)))


def test_nor_with_middleware_that_is_not_known() -> None:
    class Theirs:
        pass

    assert is_kept(missing_files())
    assert not is_kept(missing_files(None, Theirs))
    assert not is_kept(MissingFiles([*ON_EVENT_LOOP], [object()]))


def test_the_sites_own_middleware_is_known() -> None:
    """But for second factors: where all must have one, the answer is another to who has none."""
    own = {path for path in settings.MIDDLEWARE if not path.endswith("second_factors")}
    assert is_kept(missing_files(None, *map(import_string, own)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SESSION_SAVE_EVERY_REQUEST", True),
        ("DISALLOWED_USER_AGENTS", [1]),
        ("CONTENT_SECURITY_POLICY", {"EXCLUDE_URL_PREFIXES": ["/static/"]}),
        ("ROOT_URLCONF", urls(handler=view)),
        ("ROOT_URLCONF", urls(*USUAL, path("static/<path:name>", view))),
        ("ROOT_URLCONF", urls(*USUAL, path("<path:page>", view))),
        ("ROOT_URLCONF", urls(path("", include([*USUAL, path("static/b.js", view)])))),
        ("ROOT_URLCONF", urls(*USUAL, re_path(r"^static", view))),
    ],
)
def test_nor_where_something_may_make_it_another(settings: Any, name: str, value: Any) -> None:
    setattr(settings, name, value)
    assert not is_kept(missing_files())


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    monkeypatch.setattr("chat.serving.missing_files.MOST_KEPT", 3)
    kept = missing_files()
    for number in range(7):
        keep(kept, get(host=f"host{number}"))
    assert [bool(kept.answer_to(get(host=f"host{number}"))) for number in range(7)] == [False] * 6 + [True]


HEAD = [(b"host", b"testserver"), (b"accept", b"text/html"), (b"cookie", b"sessionid=abcdefgh")]


def scope(
    path: str = "/static/b.js", method: str = "GET", headers: Any = HEAD, scheme: str = "http"
) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "scheme": scheme, "headers": headers}


@pytest.fixture
def known() -> MissingFiles:
    """Has answered to one with this head."""
    kept = missing_files()
    keep(kept, get())
    assert kept.known_answer(scope()) is None
    assert kept.answer_to(get(), scope())
    return kept


def test_the_very_same_head_is_answered_again(known: MissingFiles, caplog: pytest.LogCaptureFixture) -> None:
    assert known.known_answer(scope("/static/an\nother.js")) == ({"Vary": "Accept-Language", "X-A": "b"} | TYPE, b"No")
    (line,) = caplog.records
    assert (line.name, line.levelname, line.getMessage()) == (
        "django.request",
        "WARNING",
        "Not Found: /static/an\\nother.js",
    )


@pytest.mark.parametrize(
    "other",
    [
        scope("/static/a.js"),
        scope("/other/b.js"),
        scope(method="HEAD"),
        scope(method="POST"),
        scope(scheme="https"),
        scope(headers=HEAD[:2]),
        scope(headers=[*HEAD, (b"accept-language", b"de")]),
    ],
    ids=["a file", "elsewhere", "HEAD", "POST", "HTTPS", "nobody's", "German"],
)
def test_whatever_else_is_looked_at(known: MissingFiles, other: dict[str, Any]) -> None:
    assert known.known_answer(other) is None


def test_nor_is_it_known_where_somebody_listens_to_requests(known: MissingFiles) -> None:
    def listen(**_: Any) -> None:
        pass

    request_started.connect(listen)
    try:
        assert known.known_answer(scope()) is None
    finally:
        request_started.disconnect(listen)
    assert known.known_answer(scope())


def test_one_that_may_have_a_body_of_any_length_is_looked_at_each_time() -> None:
    kept = missing_files()
    keep(kept, get())
    chunked = scope(headers=[*HEAD, (b"transfer-encoding", b"chunked")])
    assert kept.answer_to(get(), chunked)
    assert kept.known_answer(chunked) is None


def test_only_so_many_heads_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.serving.missing_files.MOST_HEADS", 2)
    kept = missing_files()
    keep(kept, get())
    asked = [scope(headers=[*HEAD, (b"x-number", b"%d" % number)]) for number in range(5)]
    for one in asked:
        kept.answer_to(get(), one)
    assert [bool(kept.known_answer(one)) for one in asked] == [False] * 4 + [True]
