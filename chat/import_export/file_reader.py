"""Files that somebody wants imported, as documents, one at a time. Pure, and nothing in them is trusted.

A file is one JSON text, or a zip with some. A JSON text is a conversation, or an array of some: documents of ours, or
what one of the programs in READERS has exported. However large it is, only one conversation of it is in memory: an
array is read element by element. What is wrong with one refuses that one alone; where a text is no JSON, what follows
in it cannot be found. A zip is refused by what its directory says before anything is unpacked; what an entry gives
beyond that is not read. The names in a zip say which entries are read, and nothing else.
"""

import codecs
import json
import math
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from chat.errors import BadInput, TooLong
from chat.i18n import Say
from chat.i18n import gettext_noop as _
from chat.import_export.chatgpt import read_chatgpt
from chat.import_export.claude import read_claude
from chat.import_export.document import SavedConversation, read_document, short_title
from chat.import_export.librechat import read_librechat
from chat.import_export.openwebui import read_openwebui

READERS: list[tuple[str, Callable[[Any], SavedConversation]]] = [
    ("mapping", read_chatgpt),
    ("chat_messages", read_claude),
    ("chat", read_openwebui),
    ("conversationId", read_librechat),
]
"""By a member that tells whose conversation it is."""
MOST_ENTRIES = 10_000
MOST_CONVERSATIONS = 10_000
MOST_MESSAGES = 50_000
MOST_ROWS = 300_000
"""Messages, their parts and the runs that wrote them: each becomes a row."""
MOST_ATTACHMENTS = 500
UNPACKED = 10
"""How many times as large as a file may be what is in it."""
MOST_NAME = 100
"""Characters of a name in a zip that a sentence shows."""
CHUNK = 1 << 16
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError)
"""What reading a zip raises that is damaged, or of a kind that Python does not know: its directory, or what is
packed, whose checksum is only known at its end."""


class BadFile(BadInput):
    """Something in a file is wrong, and where it is."""

    sentence = _("In %(file)s, conversation %(number)s: %(fault)s")

    def __init__(self, file: str, number: int, fault: BadInput | TooLong) -> None:
        self.file, self.number, self.fault = file, number, fault
        super().__init__()

    def said(self, say: Say) -> str:
        return say(self.sentence, {"file": self.file, "number": self.number, "fault": self.fault.said(say)})


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A conversation of a file that cannot be read: what it is called, as far as that is known, and why."""

    title: str
    fault: BadFile


Found = SavedConversation | Unreadable


def all_documents(file: IO[bytes], name: str, limit: int) -> Iterator[Found]:
    """The conversations in `file`, which is called `name`, and why some cannot be read.

    `limit`: bytes of a conversation; 0 is none. Raises BadInput or TooLong for what is wrong with the file as a whole.
    """
    try:
        yield from _documents(file, name, limit)
    except BROKEN as exc:
        raise BadInput(_("The zip is damaged.")) from exc


def _documents(file: IO[bytes], name: str, limit: int) -> Iterator[Found]:
    taken = _Taken()
    for text_name, text in _texts(file, name, limit):
        for found in _in_text(text, text_name, limit):
            taken.take(found)
            yield found
            if taken.is_hopeless:
                return
    if not taken.conversations:
        raise BadInput(_("There are no conversations in this file."))


def _in_text(text: IO[bytes], name: str, limit: int) -> Iterator[Found]:
    number = 0  # `enumerate` would keep each item, which may be large, until the next is read
    try:
        for item in _items(text, name, limit):
            number += 1
            found = _document(item, name, number)
            del item
            yield found
    except BadFile as fault:
        yield Unreadable("", fault)


class _Taken:
    """How much has been read. Each row takes its time to store, and each attachment a process to inspect."""

    def __init__(self) -> None:
        self.conversations = self._unreadable = self._messages = self._rows = self._attachments = 0

    def take(self, found: Found) -> None:
        """Raises TooLong."""
        self.conversations += 1
        if isinstance(found, Unreadable):
            self._unreadable += 1
        else:
            self._messages += len(found.messages)
            self._rows += sum(1 + len(each.parts) + len(each.generations) for each in found.messages)
            self._attachments += len(found.attachments)
        _refuse_too_many(self.conversations, self._messages, self._rows, self._attachments)

    @property
    def is_hopeless(self) -> bool:
        """Very many have been looked at, and none of them can be read."""
        return self.conversations == self._unreadable == MOST_CONVERSATIONS


def _refuse_too_many(conversations: int, messages: int, rows: int, attachments: int) -> None:
    if conversations > MOST_CONVERSATIONS:
        raise TooLong(_("The file has more than %(limit)s conversations."), values={"limit": MOST_CONVERSATIONS})
    if messages > MOST_MESSAGES:
        raise TooLong(_("The file has more than %(limit)s messages."), values={"limit": MOST_MESSAGES})
    if rows > MOST_ROWS:
        raise TooLong(_("The messages of the file have more than %(limit)s parts."), values={"limit": MOST_ROWS})
    if attachments > MOST_ATTACHMENTS:
        raise TooLong(_("The file has more than %(limit)s attached files."), values={"limit": MOST_ATTACHMENTS})


def _document(item: Any, name: str, number: int) -> Found:
    try:
        return _reader_for(item)(item)
    except BadInput as exc:
        return Unreadable(_title_of(item), BadFile(name, number, exc))


def _reader_for(item: Any) -> Callable[[Any], SavedConversation]:
    if not isinstance(item, dict) or "format" in item:
        return read_document
    return next((read for member, read in READERS if member in item), read_document)


def _title_of(item: Any) -> str:
    """Of what may be anything."""
    titles = [item.get(name) for name in ("title", "name")] if isinstance(item, dict) else []
    return next((short_title(title) for title in titles if isinstance(title, str)), "")


def _texts(file: IO[bytes], name: str, limit: int) -> Iterator[tuple[str, IO[bytes]]]:
    """The JSON texts in a file, with their names."""
    if not zipfile.is_zipfile(file):
        file.seek(0)
        yield name, file
        return
    opened = _Archive(file)
    with zipfile.ZipFile(opened) as archive:
        opened.most = math.inf
        for entry in _wanted(archive, limit):
            with archive.open(entry) as text:
                yield _shown(entry.filename), text


class _Archive:
    """A zip as ZipFile reads it, which takes its whole directory at once to make an object of each entry.

    A million of them take half a gigabyte, so until it is opened nothing gives more than MOST_ENTRIES can take. How
    long a directory is, the file itself says, in several places (APPNOTE.TXT, section 4.3): ZipFile chooses.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.most: float = MOST_ENTRIES * 1000
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._read = file.read

    def read(self, size: int = -1) -> bytes:
        if size > self.most:
            raise _too_many_entries()
        return self._read(size)


