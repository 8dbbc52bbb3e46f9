"""Sharing: a branch as it is now, for whoever has its link, and for members of the site alone if it says so.

A snapshot holds what its pages show and nothing else: questions, answers, names of models, and how an answer ended.
Who asked, what was reasoned, what readers think of an answer and what the model was instructed to stay out of it. Of
attached files it says how many there were.

It is read in sections, each as much as a page may have, before the one short transaction that stores it: nobody waits
for a long branch. A page reads its own section alone.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Count, OuterRef, Subquery, When
from django.db.models.functions import Left
from django.utils import timezone

from chat.attachments.uploads import storage_taken
from chat.conf import settings
from chat.conversations.organizing import find_owned
from chat.core import pagination
from chat.core.endings import Status
from chat.core.reply import REASONING, TEXT
from chat.core.rights import SENTENCES, Right
from chat.core.tree import MessageTree
from chat.errors import Conflict, Forbidden, NotFound, TooLong
from chat.i18n import gettext_noop as _
from chat.models import Conversation, Generation, Message, MessageAttachment, MessagePart, Share, ShareSection
from chat.models.audience import Audience, may_be_public
from chat.models.conversation import first_words
from chat.models.locks import lock_owner
from chat.models.message_part import MOST_ROWS
from chat.models.rights import rights_of
from chat.models.share import ShareQuerySet
from chat.models.threads import long_work
from chat.models.turns import FairThreads
from chat.models.users import UserId

SHARED_DAYS = (1, 7, 30)
"""How long a link may live, if not until it is revoked."""
MOST_LINKS = 200
"""Of one user."""
MOST_BYTES = 25_000_000
"""Of one snapshot, as it is stored: a letter beyond ASCII has six of them or twelve."""
AT_ONCE = 2
"""Snapshots that this process makes at the same time. Each is in memory until it is stored."""
WAITING = 3
"""Of one user."""

BEING_WRITTEN = _("An answer is still being written. Share the conversation when it is finished.")
NO_ROOM = _(
    "With this link, your links, your files and what you have imported would take more than the %(limit)s bytes that "
    "are yours here. Revoke some links, or delete some of these conversations."
)
NOT_PUBLIC = SENTENCES[Right.PUBLISH]
NO_LINK = _("There is no such link, or it is no longer shared.")

Said = dict[str, str | int | bool]
Section = list[Said]

SECTIONS = (
    ShareSection.objects.filter(share=OuterRef("share"))
    .order_by()
    .values("share")
    .annotate(count=Count("pk"))
    .values("count")
)
"""How many there are of the same link."""

_sharers = FairThreads(
    long_work, AT_ONCE, WAITING, _("Several of your links are being made already. Try again in a moment.")
)


@dataclass(frozen=True, slots=True)
class SharedPage:
    """The `number`th of the `count` sections of a link, from 1."""

    title: str
    created_at: datetime
    messages: Section
    number: int
    count: int

    @property
    def earlier(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def later(self) -> int | None:
        return self.number + 1 if self.number < self.count else None


def may_share_publicly(user: Any) -> bool:
    """May this user make links for everybody, where the site has such links?"""
    return may_be_public() and rights_of(user).may(Right.PUBLISH)


def check_may_share_publicly(user: Any) -> None:
    """Raises Forbidden."""
    if not may_be_public():
        raise Forbidden(NOT_PUBLIC)
    rights_of(user).check(Right.PUBLISH)


async def share_in_turn(owner_id: UserId, *what: Any) -> Share:
    """As `share`, in threads of which a user has one at a time. Raises TooMany, too."""
    return await _sharers.call(owner_id, share, owner_id, *what)


def share(
    owner_id: UserId,
    conversation_id: UUID,
    days: int | None,
    audience: Audience = Audience.MEMBERS,
    request_id: UUID | None = None,
) -> Share:
    """A link to the branch on show of the owner's conversation, or the one that this request has made already.

    Raises NotFound, Conflict or TooLong.
    """
    if made := _made(conversation_id, owner_id, request_id):
        return made
    conversation = _shareable(owner_id, conversation_id)
    tree = conversation.tree()
    path = [pk for pk in tree.path(conversation.current_id) if tree.role(pk) != Message.Role.SYSTEM]
    sections = _sections(conversation, tree, path)
    _check_room(owner_id, sum(section.size for section in sections))
    return _store(
        owner_id,
        Share(
            conversation=conversation,
            title=_title(conversation, tree, path, sections[0].messages),
            audience=audience,
            request=request_id,
            expires_at=timezone.now() + timedelta(days=days) if days else None,
        ),
        sections,
        path,
    )


def shared(token: str, number: int, let_in: Callable[[], object]) -> SharedPage:
    """A page of what a link shows, in one query if that is for everybody.

    `let_in` raises if who asks is no member; before, nothing is read of what is for members. Raises NotFound if there
    is no such page, or none any more.
    """
    link = Share.objects.live().filter(token=token)
    page = _page(link.for_everybody(), number)
    if not page and link.for_members().exists():
        let_in()
        page = _page(link, number)
    if not page:
        raise NotFound(NO_LINK)
    return page


def revoke(owner_id: UserId, token: str) -> None:
    """Let a link of this owner show nothing from now on. Raises NotFound."""
    if not Share.objects.of(owner_id).filter(token=token).delete()[0]:
        raise NotFound(_("There is no such link among yours."))


def _page(link: ShareQuerySet, number: int) -> SharedPage | None:
    sections = ShareSection.objects.filter(share__in=link, number=number)
    values = sections.values_list("share__title", "share__created_at", Subquery(SECTIONS), "messages")
    found = values.first() or _page_of_before(link, number)
    if not found or found[-1] is None:
        return None
    title, created_at, count, messages = found
    return SharedPage(title, created_at, messages, number, count or 1)


def _page_of_before(link: ShareQuerySet, number: int) -> tuple[Any, ...] | None:
    """Of a link that a process of before the sections has made while the site was migrated."""
    section = f"snapshot__later__{number - 2}" if number > 1 else "snapshot__messages"
    return link.values_list("title", "created_at", "snapshot__sections", section).first()


def _made(conversation_id: UUID, owner_id: UserId, request_id: UUID | None) -> Share | None:
    """The link that this request has made, as the first half of a double click does."""
    if not request_id:
        return None
    links = Share.objects.of(owner_id).filter(conversation=conversation_id, request=request_id)
    made: Share | None = links.defer("snapshot").first()  # which may have megabytes
    return made


def _shareable(owner_id: UserId, conversation_id: UUID) -> Conversation:
    conversation = find_owned(owner_id, conversation_id)
    if conversation.is_temporary:
        raise Conflict(_("A temporary conversation cannot be shared."))
    if Share.objects.of(owner_id).not_ended().count() >= MOST_LINKS:
        raise Conflict(_("You have %(limit)s links. Revoke one of them first."), values={"limit": MOST_LINKS})
    return conversation


def _sections(conversation: Conversation, tree: MessageTree, path: Sequence[UUID]) -> list[ShareSection]:
    """Of a link that is yet to come."""
    if not path:
        raise Conflict(_("There is nothing in this conversation yet that could be shared."))
    sections = list[ShareSection]()
    while path:
        count = pagination.size_from(conversation.sizes(list(path[: pagination.MOST_ON_PAGE])))
        messages = _section(tree, path[:count])
        sections.append(ShareSection(number=len(sections) + 1, messages=messages, size=len(json.dumps(messages))))
        if sum(section.size for section in sections) > MOST_BYTES:
            raise TooLong(_("This conversation is too long to be shared."))
        path = path[count:]
    return sections


def _check_room(owner_id: UserId, size: int) -> None:
    """Before it is stored, and not while others wait for that: a user's links are made one after another."""
    limit = settings.CHAT_STORAGE_PER_USER
    if limit and storage_taken(owner_id) + size > limit:
        raise TooLong(NO_ROOM, values={"limit": limit})


