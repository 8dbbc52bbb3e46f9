"""Certificates: what an erasure leaves.

Theory. One is written in the transaction that records what is to be erased, so it is there exactly if the erasure is,
whoever finishes that. It ends when nothing of it is there any more: who erases looks then, and the sweep each minute,
after a crash. Its hash stands in the audit log as well, so that who changes the one has to change the other.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.utils import timezone

from chat.audit import Action, note
from chat.core.batches import batches
from chat.models import Attachment, AuditEntry, Certificate, Conversation, Feedback, Generation, Message, Share
from chat.models.certificate import Purpose
from chat.retention.vacuum import despite_full_disk

ROWS = 500
"""That a statement names."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What something is erased for, and by whom: a user; None: the site."""

    purpose: Purpose
    by: Any = None


UNSAID = Cause(Purpose.OTHER)


def certify_conversations(ids: list[uuid.UUID], cause: Cause) -> None:
    """That these are about to be erased with all that is in them, in the transaction that records it."""
    if not ids:
        return
    inside = {"conversation__in": ids}
    found = {
        "owners": Conversation.with_deleted.filter(pk__in=ids).order_by("owner").values_list("owner", flat=True),
        "conversations": ids,
        "messages": Message.objects.filter(**inside).order_by("number").values_list("pk", flat=True),
        "files": Attachment.objects.filter(**inside).order_by("pk").values_list("pk", flat=True),
    }
    _write(
        cause,
        found,
        answers=Generation.objects.filter(message__conversation__in=ids).count(),
        feedback=Feedback.objects.filter(message__conversation__in=ids).count(),
        links=Share.objects.filter(**inside).count(),
    )


def certify_files(ids: list[uuid.UUID], cause: Cause) -> None:
    """That these are erased, which belong to no conversation, in the same transaction."""
    if ids:
        _write(cause, {"files": ids}, is_over=True)


def certify_account(user_id: Any, cause: Cause, files: Iterable[uuid.UUID] = ()) -> None:
    """That it is about to be erased. What it owns has certificates of its own, but for such `files`."""
    _write(cause, {"users": [user_id], "files": files})


def end_certificates() -> int:
    """Of erasures of which nothing is there any more. Returns how many: what several end counts with one."""
    count = 0
    for pk in list(Certificate.objects.filter(ended_at=None).order_by("begun_at").values_list("pk", flat=True)):
        certificate = Certificate.objects.get(pk=pk)  # one after the other: their ids may be many
        if not any(_are_there(*those) for those in rows_of(certificate)):
            count += _end(certificate)
    return count


def rows_of(certificate: Certificate) -> list[tuple[type[models.Model], list[Any]]]:
    """Which rows of which tables it says are gone, by their keys."""
    kinds: dict[str, Any] = {
        "users": get_user_model(),
        "conversations": Conversation,
        "messages": Message,
        "files": Attachment,
    }
    return [
        (model, [model._meta.pk.to_python(key) for key in keys])
        for name, model in kinds.items()
        if (keys := certificate.ids.get(name))
    ]


def noted_digest(certificate: Certificate) -> str | None:
    """Its hash as the audit log has it, which a chain seals; None if the entry is gone there."""
    of_it = AuditEntry.objects.filter(object_kind=certificate._meta.label_lower, object_key=str(certificate.pk))
    details = of_it.filter(action=Action.ERASURE).order_by("pk").values_list("details", flat=True).first()
    return None if details is None else str(details.get("digest"))


def _write(cause: Cause, found: dict[str, Iterable[Any]], *, is_over: bool = False, **counts: int) -> None:
    ids = {name: list(dict.fromkeys(map(str, keys))) for name, keys in found.items()}
    ids = {name: keys for name, keys in ids.items() if keys}
    by = "" if cause.by is None else str(cause.by.pk)
    counts |= {name: len(keys) for name, keys in ids.items() if name != "owners"}
    certificate = Certificate(purpose=cause.purpose, by_key=by, ids=ids, counts=counts)
    certificate.digest = certificate.digest_now()
    certificate.ended_at = certificate.begun_at if is_over else None
    certificate.save(force_insert=True)
    note(Action.ERASURE, cause.by, certificate, purpose=str(cause.purpose), digest=certificate.digest, **counts)


@despite_full_disk
@transaction.atomic
def _end(certificate: Certificate) -> int:
    return Certificate.objects.filter(pk=certificate.pk, ended_at=None).update(ended_at=timezone.now())


def _are_there(model: type[models.Model], keys: list[Any]) -> bool:
    return any(model._base_manager.filter(pk__in=some).exists() for some in batches(keys, ROWS))
