"""What a file is by its content, whatever it is called, and what of it is kept. Pure.

An image is decoded and made anew, so that nothing of it is stored but its pixels: no place, no camera, no comment, and
nothing that hides behind its end. Text becomes UTF-8. A PDF or an office's document stays as it is, beside its text.
All else is refused.

The libraries that read files have had holes, and a small file can ask them for much time and memory. So the site
itself never calls `inspect`: it starts this package as a process of its own (chat/attachments/sandbox.py).
"""

from chat.attachments.inspection.found import Inspected, Limits
from chat.errors import Unsupported
from chat.i18n import gettext_noop as _

__all__ = ["Inspected", "Limits", "inspect"]

EMPTY = _("This file is empty.")
UNKNOWN = _(
    "This is neither an image nor text nor a PDF nor a document of Word, Excel or the like, "
    "so a model cannot be shown it."
)
OFFICE = _("A model cannot be shown this kind of document. Save it as PDF and attach that.")
OLD = _("This document is of a kind from before 2007. Save it as docx, xlsx, pptx or PDF and attach that.")
PICTURE = _("This kind of image cannot be read here. Save it as JPEG or PNG and attach that.")

PDF_BEGINS_WITHIN = 1_024
"""Bytes, as readers of PDF are generous about it (ISO 32000-1, annex H.3.4.1)."""
ZIP = b"PK\3\4"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What Word, Excel and PowerPoint wrote until 2007."""
PICTURES = (b"II*\0", b"MM\0*", b"BM", b"\0\0\1\0", b"8BPS", b"\xff\x0a", b"\0\0\0\x0cJXL ")
"""How TIFF, BMP, icons, Photoshop's and JPEG XL begin."""
HEIF = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
"""Brands of ISO/IEC 23008-12: what phones take photos in, and AVIF."""


def inspect(data: bytes, limits: Limits) -> Inspected:
    """What `data` is. Raises Unsupported or TooLong, with a sentence."""
    # Here, because each kind costs a process what only its own reader needs: 0.1 s for PDFs.
    from chat.attachments.inspection import images, texts

    if not data:
        raise Unsupported(EMPTY)
    if images.is_image(data):
        return images.inspect(data, limits)
    if not data.startswith(b"%PDF-") and (text := texts.decoded(data)) is not None:
        return texts.inspect(text, limits)
    if b"%PDF-" in data[:PDF_BEGINS_WITHIN]:
        from chat.attachments.inspection import pdfs

        return pdfs.inspect(data, limits)
    if data.startswith(ZIP):
        return _document(data, limits)
    raise Unsupported(_hint(data))


def _document(data: bytes, limits: Limits) -> Inspected:
    from chat.attachments.inspection import office

    media_type = office.media_type(data)
    if not media_type:
        raise Unsupported(OFFICE if b"[Content_Types].xml" in data or b"opendocument" in data[:200] else UNKNOWN)
    if not office.is_readable():
        raise Unsupported(OFFICE)
    return office.inspect(data, media_type, limits)


def _hint(data: bytes) -> str:
    """What to do with a file of a kind that we know but cannot read."""
    from chat.attachments.inspection import office

    if data.startswith(OLE):
        return office.LOCKED if office.LOCKED_NAME in data else OLD if office.is_readable() else OFFICE
    if data.startswith(PICTURES) or (data[4:8] == b"ftyp" and data[8:12] in HEIF):
        return PICTURE
    return UNKNOWN
