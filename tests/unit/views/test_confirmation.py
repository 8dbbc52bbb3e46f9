"""A password is checked where nobody's reading waits for it, and erasing keeps nobody from having theirs checked."""

import asyncio
import re
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import HASH_SESSION_KEY

from chat.views import confirmation, erasure
from chat.views.confirmation import ERASE_ACCOUNT, WrongPassword, confirm

CHAT = Path(confirmation.__file__).parent.parent


class Person:
    pk = 1

    def __init__(self, password: str = "") -> None:
        self._password = password
        self.threads: list[threading.Thread] = []

    def has_usable_password(self) -> bool:
        return True

    def get_session_auth_hash(self) -> str:
        return f"of {len(self.threads)}"

    def check_password(self, password: str) -> bool:
        self.threads.append(threading.current_thread())
        return password == self._password


def asked_by(person: Person, password: str) -> None:
    request: Any = SimpleNamespace(POST={"password": password}, session={})
    asyncio.run(confirm(request, person, ERASE_ACCOUNT))  # type: ignore[arg-type]
    assert request.session[HASH_SESSION_KEY] == "of 1", "hashed anew, it ends no session"


def test_a_password_is_checked_in_the_thread_of_its_request(settings: Any) -> None:
    settings.CHAT_CONFIRM = ""
    person = Person("right")
    asked_by(person, "right")
    with pytest.raises(WrongPassword):
        asked_by(person, "wrong")
    assert threading.current_thread() not in person.threads
    assert len(person.threads) == 2


def test_the_chat_hashes_nowhere_else() -> None:
    hashing = re.compile(r"\b(a?check_password|make_password|set_password|a?authenticate|create_user)\b")
    found = [
        str(file.relative_to(CHAT))
        for file in CHAT.rglob("*.py")
        if "migrations" not in file.parts and hashing.search(file.read_text())
    ]
    assert found == ["views/confirmation.py"]


def test_erasing_lets_others_have_their_passwords_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    async def step(name: str) -> None:
        steps.append(name)

    monkeypatch.setattr(erasure, "confirm", lambda *_: step("confirmed"))
    monkeypatch.setattr(erasure.erasers, "call", lambda *_: step("erased"))
    monkeypatch.setattr(erasure, "in_thread", lambda *_: step("shown"))
    request: Any = SimpleNamespace(end_turn=lambda: steps.append("turn ended"))
    asyncio.run(erasure._confirmed(request, Person(), ERASE_ACCOUNT, lambda *_: None))  # type: ignore[arg-type]
    assert steps == ["confirmed", "turn ended", "erased", "shown"]
