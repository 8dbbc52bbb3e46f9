"""Models of several services on the page."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from chat.models import Generation
from tests.browser.conftest import PHONE, WIDE, OpenPage
from tests.browser.pages import button, has_status, last_answer, send
from tests.conftest import RunSite
from tests.support.client import Client
from tests.support.upstream import ScriptedUpstream

pytestmark = pytest.mark.usefixtures("committed")

PROVIDERS = """
[[providers]]
name = "house"
label = "Our own machine"
address = "{address}"
  [[providers.models]]
  name = "llama-3.3-70b-instruct"
  label = "Llama 3.3"

[[providers]]
name = "hub"
label = "The Hub"
address = "{address}"
  [[providers.models]]
  name = "o4-mini"
  [[providers.models]]
  key = "o4-mini-high"
  name = "o4-mini"
  label = "o4-mini, thorough"
"""


def picker(page: Page) -> Locator:
    return page.get_by_label("Model", exact=True)


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_models_are_chosen_by_their_service_and_called_by_their_labels(
    visit: OpenPage,
    run_site: RunSite,
    client_for: Callable[..., Client],
    upstream: ScriptedUpstream,
    question: str,
    tmp_path: Path,
    viewport: dict[str, int],
) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(PROVIDERS.format(address=upstream.base_url))
    site = run_site(CHAT_PROVIDERS=str(file))
    page = visit(client_for(site), site.url, viewport=viewport)
    groups = picker(page).locator("optgroup")
    assert [group.get_attribute("label") for group in groups.all()] == ["Our own machine", "The Hub"]
    assert groups.nth(1).locator("option").all_text_contents() == ["o4-mini", "o4-mini, thorough"]
    picker(page).select_option(label="o4-mini, thorough")
    send(page, question)
    has_status(last_answer(page), "complete")
    expect(last_answer(page).locator(".message__who")).to_have_text("o4-mini, thorough")
    assert upstream.asked(question)[0].json["model"] == "o4-mini"

    last_answer(page).get_by_label("Write this answer again", exact=True).click()
    expect(page.locator(".menu__heading")).to_have_text(["Our own machine", "The Hub"])
    button(page, "Llama 3.3").click()
    expect(last_answer(page).locator(".message__who")).to_have_text("Llama 3.3")
    has_status(last_answer(page), "complete")

    pk = (last_answer(page).get_attribute("id") or "").removeprefix("message-")
    assert Generation.objects.filter(message=pk).update(model="llama-2", label="Llama 2") == 1
    page.reload()
    expect(last_answer(page).locator(".message__who")).to_have_text("Llama 2")
    expect(page.locator(".dock__model")).to_have_text(
        "Llama 2 is not offered here. Llama 3.3 goes on with this conversation, unless you choose another."
    )
