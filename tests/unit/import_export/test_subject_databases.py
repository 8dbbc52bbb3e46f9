"""All about one person, from a database of each kind."""

import json

import pytest

from chat.import_export.subject.paths import attachment_path
from chat.import_export.subject.sections import SECTIONS
from chat.models import Attachment, AttachmentContent
from tests.support.subject import HOSTILE, OTHERS, with_everything, zip_of
from tests.unit.databases.conftest import database, sqlite

__all__ = ["database", "sqlite"]


def test_each_gives_all_of_it_and_files_by_the_piece(database: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AttachmentContent, "PIECE", 7)
    ann = with_everything("ann", HOSTILE)
    with_everything("bob", OTHERS)
    found = zip_of(ann)
    assert found.testzip() is None
    empty = {name for name in SECTIONS if not json.loads(found.read(f"{name}.json"))}
    assert empty == {"readings", "read", "acts", "kept"}, "which nobody has done"
    own = list(Attachment.objects.filter(owner=ann))
    assert {found.read(attachment_path(row)) for row in own} == {bytes(row.content.data) for row in own}
    assert OTHERS not in "".join(found.read(name).decode(errors="replace") for name in found.namelist())
