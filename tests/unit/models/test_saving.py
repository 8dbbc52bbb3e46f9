"""A row that was deleted never comes back: `save()` inserts what it does not find."""

import ast
import uuid
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError

from chat.conversations import prompt_library
from chat.errors import NotFound
from chat.models import Prompt

ROOT = Path(__file__).parents[3]
SAYS_WHICH = {"update_fields", "force_insert", "force_update", "commit"}
"""What tells a `save()` whether the row is there."""
NO_ROWS = {"image", "sociallogin"}  # the second makes rows, and is given an account that has just been made


def saves() -> list[tuple[str, ast.Call]]:
    files = [file for room in ("chat", "chatsite") for file in (ROOT / room).rglob("*.py")]
    texts = [(file, text) for file in files if ".save" in (text := file.read_text())]  # to parse takes the time
    nodes = [(file, node) for file, text in texts for node in ast.walk(ast.parse(text))]
    calls = [(file, node) for file, node in nodes if isinstance(node, ast.Call)]
    return [(f"{file.relative_to(ROOT)}:{call.lineno}", call) for file, call in calls if _is_save(call.func)]


def _is_save(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr == "save" and ast.unparse(called.value) not in NO_ROWS


def test_each_save_says_whether_the_row_is_there() -> None:
    assert saves()
    for place, call in saves():
        assert {keyword.arg for keyword in call.keywords} & SAYS_WHICH, place


@pytest.mark.django_db
def test_a_prompt_that_is_changed_while_it_is_deleted_stays_deleted() -> None:
    owner = User.objects.create(username="owner")
    prompt = prompt_library.add(owner.pk, "Letter", "Write a letter.")
    Prompt.objects.all().delete()
    with pytest.raises(DatabaseError):
        prompt_library._save(prompt, is_new=False)
    with pytest.raises(NotFound):
        prompt_library.change(owner.pk, prompt.pk or uuid.uuid4(), "Letter", "Another")
    assert not Prompt.objects.exists()
