"""What a question bears: which files it may have, and what a model is shown of them."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from chat.conf import settings
from chat.core.context_window import left_out, with_room_for_results
from chat.core.prompt import Document, Picture, Turn
from chat.core.rights import Right, Rights
from chat.core.tokens import BYTES_PER_TOKEN
from chat.errors import BadInput, NotFound, TooLong
from chat.i18n import gettext_noop as _
from chat.models import Attachment, AttachmentContent, MessageAttachment
from chat.models.sql import insert
from chat.models.users import UserId
from chat.providers.registry import registry

IMAGES_BYTES = 20_000_000
"""Of all images in one request, before they are encoded: services refuse what is much larger, and it is in memory as
long as an answer is being written."""


def attachable(
    owner_id: UserId, conversation_id: UUID, ids: Sequence[UUID], model: str, rights: Rights
) -> list[Attachment]:
    """The files with these ids, in this order, for a question to `model` in this conversation.

    They have not been sent yet, or are of the same conversation. Raises NotFound, Forbidden where the former may not
    be, or BadInput for a model that does not see.
    """
    found = Attachment.objects.filter(owner=owner_id).in_bulk(ids)
    if any(pk not in found or found[pk].conversation_id not in (None, conversation_id) for pk in ids):
        sentence = _("A file of this message is no longer here. Remove it, or attach it again.")
        raise NotFound(sentence, fields={"attachments": sentence})
    attachments = [found[pk] for pk in ids]
    if any(not attachment.conversation_id for attachment in attachments):
        rights.check(Right.ATTACH)
    if any(attachment.is_image for attachment in attachments):
        _check_sees_images(model, rights)
    return attachments


def attach(message_id: UUID, conversation_id: UUID, attachments: Sequence[Attachment]) -> None:
    """A new message has these; both it and its conversation may be stored later in the same transaction."""
    new = [attachment.pk for attachment in attachments if not attachment.conversation_id]
    Attachment.objects.filter(pk__in=new).update(conversation=conversation_id)
    insert(
        [
            MessageAttachment(message_id=message_id, attachment=attachment, number=number)
            for number, attachment in enumerate(attachments, 1)
        ]
    )


def check_fits(turn: Turn, model: str) -> None:
    """Raises TooLong for a question that would be too much for a request even alone, because of its files."""
    pictures = sum(each.size for each in turn.attachments if isinstance(each, Picture))
    if pictures > IMAGES_BYTES:
        sentence = _("The images of this message have %(count)s bytes; %(limit)s are allowed. Send some with another.")
        raise TooLong(sentence, values={"count": pictures, "limit": IMAGES_BYTES})
    limit, tokens = prompt_tokens(model), turn.tokens
    if limit and turn.attachments and tokens > limit:
        sentence = _(
            "With its files this message has about %(count)s tokens; models here take %(limit)s. Attach less."
        )
        if limit != settings.CHAT_CONTEXT_TOKENS:
            sentence = _(
                "With its files this message has about %(count)s tokens; this model takes %(limit)s. "
                "Attach less, or choose another model."
            )
        raise TooLong(sentence, values={"count": tokens, "limit": limit})


def sees_images(model: str) -> bool:
    return registry()[model].vision


def prompt_tokens(model: str) -> int:
    """How long a prompt for this model may be; 0: of any length."""
    known = registry()[model].prompt_tokens
    return int(settings.CHAT_CONTEXT_TOKENS) if known is None else known


def prompt_characters(model: str) -> int | None:
    """A prompt for this model has no room for more, whatever they are; None: for any number."""
    return prompt_tokens(model) * BYTES_PER_TOKEN or None


def fit_to_context(turns: list[Turn], model: str, besides: str, unread: int = 0) -> tuple[list[Turn], int]:
    """The turns that a prompt has room for, with what their files say or show, and how many of the oldest it has not.

    `unread`: so many are older, and there is no room for the last of them. No more is read than is sent, or little
    more: a conversation may have many files.
    """
    tokens = prompt_tokens(model)
    turns = with_room_for_results(turns, tokens, besides)
    count = left_out(turns, tokens, besides, is_end=unread > 0)
    shown, count = turns[count:], unread + count
    if not any(turn.attachments for turn in shown):
        return shown, count
    shown = with_texts(shown)
    more = left_out(shown, tokens, besides)
    shown = shown[more:]
    return _with_pictures(shown) if sees_images(model) else shown, count + more


def with_texts(turns: Sequence[Turn]) -> list[Turn]:
    """With the text of each document in them."""
    ids = {each.id for each in _attached(turns) if isinstance(each, Document) and not each.text}
    texts = dict(AttachmentContent.objects.filter(pk__in=ids).values_list("pk", "text"))

    def loaded(each: Document | Picture) -> Document | Picture:
        return replace(each, text=texts[each.id]) if isinstance(each, Document) and each.id in texts else each

    return [_changed(turn, loaded) for turn in turns]


def _with_pictures(turns: Sequence[Turn]) -> list[Turn]:
    """With the latest images in them, as many as one request may have."""
    room, ids = IMAGES_BYTES, set()
    for each in reversed(list(_attached(turns))):
        if isinstance(each, Picture):
            room -= each.size
            if room < 0:
                break
            ids.add(each.id)
    rows = AttachmentContent.objects.filter(pk__in=ids).values_list("pk", "attachment__media_type", "data")
    urls = {pk: f"data:{media_type};base64,{b64encode(data).decode()}" for pk, media_type, data in rows.iterator()}

    def loaded(each: Document | Picture) -> Document | Picture:
        return replace(each, url=urls[each.id]) if isinstance(each, Picture) and each.id in urls else each

    return [_changed(turn, loaded) for turn in turns]


def _changed(turn: Turn, change: Callable[[Document | Picture], Document | Picture]) -> Turn:
    return replace(turn, attachments=tuple(map(change, turn.attachments))) if turn.attachments else turn


def _attached(turns: Sequence[Turn]) -> Iterator[Document | Picture]:
    return (each for turn in turns for each in turn.attachments)


def _check_sees_images(model: str, rights: Rights) -> None:
    if sees_images(model):
        return
    seeing = ", ".join(each.title for each in registry().offered_to(rights) if each.vision)
    sentence = _("%(model)s cannot see images. Choose one that can: %(models)s.")
    if not seeing:
        sentence = _("%(model)s cannot see images, and no other model here can. Remove them and send it again.")
    raise BadInput(sentence, values={"model": registry()[model].title, "models": seeing}, code="blind_model")
