"""Presentations of OpenDocument (1.3, part 3): the text of their slides as Markdown, tables as tables.

The library that reads the other documents knows none of this kind. It is read as a stream, in which nothing is kept
but the text so far: no depth and no repetition that a file claims costs more than its own bytes.
"""

from collections.abc import Callable
from xml.parsers import expat

OASIS = "urn:oasis:names:tc:opendocument:xmlns"
OFFICE, DRAW, TEXT, TABLE, SHOW = (
    f"{OASIS}:{name}:1.0 " for name in ("office", "drawing", "text", "table", "presentation")
)
PARAGRAPHS = (TEXT + "p", TEXT + "h")
CELLS = (TABLE + "table-cell", TABLE + "covered-table-cell")
UNSAID = (OFFICE + "annotation", TEXT + "page-number", SHOW + "header", SHOW + "footer", SHOW + "date-time")
"""What stands on a slide and is none of its words."""
SPACES = {TEXT + "tab": "\t", TEXT + "line-break": "\n"}
MOST_SPACES = 100
MOST_COLUMNS = 100
"""Of a table, that may be left out by saying how often an empty cell is repeated."""


def markdown(content: bytes) -> str:
    """Of what a presentation's `content.xml` says. Raises expat.ExpatError or ValueError if it is none."""
    return _Slides().read(content)


class _Slides:
    def __init__(self) -> None:
        self._said = list[str]()
        self._heads = list[str]()
        """What stands above the next words, if there are any."""
        self._slides = self._unsaid = self._inside = self._lists = 0
        self._begins_item = False
        self._words = list[str]()
        self._rows: list[list[str]] | None = None
        self._cell = list[str]()
        self._repeated = 1

    def read(self, content: bytes) -> str:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        parser.CharacterDataHandler = self._hear
        parser.Parse(content, True)
        return "\n".join(self._said)

    def _refuse(self, *_declaration: object) -> None:
        """Entities are made in there."""
        raise ValueError("OpenDocument has no document types")

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        if self._unsaid or name in UNSAID:
            self._unsaid += 1
        elif name in PARAGRAPHS:
            self._inside += 1
        elif name == TEXT + "s":
            self._words.append(" " * _whole(attributes.get(TEXT + "c"), MOST_SPACES))
        elif name in SPACES:
            self._words.append(SPACES[name])
        elif opened := OPENED.get(name):
            opened(self, attributes)

    def _close(self, name: str) -> None:
        if self._unsaid:
            self._unsaid -= 1
        elif name in PARAGRAPHS:
            self._inside -= 1
            if not self._inside:
                self._end_paragraph()
        elif closed := CLOSED.get(name):
            closed(self)

    def _hear(self, words: str) -> None:
        """White space in a paragraph is one space (part 3, section 6.1.2)."""
        if self._inside and not self._unsaid:
            text = " ".join(f"<{words}>".split())[1:-1]
            self._words.append(text.lstrip(" ") if self._words and self._words[-1].endswith(" ") else text)

    def _end_paragraph(self) -> None:
        text, self._words = "".join(self._words).strip(), []
        if self._rows is not None:
            self._cell.append(" ".join(text.split()).replace("|", "\\|"))
        elif text:
            self._say(self._indent() + text.replace("\n", "\n" + " " * len(self._indent())))
            self._begins_item = False

    def _indent(self) -> str:
        if not self._lists:
            return ""
        return "  " * (self._lists - 1) + ("- " if self._begins_item else "  ")

    def _say(self, words: str) -> None:
        self._said += [*self._heads, words if self._lists else words + "\n"]
        self._heads = []

    def _begin_slide(self, _attributes: dict[str, str]) -> None:
        self._slides += 1
        self._lists, self._heads = 0, [f"\n## Slide {self._slides}\n"]

    def _begin_notes(self, _attributes: dict[str, str]) -> None:
        self._heads.append("\nNotes:\n")

    def _end_notes(self) -> None:
        self._heads = []

    def _begin_list(self, _attributes: dict[str, str]) -> None:
        self._lists = min(self._lists + 1, MOST_COLUMNS)

    def _end_list(self) -> None:
        self._lists = max(self._lists - 1, 0)
        if not self._lists:
            self._said.append("")

    def _begin_item(self, _attributes: dict[str, str]) -> None:
        self._begins_item = True

    def _begin_table(self, _attributes: dict[str, str]) -> None:
        self._rows = []

    def _begin_row(self, _attributes: dict[str, str]) -> None:
        if self._rows is not None:
            self._rows.append([])

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._cell, self._repeated = [], _whole(attributes.get(TABLE + "number-columns-repeated"), MOST_COLUMNS)

    def _end_cell(self) -> None:
        if self._rows:
            text, row = " ".join(filter(None, self._cell)), self._rows[-1]
            row += [text] if text else [""] * min(self._repeated, MOST_COLUMNS - len(row))

    def _end_table(self) -> None:
        rows, self._rows = [row for row in self._rows or () if any(row)], None
        if rows:
            lines = [f"| {' | '.join(row)} |" for row in rows]
            self._say("\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]))


def _whole(number: str | None, most: int) -> int:
    """From 1, which it is where nothing is said, to `most`."""
    return min(int(number), most) if number and number.isdecimal() and len(number) < 10 else 1


OPENED: dict[str, Callable[[_Slides, dict[str, str]], None]] = {
    **dict.fromkeys(CELLS, _Slides._begin_cell),
    DRAW + "page": _Slides._begin_slide,
    SHOW + "notes": _Slides._begin_notes,
    TEXT + "list": _Slides._begin_list,
    TEXT + "list-item": _Slides._begin_item,
    TABLE + "table": _Slides._begin_table,
    TABLE + "table-row": _Slides._begin_row,
}
CLOSED: dict[str, Callable[[_Slides], None]] = {
    **dict.fromkeys(CELLS, _Slides._end_cell),
    SHOW + "notes": _Slides._end_notes,
    TEXT + "list": _Slides._end_list,
    TABLE + "table": _Slides._end_table,
}
