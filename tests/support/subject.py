"""People of whom there is something of each kind, and the zip of all about one of them."""

import io
import zipfile
from datetime import UTC, date, datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group, User
from django.utils import translation

from chat.core.reply import REASONING, TEXT, Part
from chat.i18n import in_english, translated
from chat.import_export.subject import subject_zip
from chat.models import (
    Conversation,
    Feedback,
    Import,
    MessagePart,
    NoticeAcceptance,
    Preferences,
    Prompt,
    Quota,
    QuotaGrant,
    Share,
    ToolCall,
    UsageEntry,
)
from chatsite.models import Invitation
from tests.support.attachments import attach, attach_image, stored_attachment
from tests.support.conversations import stored_conversation

HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7|add:7 }}\u202e"
OTHERS = "somebody-elses"
SECRET = "the-secret-of-a-factor"


def with_everything(name: str, words: str) -> User:
    """A user of whom there is something of each kind."""
    user = User.objects.create_user(name, f"{name}@example.org", "a long passphrase", first_name=words[:150])
    user.groups.add(Group.objects.get_or_create(name=f"group of {name}")[0])
    conversation, (question, said) = stored_conversation(user.pk, [words, words])
    Conversation.objects.filter(pk=conversation.pk).update(title=words[:80], system_prompt=words)
    MessagePart.store([(said.pk, [(1, Part(REASONING, f"thought {words}")), (2, Part(TEXT, words))])])
    attach(question, f"{words[:50]}.html", words.encode(), text=words)
    attach_image(question, "../../evil.png")
    stored_attachment(user.pk, "unsent.txt", f"unsent of {name}".encode())
    fleeting, _messages = stored_conversation(user.pk, [f"temporary {words}"])
    Conversation.objects.filter(pk=fleeting.pk).update(is_temporary=True)
    Feedback.objects.create(message=said, value="down", comment=words, note="of staff alone")
    Preferences.objects.create(user=user, system_prompt=words)
    Prompt.objects.create(owner=user, name=f"prompt of {name}", text=words)
    Share.objects.create(conversation=conversation, title=words[:80], snapshot={})
    ToolCall.objects.create(message=said, generation=said.generations.get(), owner=user, name=f"tool-{name}")
    Import.objects.create(owner=user, status="done", conversations=2, renewed_at=conversation.created_at)
    NoticeAcceptance.objects.create(owner=user, version=f"version-{name}")
    use(user, f"model-of-{name}")
    Quota.objects.create(user=user, unit="money", period="month", amount=12_345_678_901)
    granted = {"unit": "tokens", "period": "day", "first_day": date(2026, 1, 31), "amount": 7}
    QuotaGrant.objects.create(user=user, reason=f"for {name}", **granted)
    Invitation.objects.create(digest=f"{SECRET}-{name}", note="of staff alone", email=user.email, used_by=user)
    EmailAddress.objects.create(user=user, email=f"{name}@example.org", verified=True, primary=True)
    Authenticator.objects.create(user=user, type="totp", data={"secret": SECRET})
    Authenticator.objects.create(user=user, type="webauthn", data={"name": f"key of {name}", "credential": SECRET})
    SocialAccount.objects.create(user=user, provider="oidc", uid=f"sub-{name}", extra_data={"userinfo": {"x": words}})
    UserSession.objects.create(user=user, ip="192.0.2.7", user_agent=words[:200], session_key=f"{SECRET}-{name}")
    return user


def use(user: User, model: str, **fields: Any) -> None:
    """A run of a model on the last day of January, which cost a billionth, if nothing else is said of it."""
    begun = {"day": date(2026, 1, 31), "at": datetime(2026, 1, 31, 12, tzinfo=UTC), "status": "complete"}
    known = {"kind": "answer", "provider": "default", "currency": "EUR", "cost": 1, "input": 7, "output": 2}
    assert UsageEntry(owner=user, model=model, **begun, **known | fields).store()


def zip_of(user: User, language: str = "en") -> zipfile.ZipFile:
    say = in_english if language == "en" else translated
    with translation.override(language):
        return zipfile.ZipFile(io.BytesIO(b"".join(subject_zip(user, say, language))))
