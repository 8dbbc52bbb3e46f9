"""A conversation as Markdown: the branch on show, to be read or printed elsewhere. Pure."""

from collections.abc import Iterator

from chat.core.endings import LABELS, Status
from chat.core.json_text import compact
from chat.core.tool_parts import OUTCOMES, Call, Round, rounds, sources
from chat.i18n import Say
from chat.i18n import gettext_noop as _
from chat.import_export.document import SavedAttachment, SavedMessage, one_line
from chat.import_export.streamed import Streamed

SPEAKERS = {"user": _("You"), "system": _("Instruction"), "assistant": _("Assistant")}


def markdown_pieces(conversation: Streamed, say: Say) -> Iterator[str]:
    """The title, then each message under the name of who said it, as `say` says it. Texts are as they were written."""
    document = conversation.document
    yield f"# {document.title or say(_('Conversation'), {})}\n\n{document.created_at.date().isoformat()}"
    for message, attached in conversation.branch():
        yield "\n\n" + _section(message, attached, say)
    yield "\n"


def _section(message: SavedMessage, attached: list[SavedAttachment], say: Say) -> str:
    run = message.generations[-1] if message.generations else None
    who = (run.label or run.model) if run else say(SPEAKERS[message.role], {})
    lines = [f"## {who}", *said(message, say)]
    if attached:
        lines.append(say(_("Attached: %(files)s"), {"files": ", ".join(named(each, say) for each in attached)}))
    status = message.generations[-1].status if message.generations else Status.COMPLETE
    if status != Status.COMPLETE:
        lines.append(f"*({say(LABELS[status], {})})*")
    return "\n\n".join(line for line in lines if line)


def said(message: SavedMessage, say: Say) -> Iterator[str]:
    """What was said, and between it what was done."""
    parts = message.reply.parts()
    tools, text = rounds(parts)
    for each in tools:
        yield each.text.strip("\n")
        yield "\n".join(_called(call, each, say) for call in each.calls)
    yield text.strip("\n")
    yield "\n".join(f"[{each.number}] {one_line(each.title)} {each.url or each.object}" for each in sources(parts))


def _called(call: Call, tools: Round, say: Say) -> str:
    """A line of a list. Its arguments are code, which nothing in them ends."""
    arguments = compact(call.arguments).replace("`", r"\u0060")
    result = tools.results.get(call.id)
    label = OUTCOMES[result.status] if result else LABELS[Status.WAITING if call.asks else Status.RUNNING]
    return f"- {one_line(call.title)} `{arguments}` *({say(label, {})})*"


def named(attachment: SavedAttachment, say: Say) -> str:
    if attachment.kind == "image":
        what = say(_("image, %(size)s"), {"size": f"{attachment.width} × {attachment.height}"})
    elif attachment.kind == "pdf":
        pages = attachment.pages or 0
        what = say(_("PDF, 1 page"), {}) if pages == 1 else say(_("PDF, %(count)s pages"), {"count": pages})
    else:
        what = say(_("document") if attachment.kind == "office" else _("text"), {})
    return f"{attachment.name} ({what})"
