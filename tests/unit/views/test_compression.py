import gzip

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from chat.views.compression import SMALL, compressed

PAGE = b"<p>These are words of a page.</p>" * 50


def sent(content: bytes, accepts: str = "gzip, deflate", level: int = SMALL) -> HttpResponse:
    return compressed(RequestFactory().get("/", headers={"Accept-Encoding": accepts}), HttpResponse(content), level)


@pytest.mark.parametrize("level", [1, SMALL])
def test_it_is_what_it_was(level: int) -> None:
    response = sent(PAGE, level=level)
    assert response["Content-Encoding"] == "gzip"
    assert response["Vary"] == "Accept-Encoding"
    assert gzip.decompress(response.content) == PAGE
    assert len(response.content) < len(PAGE) / 5


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
