"""A list of accounts to be made: a CSV, as spreadsheets write it.

The first line names the columns, of which `username` alone must be there. Commas, semicolons or tabs stand between
cells, and `|` between the groups in one; a byte order mark and CRLF do no harm.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chatsite.environment.values import OFF, ON

COLUMNS = ("username", "email", "groups", "first_name", "last_name", "staff")
DELIMITERS = ",;\t"
MOST_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    username: str
    email: str = ""
    groups: tuple[str, ...] = ()
    first_name: str = ""
    last_name: str = ""
    is_staff: bool = False


class Faults(Exception):
    """All that is wrong with a list, a sentence for each thing, with its line."""

    def __init__(self, *sentences: str) -> None:
        self.sentences = sentences


def read_list(data: bytes) -> list[Row]:
    """Raises Faults."""
    text = _decoded(data)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    cells = _cells(lines)
    columns = _columns(next(cells, (1, []))[1])
    rows: list[Row] = []
    faults: list[str] = []
    for line, values in cells:
        try:
            rows.append(_row(line, columns, values))
        except Faults as found:
            faults += found.sentences
    if faults:
        raise Faults(*faults)
    return rows


def _decoded(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise Faults(f"The list has more than {MOST_BYTES:,} bytes.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise Faults(f"Line {line} is not UTF-8. In Excel save the list as “CSV UTF-8”.") from None
    if "\0" in text:
        raise Faults(f"Line {text[: text.index(chr(0))].count(chr(10)) + 1} has a NUL: this is no CSV.")
    return text


def _delimiter(text: str) -> str:
    """What stands most often in the first line."""
    head = text.partition("\n")[0]
    return max(DELIMITERS, key=head.count)


def _cells(lines: Any) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that has some, with its number."""
    while True:
        line = lines.line_num + 1
        try:
            cells = [cell.strip() for cell in next(lines)]
        except StopIteration:
            return
        except csv.Error as fault:
            raise Faults(f"Line {line} cannot be read: {fault}.") from None
        if any(cells):
            yield line, cells


def _columns(names: list[str]) -> list[str]:
    columns = [name.lower() for name in names]
    while columns and not columns[-1]:
        columns.pop()
    if "username" not in columns:
        raise Faults(f"The first line has to name the columns: username, and any of {', '.join(COLUMNS[1:])}.")
    if unknown := [name for name in columns if name not in COLUMNS]:
        raise Faults(*(f"There is no column {name!r}, only {', '.join(COLUMNS)}." for name in unknown))
    if len(set(columns)) < len(columns):
        raise Faults("A column stands in the first line twice.")
    return columns


def _row(line: int, columns: list[str], values: list[str]) -> Row:
    if any(values[len(columns) :]):
        raise Faults(f"Line {line} has more cells than the first line has columns.")
    said = dict(zip(columns, values, strict=False))
    staff = said.get("staff", "").lower()
    if staff not in (*ON, *OFF):
        raise Faults(f"Line {line}: staff is neither yes nor no: {staff!r}.")
    if not said["username"]:
        raise Faults(f"Line {line} has no username.")
    return Row(
        line=line,
        username=said["username"],
        email=said.get("email", "").lower(),
        groups=tuple(filter(None, (name.strip() for name in said.get("groups", "").split("|")))),
        first_name=said.get("first_name", ""),
        last_name=said.get("last_name", ""),
        is_staff=staff in ON,
    )
