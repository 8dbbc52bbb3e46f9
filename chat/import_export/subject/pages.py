"""The pages of the zip. Each stands for itself: no script, nothing from elsewhere, every word of anybody's escaped."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.html import escape

from chat.i18n import Say
from chat.i18n import gettext_noop as _
from chat.import_export.document import SavedAttachment, SavedMessage
from chat.import_export.markdown import SPEAKERS, named, said
from chat.import_export.streamed import Streamed
from chat.import_export.subject.paths import attachment_path
from chat.import_export.subject.sections import SECTIONS, File, Row, Section

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
body { max-width: 46rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1, h2, dd, p, pre { margin: 0 0 .5rem; }
article { padding-block: 1rem; border-block-end: 1px solid GrayText; }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: 0 1rem; margin: 0; }
dt { font-weight: 600; }
pre { white-space: pre-wrap; font: inherit; }
a { display: inline-block; min-height: 1.5rem; }
"""
NOTHING = _("There is nothing.")
BACK = _("To the overview")


def begin(title: str, language: str, back: str = "", back_words: str = "") -> str:
    way = f'<nav><a href="{escape(back)}">{escape(back_words)}</a></nav>\n' if back else ""
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{way}<main>\n"
        f'<h1 dir="auto">{escape(title)}</h1>\n'
    )


END = "</main>\n</body>\n</html>\n"


def index_pieces(name: str, made: datetime, counts: dict[str, int], say: Say, language: str) -> Iterator[str]:
    """The page that leads to all others."""
    yield begin(say(_("What this site has of %(name)s"), {"name": name}), language)
    yield f"<p>{escape(say(_('Made on %(when)s.'), {'when': said_time(made)}))}</p>\n<ul>\n"
    for section in list(SECTIONS.values()):
        title = escape(say(section.title, {}))
        yield f'<li><a href="{section.name}.html">{title}</a> ({counts.get(section.name, 0)})</li>\n'
    yield "</ul>\n" + END


def section_pieces(section: Section, rows: Iterable[Row], say: Say, language: str) -> Iterator[str]:
    yield begin(say(section.title, {}), language, "index.html", say(BACK, {}))
    if section.note:
        yield f"<p>{escape(say(section.note, {}))}</p>\n"
    is_empty = True
    for row in rows:
        is_empty = False
        yield f"<article>\n<dl>\n{''.join(_members(section, row, say))}</dl>\n</article>\n"
    if is_empty:
        yield f"<p>{escape(say(NOTHING, {}))}</p>\n"
    yield END


def _members(section: Section, row: Row, say: Say) -> Iterator[str]:
    for name, label in section.labels.items():
        if (value := row.get(name)) not in (None, ""):
            yield f"<dt>{escape(say(label, {}))}</dt><dd>{_value(value, say)}</dd>\n"


def _value(value: Any, say: Say) -> str:
    if isinstance(value, File):
        return f'<a href="{escape(value)}" dir="auto">{escape(value.words)}</a>'
    if isinstance(value, bool):
        return escape(say(_("Yes") if value else _("No"), {}))
    if isinstance(value, datetime):
        return said_time(value)
    if isinstance(value, list | tuple):
        return "<br>".join(_value(each, say) for each in value)
    return f'<pre dir="auto">{escape(value)}</pre>'


def said_time(time: datetime) -> str:
    """With its offset: it may be read anywhere."""
    return f"{timezone.localtime(time):%Y-%m-%d %H:%M:%S %z}"


def conversation_pieces(conversation: Streamed, say: Say, language: str) -> Iterator[str]:
    """All its messages as they were written, a few at a time. One that does not answer the one above says which it
    answers."""
    document = conversation.document
    files = {each.id: each for each in conversation.attachments()}
    yield begin(document.title or say(_("Conversation"), {}), language, "../../contents.html", say(BACK, {}))
    if document.system_prompt:
        yield f"<h2>{escape(say(_('Instructions'), {}))}</h2>\n"
        yield f'<pre dir="auto">{escape(document.system_prompt)}</pre>\n'
    above = None
    for message in conversation.messages():
        yield "".join(_message(message, [files[pk] for pk in message.attachments if pk in files], above, say))
        above = message.id
    yield END


def _message(message: SavedMessage, attached: list[SavedAttachment], above: Any, say: Say) -> Iterator[str]:
    run = message.generations[-1] if message.generations else None
    who = (run.label or run.model) if run else say(SPEAKERS[message.role], {})
    yield f'<article id="m-{message.id}">\n<h2><bdi>{escape(who)}</bdi></h2>\n<p>{said_time(message.created_at)}</p>\n'
    if message.parent and message.parent != above:
        yield f'<p><a href="#m-{message.parent}">{escape(say(_("Follows another message"), {}))}</a></p>\n'
    if thoughts := "".join(part.text for part in message.parts if part.kind == "reasoning"):
        words = escape(say(_("Reasoning"), {}))
        yield f'<details><summary>{words}</summary><pre dir="auto">{escape(thoughts)}</pre></details>\n'
    for text in said(message, say):
        if text:
            yield f'<pre dir="auto">{escape(text)}</pre>\n'
    for each in attached:
        yield f'<p><a href="../../{attachment_path(each)}" dir="auto">{escape(named(each, say))}</a></p>\n'
    yield "</article>\n"
