"""What docs/deploy.md says of watching a site does what it says."""

import re
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from chat.models import Generation
from tests.support.conversations import stored_conversation
from tests.support.site import ROOT

PAGE = (ROOT / "docs/deploy.md").read_text()


@pytest.mark.django_db
def test_how_the_answers_of_the_last_hour_ended(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r'manage\.py shell -v0 -c "\n(.*?)\n"\n', PAGE, re.DOTALL)
    owner, model = User.objects.create(username=uuid4().hex), uuid4().hex
    for _ in range(3):
        conversation, _messages = stored_conversation(owner.pk, ["Why?", "Because."])
        generations = Generation.objects.filter(message__conversation=conversation)
        assert generations.update(model=model, created_at=conversation.created_at) == 1
    Generation.objects.filter(pk=generations.get().pk).update(status="failed")
    exec(code)
    counted = [line for line in capsys.readouterr().out.splitlines() if line.startswith(model)]
    assert counted == [f"{model} complete 2", f"{model} failed 1"]


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/s/TOKEN/", "/s/…"),
        ("/shares/TOKEN/revocation/", "/shares/…"),
        ("/accounts/invitation/TOKEN/", "/accounts/invitation/…"),
        ("/below/accounts/password/reset/key/a-TOKEN/", "/below/accounts/password/reset/key/…"),
        ("/accounts/confirm-email/TOKEN/", "/accounts/confirm-email/…"),
        ("/c/0f1c1c1e-0000-4000-8000-000000000000/", None),
        ("/accounts/password/reset/", None),
    ],
)
def test_nginx_logs_no_token(path: str, logged: str | None) -> None:
    (pattern,) = re.findall(r"^ +~(\^\(\?<before>\S+) \$before…;$", PAGE, re.MULTILINE)
    found = re.match(pattern.replace("?<", "?P<"), path)
    assert (found and f"{found['before']}…") == logged
