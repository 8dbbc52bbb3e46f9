"""All that the site has of who asks, over HTTP."""

import io
import json
import zipfile

import pytest

from chat.errors import TooMany
from chat.views.personal_data import take_slot
from tests.support.client import Client
from tests.support.conversations import stored_conversation

PATH = "/personal-data/"


def zip_of(client: Client) -> zipfile.ZipFile:
    answer = client.post(PATH, form={}, Accept="text/html")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="personal-data-2')
    assert answer.headers["Cache-Control"] == "no-store, private"
    return zipfile.ZipFile(io.BytesIO(answer.body))


def test_everybody_gets_their_own(alice: Client, bob: Client) -> None:
    for client, word in ((alice, "hers-alone"), (bob, "his-alone")):
        stored_conversation(client.user.pk, [word, "Indeed."])
    for client, word, other in ((alice, "hers-alone", "his-alone"), (bob, "his-alone", "hers-alone")):
        archive = zip_of(client)
        assert archive.testzip() is None
        words = b"".join(map(archive.read, archive.namelist())).decode()
        assert (word in words, other in words) == (True, False)
        assert json.loads(archive.read("account.json"))[0]["name"] == client.user.username


def test_it_is_made_for_who_is_logged_in_by_a_post_with_a_token(alice: Client, nobody: Client) -> None:
    assert nobody.post(PATH).status == 401
    assert alice.get(PATH).status == 405
    alice.cookies["csrftoken"] = "d" * 32
    answer = alice.post(PATH, form={"csrfmiddlewaretoken": "e" * 32}, X_CSRFToken="")
    assert (answer.status, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8")


def test_it_speaks_the_language_of_who_asks(alice: Client) -> None:
    answer = alice.post(PATH, form={}, Accept_Language="de")
    assert '<html lang="de">' in zipfile.ZipFile(io.BytesIO(answer.body)).read("index.html").decode()


def test_one_of_a_user_is_made_at_a_time() -> None:
    slot = take_slot(1)
    with pytest.raises(TooMany) as refusal:
        take_slot(1)
    assert refusal.value.retry_after
    take_slot(2)
    slot.free()
    slot.free()
    again = take_slot(1)
    del again  # as one whose response nobody has begun to read
    take_slot(1).free()


def test_the_page_of_exports_offers_it(alice: Client) -> None:
    page = alice.get("/settings/import/", Accept="text/html").text
    assert f'method="post" action="{PATH}"' in page
