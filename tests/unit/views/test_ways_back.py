"""The way back leads to a page of the chat that has the list, and nowhere else."""

import uuid

import pytest
from django.test import RequestFactory
from django.urls import set_script_prefix

from chat.views.ways_back import came_from

ID = uuid.UUID(int=5)


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/", "/"),
        (f"http://testserver/?after=5-{ID}", f"/?after=5-{ID}"),
        (f"http://testserver/c/{ID}/?from={ID}#message", f"/c/{ID}/?from={ID}"),
        (f"http://testserver/c/{ID}/actions/", ""),
        ("http://testserver/settings/", ""),
        ("http://testserver/accounts/login/?next=/", ""),
        ("http://testserver/none/", ""),
        ("http://elsewhere.test/", ""),
        ("http://testserver//elsewhere.test/", ""),
        ("//elsewhere.test/", ""),
        ("javascript:alert(1)", ""),
        ("http://[", ""),
        ("\\\\elsewhere.test", ""),
        ("", ""),
    ],
)
def test_only_a_page_with_the_list(referer: str, back: str) -> None:
    assert came_from(RequestFactory().get("/", headers={"referer": referer})) == back


def test_below_the_prefix_of_the_site() -> None:
    set_script_prefix("/site/")
    try:
        for path, back in (("/site/?a=b", "/site/?a=b"), ("/", ""), ("/sites/", "")):
            request = RequestFactory().get("/site/", headers={"referer": f"http://testserver{path}"})
            assert came_from(request) == back
    finally:
        set_script_prefix("/")