def _section(tree: MessageTree, ids: Sequence[UUID]) -> Section:
    """Without the rows that a page would need: a long branch has many sections."""
    runs = Generation.objects.latest_of(ids)  # before their texts, as in `Conversation.load`
    if any(status == Status.RUNNING for _model, status in runs.values()):
        raise Conflict(BEING_WRITTEN)
    attached = Counter(MessageAttachment.objects.filter(message__in=ids).values_list("message", flat=True))
    texts = {pk: list[str]() for pk in ids}
    rows = MessagePart.beginnings(pagination.MOST_OF_MESSAGE).filter(message__in=ids).exclude(kind=REASONING)
    text = Case(When(kind=TEXT, then=Left("text", pagination.MOST_OF_MESSAGE + 1)))
    divided = set[UUID]()  # what a tool was called for is not shown: paragraphs stay
    for pk, said in rows.values_list("message", text):
        if said is None:
            divided.add(pk)
            continue
        texts[pk] += ["\n\n", said] if pk in divided and texts[pk] else [said]
        divided.discard(pk)
    return [
        {"role": tree.role(pk), "model": model, "status": status, "attached": attached[pk], **_cut(texts[pk])}
        for pk in ids
        for model, status in [runs.get(pk, ("", Status.COMPLETE))]
    ]


def _cut(rows: list[str]) -> Said:
    text, most = "".join(rows), pagination.MOST_OF_MESSAGE
    is_cut = len(text) > most or len(rows) > MOST_ROWS
    return {"text": text[:most], "is_cut": is_cut}


def _title(conversation: Conversation, tree: MessageTree, path: Sequence[UUID], shown: Section) -> str:
    """What its owner has called it, else words that are shown.

    Words that stand for a title may be those of a version that is not shown, or the name of a file; and so may be
    those that the model made its title of, unless the first question and its answer have no other version.
    """
    has_versions = any(len(tree.siblings(pk)) > 1 for pk in path[:2])
    by_model = conversation.titled_by == Conversation.TitledBy.MODEL and not has_versions
    if by_model or conversation.titled_by == Conversation.TitledBy.OWNER:
        return conversation.title
    question = next((said for said in shown if said["role"] == Message.Role.USER), None)
    return first_words(str(question["text"])) if question else ""


@transaction.atomic
def _store(owner_id: UserId, share: Share, sections: Sequence[ShareSection], path: Sequence[UUID]) -> Share:
    """Unless something has come in between: to read the branch took its time."""
    lock_owner(owner_id)
    if made := _made(share.conversation_id, owner_id, share.request):
        return made
    _shareable(owner_id, share.conversation_id)
    running = Generation.objects.running().filter(message__conversation=share.conversation_id)
    if not set(path).isdisjoint(running.values_list("message", flat=True)):
        raise Conflict(BEING_WRITTEN)
    Share.objects.of(owner_id).ended().delete()
    share.save(force_insert=True)
    for section in sections:
        section.share = share
    ShareSection.objects.bulk_create(sections)
    return share
