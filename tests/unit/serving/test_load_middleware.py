"""Our handler loads a list of middleware as Django's does: tested against it, with what each of them can be."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings as project
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.core.handlers.asgi import ASGIHandler as DjangosHandler
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.test import RequestFactory
from django.urls import path
from django.utils.decorators import async_only_middleware, sync_and_async_middleware, sync_only_middleware
from django.utils.deprecation import MiddlewareMixin

from chat.serving.handler import ASGIHandler

HERE = __name__
DJANGOS = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

seen: list[str] = []
"""What was called, in order."""


class Whole(MiddlewareMixin):
    """With each of the steps that there are."""

    def process_request(self, request: HttpRequest) -> None:
        seen.append(f"{type(self).__name__} request")

    def process_view(self, request: HttpRequest, *view: Any) -> None:
        seen.append(f"{type(self).__name__} view")

    def process_template_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        seen.append(f"{type(self).__name__} template")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        seen.append(f"{type(self).__name__} exception")
        return HttpResponse("caught") if isinstance(exception, KeyError) else None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        seen.append(f"{type(self).__name__} response {response.status_code}")
        return response


class Second(Whole):
    pass


class OnlySync(Whole):
    async_capable = False


class OnlyAsync:
    sync_capable, async_capable = False, True

    def __init__(self, get_response: Callable[..., Any]) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        seen.append("OnlyAsync")
        response: HttpResponse = await self.get_response(request)
        return response

    async def process_view(self, request: HttpRequest, *view: Any) -> None:
        seen.append("OnlyAsync view")


class NotUsed:
    def __init__(self, get_response: Callable[..., Any]) -> None:
        raise MiddlewareNotUsed("not here")


class Neither:
    sync_capable = async_capable = False

    def __init__(self, get_response: Callable[..., Any]) -> None:
        pass


@sync_only_middleware
def a_sync_function(get_response: Callable[..., Any]) -> Callable[..., Any]:
    def middleware(request: HttpRequest) -> HttpResponse:
        seen.append("a sync function")
        response: HttpResponse = get_response(request)
        return response

    return middleware


def a_plain_function(get_response: Callable[..., Any]) -> Callable[..., Any]:
    return a_sync_function(get_response)


@async_only_middleware
def an_async_function(get_response: Callable[..., Any]) -> Callable[..., Any]:
    async def middleware(request: HttpRequest) -> HttpResponse:
        seen.append("an async function")
        response: HttpResponse = await get_response(request)
        return response

    return middleware


@sync_and_async_middleware
def a_function_of_both(get_response: Callable[..., Any]) -> Callable[..., Any]:
    if iscoroutinefunction(get_response):
        return an_async_function(get_response)
    return a_sync_function(get_response)


def nothing(get_response: Callable[..., Any]) -> None:
    return None


LISTS: dict[str, list[str]] = {
    "none": [],
    "Django's": DJANGOS,
    "the site's": list(project.MIDDLEWARE),
    "all kinds": [
        *(f"{HERE}.Whole", *DJANGOS[:3], f"{HERE}.an_async_function", f"{HERE}.NotUsed", f"{HERE}.a_plain_function"),
        *(*DJANGOS[3:], f"{HERE}.a_function_of_both", f"{HERE}.OnlyAsync", f"{HERE}.Second"),
    ],
    "a sync one innermost": [*DJANGOS, f"{HERE}.Whole", f"{HERE}.OnlySync"],
    "a sync one outermost": [f"{HERE}.OnlySync", *DJANGOS, f"{HERE}.Second"],
    "sync between async": [
        f"{HERE}.OnlyAsync",
        *DJANGOS[:2],
        f"{HERE}.a_sync_function",
        *DJANGOS[2:],
        f"{HERE}.OnlyAsync",
    ],
    "sync and not used": [*DJANGOS[:4], f"{HERE}.NotUsed", *DJANGOS[4:], f"{HERE}.OnlySync", f"{HERE}.NotUsed"],
}


async def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


def sync(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sync")


def rendered(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, TemplateOfText())  # type: ignore[arg-type]


async def missing(request: HttpRequest) -> HttpResponse:
    raise Http404


async def caught(request: HttpRequest) -> HttpResponse:
    raise KeyError


async def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


class TemplateOfText:
    def render(self, context: Any, request: HttpRequest) -> str:
        return "rendered"


urlpatterns = [path(f"{view.__name__}/", view) for view in (fine, sync, rendered, missing, caught, broken)]


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("theirs", status=404)


def handler500(request: HttpRequest) -> HttpResponse:
    return HttpResponse("theirs", status=500)


@pytest.fixture
def loaded(settings: Any, request: pytest.FixtureRequest) -> tuple[DjangosHandler, ASGIHandler]:
    settings.ROOT_URLCONF = HERE
    settings.MIDDLEWARE = LISTS[request.param]
    return DjangosHandler(), ASGIHandler()


each_list = pytest.mark.parametrize("loaded", LISTS, indirect=True)


def chain(handler: Any) -> list[str]:
    """From the outermost on: which middleware, and as what it is called."""
    found: list[str] = []
    step = handler._middleware_chain
    while step:
        inner = getattr(step, "func", None) or getattr(step, "awaitable", None) or getattr(step, "__wrapped__", None)
        kind = "async" if iscoroutinefunction(step) else "sync"
        is_instance = not hasattr(step, "__name__") and not inner
        found.append(
            f"{type(step).__name__ if is_instance else getattr(step, '__name__', type(step).__name__)} {kind}"
        )
        step = inner or getattr(step, "get_response", None)
    names = {"respond": "inner"}  # what turns exceptions into responses is ours
    return [" ".join(names.get(word, word) for word in entry.split()) for entry in found]


@each_list
def test_the_chain_is_the_same(loaded: tuple[DjangosHandler, ASGIHandler]) -> None:
    djangos, ours = map(chain, loaded)
    assert ours == djangos


@each_list
def test_so_are_the_lists_of_other_steps(loaded: tuple[DjangosHandler, ASGIHandler]) -> None:
    def names(handler: Any, kind: str) -> list[str]:
        steps = getattr(handler, f"_{kind}_middleware")
        return [f"{getattr(step, 'func', step).__qualname__} {iscoroutinefunction(step)}" for step in steps]

    for kind in ("view", "template_response", "exception"):
        djangos, ours = (names(handler, kind) for handler in loaded)
        assert ours == djangos


@each_list
@pytest.mark.django_db(transaction=True)  # another test may have left a connection, which a thread looks at
@pytest.mark.parametrize("name", ["fine", "sync", "rendered", "missing", "caught", "broken", "nowhere"])
def test_a_request_goes_the_same_way(loaded: tuple[DjangosHandler, ASGIHandler], name: str, caplog: Any) -> None:
    def ask(handler: Any) -> tuple[int, bytes, list[str], list[str]]:
        seen.clear()
        caplog.clear()
        request = RequestFactory().get(f"/{name}/")
        response = asyncio.run(handler.get_response_async(request))
        return response.status_code, response.content, [*seen], caplog.messages

    djangos, ours = map(ask, loaded)
    assert ours == djangos


@pytest.mark.parametrize(("name", "error"), [("Neither", RuntimeError), ("nothing", ImproperlyConfigured)])
def test_what_cannot_be_loaded_is_refused(settings: Any, name: str, error: type[Exception]) -> None:
    settings.MIDDLEWARE = [f"{HERE}.{name}"]
    for handler in (DjangosHandler, ASGIHandler):
        with pytest.raises(error):
            handler()