def _wanted(archive: zipfile.ZipFile, limit: int) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise _too_many_entries()
    if limit and sum(entry.file_size for entry in entries) > UNPACKED * limit:
        raise TooLong(_("What is in the zip is larger than %(limit)s bytes."), values={"limit": UNPACKED * limit})
    wanted = [entry for entry in entries if is_wanted(entry.filename)]
    for entry in wanted:
        # The others unpack as much as they like at once.
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 1:
            raise BadInput(_("The zip is encrypted, or packed in a way that this site does not read."))
    return wanted


def is_wanted(name: str) -> bool:
    """`conversations.json`, `conversations-<number>.json` or `conversations/**/*.json`, in whatever folder.

    Without a regular expression: a name may have 65,535 bytes, and 10,000 of them may be in a zip.
    """
    path, dot, end = name.rpartition(".")
    if name.startswith("__MACOSX/") or not dot or end != "json":
        return False
    *folders, last = path.split("/")
    number = last.removeprefix("conversations-")
    return (
        last == "conversations" or (number != last and number.isdigit()) or (last != "" and "conversations" in folders)
    )


def _shown(name: str) -> str:
    return name if len(name) <= MOST_NAME else "…" + name[-MOST_NAME:]


def _too_many_entries() -> TooLong:
    return TooLong(_("The zip has more than %(limit)s files."), values={"limit": MOST_ENTRIES})


def _items(file: IO[bytes], name: str, limit: int) -> Iterator[Any]:
    """The elements of an array, or the one value that is none, each parsed when its turn comes."""
    reader = _Reader(file, limit)
    number = 1
    try:
        if not reader.takes("["):
            yield reader.value()
            number += 1
        elif not reader.takes("]"):
            yield reader.value()
            while reader.takes(","):
                number += 1
                yield reader.value()
            number += 1
            reader.expect("]")
        reader.expect_end()
    except RecursionError as exc:
        raise BadFile(name, number, BadInput(_("It is nested too deeply."))) from exc
    except TooLong as exc:
        raise BadFile(name, number, exc) from exc
    except ValueError as exc:
        rest = _("This is not JSON in UTF-8, so that nothing after it can be read.")
        raise BadFile(name, number, BadInput(rest if number > 1 else _("This is not JSON in UTF-8."))) from exc


class _Reader:
    """Reads JSON from a file from its beginning on, as much at a time as the next value needs."""

    _decoder = json.JSONDecoder()
    _space = re.compile(r"[ \t\n\r]*")

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file = file
        self._limit = limit
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text, self._at = "", 0
        """What is here of the file, and how far it has been read."""
        self._is_at_end = False

    def takes(self, sign: str) -> bool:
        """Does `sign` come next? Then it is read."""
        self._skip_space()
        found = self._text.startswith(sign, self._at)
        self._at += len(sign) if found else 0
        return found

    def expect(self, sign: str) -> None:
        if not self.takes(sign):
            raise ValueError(f"no {sign}")

    def expect_end(self) -> None:
        self._skip_space()
        if self._at < len(self._text):
            raise ValueError("more text")

    def value(self) -> Any:
        """The next value. What is not whole yet is tried again with twice as much: each byte is read a few times."""
        self._skip_space()
        while True:
            try:
                value, self._at = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if self._is_at_end:
                    raise
                self._read()
            else:
                self._forget()
                return value

    def _forget(self) -> None:
        """What has been read, once it is most of what is here: each byte is copied a few times at most."""
        if self._at > len(self._text) // 2:
            self._text, self._at = self._text[self._at :], 0

    def _skip_space(self) -> None:
        self._at = self._end_of_space()
        while self._at == len(self._text) and not self._is_at_end:
            self._read()
            self._at = self._end_of_space()

    def _end_of_space(self) -> int:
        found = self._space.match(self._text, self._at)
        return found.end() if found else self._at

    def _read(self) -> None:
        """Doubles what has not been read of the text."""
        rest = self._text[self._at :]
        if self._limit and len(rest) >= self._limit:
            raise TooLong(_("It is larger than %(limit)s bytes."), values={"limit": self._limit})
        data = self._file.read(max(CHUNK, len(rest)))
        self._is_at_end = not data
        self._text, self._at = rest + self._decode(data, final=not data), 0
