"""What is compressed for whom, and that its length says little of it."""

import gzip
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from chat.views import compression
from chat.views.compression import compressed, quick, small

PAGE = b"<p>These are words of a page.</p>" * 50


def sent(content: bytes, accepts: str = "gzip, deflate", compress: Callable[[bytes], bytes] = quick) -> HttpResponse:
    request = RequestFactory().get("/", headers={"Accept-Encoding": accepts})
    return compressed(request, HttpResponse(content), compress)


@pytest.mark.parametrize("compress", [quick, small])
def test_it_is_what_it_was(compress: Callable[[bytes], bytes]) -> None:
    response = sent(PAGE, compress=compress)
    assert response["Content-Encoding"] == "gzip"
    assert response["Vary"] == "Accept-Encoding"
    assert gzip.decompress(response.content) == PAGE
    assert len(response.content) < len(PAGE) / 5


def test_without_isal_it_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compression.quickest is not gzip.compress, "it is there"
    monkeypatch.setattr(compression, "quickest", gzip.compress)
    assert gzip.decompress(sent(PAGE).content) == PAGE


def test_its_length_is_another_one_each_time() -> None:
    assert len({len(sent(PAGE).content) for _ in range(20)}) > 1


@pytest.mark.parametrize(("content", "accepts"), [(PAGE, ""), (PAGE, "br"), (PAGE, "xgzip"), (b"short", "gzip")])
def test_who_does_not_take_it_or_gains_nothing_gets_what_it_is(content: bytes, accepts: str) -> None:
    response = sent(content, accepts)
    assert response.content == content
    assert "Content-Encoding" not in response


def test_what_is_packed_already_stays_so() -> None:
    response = HttpResponse(PAGE, headers={"Content-Encoding": "br"})
    request = RequestFactory().get("/", headers={"Accept-Encoding": "gzip"})
    assert compressed(request, response).content == PAGE
