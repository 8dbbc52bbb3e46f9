"""Static files are served as by servestatic, though each is looked at when it is first asked for."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from servestatic import base
from servestatic.middleware import ServeStaticMiddleware as Original

from chat.serving.middleware import on_event_loop
from chat.serving.static_files import ServeStaticMiddleware

FILES = {"a.js": "1;", "a.js.gz": "zip", "deep/b.css": "b{}", "c.txt": "c"}


async def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"No", status=404)


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """Has files, and a link out of it."""
    (tmp_path / "beside.js").write_text("secret")
    folder = tmp_path / "files"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "link.js").symlink_to(tmp_path / "beside.js")
    settings.SERVESTATIC_AUTOREFRESH = settings.SERVESTATIC_USE_FINDERS = False
    settings.SERVESTATIC_USE_MANIFEST = False
    settings.SERVESTATIC_USE_STATIC_ROOT = True
    settings.STATIC_ROOT = str(folder)
    return folder


def answers(kind: Any) -> list[Any]:
    """To whoever asks for each of them, twice, and for what is not there."""
    middleware = kind(nothing)

    async def ask(name: str, headers: dict[str, str]) -> Any:
        response = await middleware(RequestFactory().get(f"/static/{name}", headers=headers))
        said = b"".join([part async for part in response]) if response.streaming else response.content
        return name, response.status_code, sorted(response.items()), said

    names = [*FILES, *FILES, "link.js", "none.js", ""]
    headers: list[dict[str, str]] = [{}, {"Accept-Encoding": "gzip"}, {"Range": "bytes=0-0"}]
    return [asyncio.run(ask(name, each)) for name in names for each in headers]


def test_they_are_answered_as_by_servestatic(folder: Path) -> None:
    theirs = answers(Original)
    assert {status for _, status, _, _ in theirs} == {200, 206, 404}
    assert answers(ServeStaticMiddleware) == theirs


def test_they_are_when_directories_have_an_index(folder: Path, settings: Any) -> None:
    settings.SERVESTATIC_INDEX_FILE = "b.css"
    middleware = ServeStaticMiddleware(nothing)
    assert set(middleware.files) == set(Original(nothing).files)


def test_none_is_looked_at_before_it_is_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = list[str]()
    made = base.StaticFile
    monkeypatch.setattr(
        base, "StaticFile", lambda path, *rest, **more: looked_at.append(path) or made(path, *rest, **more)
    )
    middleware = ServeStaticMiddleware(nothing)
    assert looked_at == []
    for _ in range(2):
        assert middleware.files.get("/static/c.txt")
    assert looked_at == [str(folder / "c.txt")]
    assert Original(nothing).files
    assert len(looked_at) == 1 + 3
    assert "/static/a.js.gz" not in middleware.files
    assert middleware.files.get("/static/link.js", 0) == 0


def test_it_stands_in_the_place_of_servestatics() -> None:
    assert on_event_loop(Original) is ServeStaticMiddleware
    theirs = type("Theirs", (Original,), {})
    assert on_event_loop(theirs) is theirs
