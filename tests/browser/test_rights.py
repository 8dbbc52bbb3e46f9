"""What is taken from somebody while their page is open: the page says so in words, and loses nothing."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from chat.core.rights import Right
from chat.models import Generation, ModelAccess, Restriction
from tests.browser.conftest import OpenPage
from tests.browser.files import NOTES, chips, choose
from tests.browser.pages import button, composer, last_answer, messages, notice, send, shows
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.upstream import ScriptedUpstream, answer

FIRST, OTHER = "blind-model", "seeing-model"


@pytest.fixture
def group(committed: None) -> Iterator[Group]:
    yield Group.objects.create(name="writers")
    for model in (Restriction, ModelAccess, Group):
        model.objects.all().delete()


def test_what_is_taken_while_a_page_is_open_is_said_and_loses_nothing(
    visit: OpenPage,
    run_site: RunSite,
    client_for: Callable[..., Client],
    upstream: ScriptedUpstream,
    group: Group,
    question: str,
) -> None:
    upstream.script(question, answer("Because."))
    site = run_site(CHAT_MODELS=f"{FIRST},{OTHER}", CHAT_VISION_MODELS=OTHER)
    client = client_for(site)
    assert client.user
    client.user.groups.add(group)
    page = visit(client, site.url)
    models = page.get_by_label("Model", exact=True)
    models.select_option(OTHER)
    send(page, question)
    shows(page, "Because.")

    Restriction.objects.create(right=Right.ATTACH)
    choose(page, NOTES)
    expect(chips(page, "failed")).to_contain_text("You are not allowed to attach files here.")
    button(page, "Remove notes.txt").click()

    ModelAccess.objects.create(group=group, provider="default", model=OTHER, is_given=False)
    before = messages(page)
    send(page, "And then?")
    expect(notice(page)).to_contain_text(f"You are not allowed to use {OTHER} here. Choose another model: {FIRST}.")
    expect(composer(page)).to_have_value("And then?")
    assert messages(page) == before

    notice(page).get_by_role("link", name="Reload the page").click()
    expect(page.get_by_text(f"You are not allowed to use {OTHER}. {FIRST} goes on")).to_be_visible()
    expect(composer(page)).to_have_value("And then?")
    expect(button(page, "Attach files")).to_have_count(0)
    expect(models).to_have_count(0)
    upstream.script(question, answer("Otherwise."))
    last_answer(page).hover()
    last_answer(page).get_by_role("button", name="Write this answer again").click()
    shows(page, "Otherwise.")
    assert Generation.objects.filter(owner=client.user).latest("created_at").model == FIRST
