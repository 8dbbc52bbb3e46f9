"""The latest migrations, there and back, with rows that only the newer version makes."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker

from chat.attachments.inspection.office import MEDIA_TYPES
from chat.models import (
    Attachment,
    Conversation,
    Generation,
    Import,
    Message,
    Reading,
    SearchedWords,
    Share,
    ShareSection,
)
from tests.support.migrating import migrate, migrating

BEFORE = "0011_erasures"
SAID = {1: [{"text": "é"}, {"text": "b"}], 2: [{"text": "c"}], 3: []}
LONGEST = max(MEDIA_TYPES.values(), key=len)


@pytest.fixture(params=["sqlite", "postgresql"])
def alias(
    request: pytest.FixtureRequest, tmp_path: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    with migrating(request, tmp_path, django_db_blocker) as alias:
        yield alias


def new_rows(alias: str) -> None:
    owner = User.objects.using(alias).create(username="owner")
    mine = {"owner": owner, "model": "o4-high", "provider": "hub", "imported_bytes": 3_000_000_000}
    running = Import.objects.using(alias).create(owner=owner, renewed_at=timezone.now())
    talk = Conversation.objects.using(alias).create(title="Talk", **mine)
    Conversation.objects.using(alias).create(title="Half", importing=running, deleted_at=timezone.now(), **mine)
    message = Message.objects.using(alias).create(conversation=talk, role="user", number=1)
    Generation.objects.using(alias).create(
        message=message,
        owner=owner,
        model="o4-high",
        provider="hub",
        label="Thorough",
        status="complete",
        ends_at=0,
        ended_at=timezone.now(),
    )
    Attachment.objects.using(alias).create(pk=uuid4(), owner=owner, kind="office", media_type=LONGEST, size=1)
    for audience in ("members", "public"):
        link = Share.objects.using(alias).create(conversation=talk, request=uuid4(), audience=audience)
        sections = (ShareSection(share=link, number=number, messages=SAID[number], size=0) for number in SAID)
        ShareSection.objects.using(alias).bulk_create(sections)
    reading = Reading.objects.using(alias).create(action="Searched.", hits=3)
    SearchedWords.objects.using(alias).create(reading=reading, words="words")
    kind = ContentType.objects.db_manager(alias).get_for_model(Conversation)
    LogEntry.objects.using(alias).create(
        user=owner, content_type=kind, object_id="7", object_repr="Mine", action_flag=CHANGE
    )


def test_the_latest_migrations_go_back_and_forth_with_rows(alias: str) -> None:
    new_rows(alias)
    migrate(alias, BEFORE)
    migrate(alias)
    assert Attachment.objects.using(alias).values_list("kind", "media_type", "size").get() == (
        "text",
        "application/octet-stream",
        1,
    )
    assert Generation.objects.using(alias).values_list("model", "provider", "label").get() == (
        "o4-high",
        "default",
        "",
    )
    titles = Conversation.with_deleted.using(alias).values_list("title", flat=True)
    assert set(titles) == {"Talk", "Half"}
    links = Share.objects.using(alias).order_by("created_at")
    assert [(link.audience, bool(link.expires_at)) for link in links] == [("public", True), ("public", False)]
    for link in links:
        sections = link.sections.order_by("number").values_list("number", "messages", "size")
        assert list(sections) == [(number, said, len(json.dumps(said))) for number, said in SAID.items()]
        assert link.snapshot is None
    assert LogEntry.objects.using(alias).get().object_repr == "7"
