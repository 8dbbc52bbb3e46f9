"""Documents of Word, Excel, PowerPoint and OpenDocument: their text as Markdown, tables as tables.

Both families are ZIP files of XML (ECMA-376 part 2; OpenDocument 1.3 part 2). The library that reads them is an extra:
`pip install "chatsite[office]"`.
"""

import io
import zipfile
from importlib.util import find_spec

from chat.attachments.inspection import open_slides
from chat.attachments.inspection.found import Inspected, Limits
from chat.attachments.inspection.texts import check_length, tidied
from chat.errors import ChatError, TooLong, Unsupported
from chat.i18n import gettext_noop as _

BROKEN = _("This document is damaged or incomplete, so its text cannot be read.")
LOCKED = _("This document is protected by a password. Save it without one and attach that.")
MACROS = _("This document bears macros. Save it without them, as docx, xlsx or pptx, and attach that.")
TEXTLESS = _("This document has no text that can be read. Save it as PDF or as pictures and attach that.")
TOO_LARGE = _("This document unpacks to %(count)s MB of text and layout; %(limit)s are allowed. Attach a part of it.")

MEDIA_TYPES = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/presentation.xml": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
"""By the part that each of ECMA-376's kinds has."""
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
"""How the entry `mimetype` of the others begins."""
OPEN_SLIDES = OPEN_DOCUMENT + "presentation"
OPEN_DOCUMENTS = (OPEN_DOCUMENT + "text", OPEN_DOCUMENT + "spreadsheet", OPEN_SLIDES)
MACRO_PARTS = ("vbaproject.bin", "basic/", "scripts/")
"""Within a document's names, in small letters."""
LOCKED_NAME = "EncryptedPackage".encode("utf-16-le")
"""The stream in which a compound file holds a document with a password (MS-OFFCRYPTO, 2.3.4.4)."""
MEGABYTE = 1_000_000
MOST_UNPACKED = 20
"""Megabytes of XML: of twice as much its reader makes more than the process may have (measured: 1 GB of 42 MB)."""
MOST_ENTRIES = 10_000


def is_readable() -> bool:
    """Is the library there?"""
    return find_spec("kreuzberg") is not None


def media_type(data: bytes) -> str | None:
    """Of a document that can be read here; None for any other file."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _media_type(archive)
    except Exception:  # a reader that is given nonsense fails in any way
        return None


def inspect(data: bytes, media_type: str, limits: Limits) -> Inspected:
    """Raises Unsupported or TooLong."""
    try:
        _check_archive(data)
        text = tidied(_markdown(data, media_type)).strip()
    except (ChatError, MemoryError):
        raise
    except Exception as exc:  # as above
        raise Unsupported(BROKEN) from exc
    if not text:
        raise Unsupported(TEXTLESS)
    check_length(text, limits)
    return Inspected("office", media_type, data, text=text)


def _media_type(archive: zipfile.ZipFile) -> str | None:
    names = set(archive.namelist())
    if known := next((kind for part, kind in MEDIA_TYPES.items() if part in names), None):
        return known
    if "mimetype" not in names or archive.getinfo("mimetype").file_size > 100:
        return None
    said = archive.read("mimetype").decode("ascii", "replace").strip()
    return said if said in OPEN_DOCUMENTS else None


def _check_archive(data: bytes) -> None:
    """By its directory, before anything is unpacked."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_ENTRIES:
            raise Unsupported(BROKEN)
        if any(entry.filename.lower().endswith(MACRO_PARTS[0]) for entry in entries) or any(
            entry.filename.lower().startswith(MACRO_PARTS[1:]) for entry in entries
        ):
            raise Unsupported(MACROS)
        unpacked = sum(entry.file_size for entry in entries if entry.filename.endswith((".xml", ".rels")))
        if unpacked > MOST_UNPACKED * MEGABYTE:
            raise TooLong(TOO_LARGE, values={"count": -(-unpacked // MEGABYTE), "limit": MOST_UNPACKED})
        if any(entry.flag_bits & 1 for entry in entries) or _is_locked(archive):
            raise Unsupported(LOCKED)


def _is_locked(archive: zipfile.ZipFile) -> bool:
    """OpenDocument encrypts its parts, and says so in its manifest (part 2, section 3.4.1)."""
    manifest = "META-INF/manifest.xml"
    return manifest in archive.namelist() and b"encryption-data" in archive.read(manifest)


def _markdown(data: bytes, media_type: str) -> str:
    if media_type == OPEN_SLIDES:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return open_slides.markdown(archive.read("content.xml"))
    from kreuzberg import ExtractionConfig, extract_bytes_sync

    config = ExtractionConfig(output_format="markdown", use_cache=False)
    return extract_bytes_sync(data, media_type, config=config).content
