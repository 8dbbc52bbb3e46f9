"""The audit log of a site that runs."""

from collections.abc import Callable

from chat.audit.verifying import verify
from chat.models import AuditEntry, AuditLink
from tests.support.client import Client
from tests.support.conversations import stored_conversation
from tests.support.site import Site
from tests.support.waiting import eventually


def test_a_site_chains_what_it_has_noted(site: Site, client_for: Callable[..., Client]) -> None:
    """Within a second or two; who asked did not wait for it. Its head is logged."""
    root = client_for(site, is_staff=True, is_superuser=True)
    conversation, _ = stored_conversation(root.user.pk, ["Why?", "So."])
    page = root.get(f"/admin/chat/conversation/{conversation.pk}/change/", Accept="text/html")
    assert page.status == 200
    entry = AuditEntry.objects.get(object_key=str(conversation.pk))
    assert (entry.action, entry.actor_key) == ("reading", str(root.user.pk))
    eventually(lambda: AuditLink.objects.filter(entry=entry.pk).exists(), "it is chained")
    assert not [fault for fault in verify().faults if f" {entry.pk} " in fault]
    assert "The head of the audit log: " in site.log
