"""The addresses that scripts ask come from the URLconf, wherever the chat is mounted."""

import json
import re
from pathlib import Path

from django.test import override_settings
from django.urls import include, path, set_script_prefix

from chat.views.addresses import OF_ONE, PAGES, script_addresses

SCRIPTS = Path(__file__).resolve().parents[3] / "static/chat/js"
urlpatterns = [path("help/assistant/", include("chat.urls"))]


def test_an_id_has_its_place() -> None:
    addresses = json.loads(script_addresses())
    assert addresses["events"] == "/generations/{id}/events/"
    assert addresses["new"] == "/"


@override_settings(ROOT_URLCONF=__name__)
def test_another_project_has_them_elsewhere() -> None:
    set_script_prefix("/site/")
    try:
        assert json.loads(script_addresses())["messages"] == "/site/help/assistant/c/{id}/messages/"
    finally:
        set_script_prefix("/")


def test_scripts_ask_for_no_others() -> None:
    source = (SCRIPTS / "api/requests.js").read_text()
    asked = set(re.findall(r'#address\("(\w+)"', source)) | {"title", "flags", "deletion", "restoration"}
    assert asked == {*PAGES, *OF_ONE}


def test_no_script_has_an_address_of_its_own() -> None:
    by_hand = re.compile(r"""["'`](\$\{[^}]*\})?/?(c|messages|generations|attachments|prompts)/""")
    assert [script for script in SCRIPTS.rglob("*.js") if by_hand.search(script.read_text())] == []
