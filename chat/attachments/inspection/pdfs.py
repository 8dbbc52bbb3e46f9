"""PDFs: their text, page by page."""

import io
from collections.abc import Iterator

from pypdf import PageObject, PdfReader

from chat.attachments.inspection.found import Inspected, Limits
from chat.attachments.inspection.texts import check_length, tidied
from chat.errors import ChatError, TooLong, Unsupported
from chat.i18n import gettext_noop as _

BROKEN = _("This PDF is damaged or incomplete, so its text cannot be read.")
LOCKED = _("This PDF is protected by a password. Save it without one and attach that.")
TEXTLESS = _(
    "This PDF has no text that can be read, only pictures. Attach its pages as images, for a model that sees."
)
TOO_MANY = _("This PDF has %(count)s pages; %(limit)s are allowed. Attach a part of it.")


def inspect(data: bytes, limits: Limits) -> Inspected:
    """Raises Unsupported or TooLong."""
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):  # some are, with an empty password
            raise Unsupported(LOCKED)
        pages = _count(reader, limits)
        text = _text(reader, limits)
    except (ChatError, MemoryError):
        raise
    except Exception as exc:  # a reader that is given nonsense fails in any way
        raise Unsupported(BROKEN) from exc
    return Inspected("pdf", "application/pdf", data, pages=pages, text=text)


def _count(reader: PdfReader, limits: Limits) -> int:
    """As many pages as it says it has, if these are too many already; else as there are."""
    said = reader.root_object["/Pages"].get_object().get("/Count")  # type: ignore[union-attr]
    count = said if isinstance(said, int) and limits.pages and said > limits.pages else len(reader.pages)
    if limits.pages and count > limits.pages:
        raise TooLong(TOO_MANY, values={"count": count, "limit": limits.pages})
    return count


def _text(reader: PdfReader, limits: Limits) -> str:
    """Raises TooLong as soon as it is too much, and Unsupported if there is none at all."""
    text, is_readable = "", False
    for page, has_text in _pages(reader):
        text += f"\n\n{page}" if text else page
        is_readable |= has_text
        check_length(text, limits)
    if not is_readable:
        raise Unsupported(TEXTLESS)
    return text


def _pages(reader: PdfReader) -> Iterator[tuple[str, bool]]:
    """What stands on each page, in words for the model where it cannot be read; and whether that is text."""
    for number, page in enumerate(reader.pages, 1):
        text = _on(page)
        if text is None:
            yield f"[page {number} cannot be read]", False
        elif text:
            yield text, True


def _on(page: PageObject) -> str | None:
    """What stands on a page; None if it is damaged. Others may be whole."""
    try:
        return tidied(page.extract_text()).strip()
    except MemoryError:
        raise
    except Exception:
        return None
