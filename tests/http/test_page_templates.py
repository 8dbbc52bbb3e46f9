"""The file that scripts make parts of a conversation's page of."""

import html
import re

from tests.support.client import Answer, Client


def page_of(client: Client, language: str = "en") -> Answer:
    return client.get("/", Accept="text/html", Accept_Language=language)


def address_in(page: Answer) -> str:
    (found,) = re.findall(r'<script src="(/templates/[^"]+)"', page.text)
    return html.unescape(found)


def test_a_browser_keeps_it_for_each_language(alice: Client) -> None:
    english, german = (address_in(page_of(alice, language)) for language in ("en", "de"))
    assert english != german
    for address, word in ((english, "Copy this message"), (german, "Diese Nachricht kopieren")):
        script = alice.get(address)
        assert (script.status, script.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
        assert script.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert word in script.text
        assert script.text.startswith('document.head.insertAdjacentHTML("beforeend","')


def test_an_old_address_gives_the_new_script_but_is_not_kept(alice: Client) -> None:
    address = address_in(page_of(alice))
    for other in (re.sub("v=.*", "v=0", address), "/templates/?language=en"):
        script = alice.get(other)
        assert script.headers["Cache-Control"] == "no-store, private"
        assert script.text == alice.get(address).text
    assert alice.get("/templates/?language=tlh").status == 404


def test_nothing_in_it_is_a_users(alice: Client, bob: Client) -> None:
    script = alice.get(address_in(page_of(alice)))
    assert script.text == bob.get(address_in(page_of(bob))).text
    assert not re.search(r"csrfmiddlewaretoken|[0-9a-f]{8}-[0-9a-f]{4}-", script.text)


def test_it_names_the_modules_and_the_page_does_not(alice: Client) -> None:
    page = page_of(alice)
    assert "/chat/js/conversation/" not in page.text
    assert alice.get(address_in(page)).text.count("modulepreload") > 50
