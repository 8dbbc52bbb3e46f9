"""Documents of Word, Excel, PowerPoint and OpenDocument: what a model is shown of them, and what is refused."""

import io
import random
import zipfile
from contextlib import suppress

import pytest

from chat.attachments.inspection import OLD, Limits, inspect, office
from chat.errors import ChatError, TooLong, Unsupported
from tests.support.office import (
    archive,
    excel,
    open_box,
    open_document,
    open_table,
    powerpoint,
    word,
    word_table,
)

pytest.importorskip("kreuzberg", reason="The extra `office` is not installed.")

LIMITS = Limits(pixels=0, pages=0, characters=1_000)
TABLE = ("Name", "Amount"), ("Anna|B", "12")
ENTITIES = '<!DOCTYPE x [<!ENTITY a "haha"><!ENTITY b "&a;&a;"><!ENTITY file SYSTEM "file:///etc/passwd">]>'


def fault_in(data: bytes) -> tuple[type[ChatError], str]:
    with pytest.raises(ChatError) as caught:
        inspect(data, LIMITS)
    return type(caught.value), caught.value.sentence


@pytest.mark.parametrize(
    ("data", "kind", "texts"),
    [
        (word(), "wordprocessingml.document", ["Hello from Word"]),
        (word(word_table(*TABLE)), "wordprocessingml.document", ["| Name | Amount |", "| Anna\\|B | 12 |"]),
        (excel(*TABLE), "spreadsheetml.sheet", ["## Sales", "| Name | Amount |", "| Anna\\|B | 12 |"]),
        (powerpoint("Our plan"), "presentationml.presentation", ["Our plan"]),
        (open_document("text", "<text:p>Grüße 汉</text:p>"), "oasis.opendocument.text", ["Grüße 汉"]),
        (open_document("text", open_table(*TABLE)), "oasis.opendocument.text", ["| Anna\\|B | 12 |"]),
        (open_document("spreadsheet", open_table(*TABLE)), "oasis.opendocument.spreadsheet", ["| Anna\\|B | 12 |"]),
        (
            open_document("presentation", open_box("<text:p>Plan 汉</text:p>")),
            "oasis.opendocument.presentation",
            ["Plan 汉"],
        ),
    ],
    ids=["word", "word table", "excel", "powerpoint", "odt", "odt table", "ods", "odp"],
)
def test_its_text_is_read_and_its_tables_are_markdown(data: bytes, kind: str, texts: list[str]) -> None:
    found = inspect(data, LIMITS)
    assert (found.kind, found.data) == ("office", data)
    assert found.media_type.endswith(kind)
    assert [text for text in texts if text not in found.text] == []


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (word("<w:p/>", {"word/vbaProject.bin": b"x"}), office.MACROS),
        (open_document("text", "<text:p>x</text:p>", **{"Basic/Standard/Module1.xml": "x"}), office.MACROS),
        (
            open_document("text", "<text:p>x</text:p>", **{"META-INF/manifest.xml": "<encryption-data/>"}),
            office.LOCKED,
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), office.LOCKED),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), OLD),
        (word("<w:p/>"), office.TEXTLESS),
        (word("<w:p><w:r>"), office.BROKEN),
        (word()[:-40], "A model cannot be shown this kind"),
        (archive({f"{number}": "" for number in range(10_001)} | {"word/document.xml": ""}), office.BROKEN),
        (open_document("presentation", ""), office.TEXTLESS),
        (open_document("presentation", "<draw:page>"), office.BROKEN),
        (archive({"notes.txt": "a"}), "This is neither"),
        (archive({"mimetype": "application/epub+zip"}), "This is neither"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value[:30],
)
def test_what_cannot_be_read_says_what_to_do(data: bytes, sentence: str) -> None:
    kind, said = fault_in(data)
    assert kind is Unsupported
    assert said.startswith(sentence)


def test_more_than_a_model_can_be_shown_is_too_long() -> None:
    assert fault_in(word(f"<w:p><w:r><w:t>{'word ' * 300}</w:t></w:r></w:p>"))[0] is TooLong


@pytest.mark.parametrize("size", [30_000_000, 3_000_000_000])
def test_a_bomb_is_refused_by_its_directory(size: int) -> None:
    """Nothing is unpacked: the directory says it, and who lies there meets the process's own bounds."""
    data = bytearray(word("x" * 10_000))
    at = data.rindex(b"PK\1\2", 0, data.rindex(b"word/document.xml"))
    data[at + 24 : at + 28] = size.to_bytes(4, "little")
    assert fault_in(bytes(data)) == (TooLong, office.TOO_LARGE)


def test_slides_are_read_in_their_order_with_lists_tables_and_notes() -> None:
    lists = "<text:list><text:list-item><text:p>{}</text:p>{}</text:list-item></text:list>"
    shapes = [
        open_box("<text:h>Our <text:span>  big</text:span><text:s/><text:s text:c='2'/>plan</text:h><text:p/>"),
        open_box(lists.format("one", lists.format("two", ""))),
        "<draw:g><draw:custom-shape><text:p>drawn<text:line-break/>twice</text:p></draw:custom-shape></draw:g>",
        f"<draw:frame>{open_table(*TABLE)}</draw:frame>",
        "<office:annotation><text:p>a comment</text:p></office:annotation>",
        open_box("<text:p><text:page-number>&lt;number&gt;</text:page-number></text:p>"),
        f"<presentation:notes>{open_box('<text:p>Say hello</text:p>')}</presentation:notes>",
    ]
    pages = [f"<draw:page>{shape}</draw:page>" for shape in ("".join(shapes), "", open_box("<text:p>End</text:p>"))]
    text = inspect(open_document("presentation", "".join(pages)), LIMITS).text
    assert [line for line in text.split("\n") if line] == [
        "## Slide 1",
        "Our big   plan",
        "- one",
        "  - two",
        "drawn",
        "twice",
        "| Name | Amount |",
        "| --- | --- |",
        "| Anna\\|B | 12 |",
        "Notes:",
        "Say hello",
        "## Slide 3",
        "End",
    ]


def test_a_slide_that_claims_much_costs_little() -> None:
    cell = '<table:table-cell table:number-columns-repeated="999999999"/>'
    much = f"{open_table(('a',))}<table:table><table:table-row>{cell * 3}{{}}</table:table-row></table:table>"
    last = "<table:table-cell><text:p>last</text:p></table:table-cell>"
    spaces = f'<text:p>b<text:s text:c="999999999"/>c<text:s text:c="{"9" * 99}"/></text:p>'
    deep = "<text:list><text:list-item>" * 5_000 + "<text:p>deep</text:p>" + "</text:list-item></text:list>" * 5_000
    slides = open_document("presentation", much.format(last) + spaces + deep)
    text = inspect(slides, Limits(pixels=0, pages=0, characters=2_000)).text
    assert [word in text for word in ("| last |", "deep")] == [True, True]


def test_a_slide_that_declares_entities_is_refused() -> None:
    slides = open_document("presentation", open_box("<text:p>before &b; &file;</text:p>"))
    with zipfile.ZipFile(io.BytesIO(slides)) as file:
        entries = {name: file.read(name).decode() for name in file.namelist()}
    entries["content.xml"] = entries["content.xml"].replace("?>", f"?>{ENTITIES}", 1)
    assert fault_in(archive(entries)) == (Unsupported, office.BROKEN)


def test_entities_stand_for_nothing() -> None:
    with zipfile.ZipFile(io.BytesIO(word("<w:p><w:r><w:t>before &b; &file; after</w:t></w:r></w:p>"))) as file:
        entries = {name: file.read(name).decode() for name in file.namelist()}
    entries["word/document.xml"] = entries["word/document.xml"].replace("?>", f"?>{ENTITIES}", 1)
    text = inspect(archive(entries), LIMITS).text
    assert "before" in text
    assert not [word for word in ("haha", "root:") if word in text]


def test_whatever_is_cut_or_changed_ends_in_a_sentence() -> None:
    chance = random.Random(1)
    kinds = [open_document(kind, open_table(*TABLE)) for kind in ("text", "presentation")]
    for data in (word(word_table(*TABLE)), excel(*TABLE), *kinds):
        for _ in range(60):
            changed = bytearray(data[: chance.randrange(len(data))] if chance.random() < 0.3 else data)
            for _ in range(chance.randrange(1, 8)):
                changed[chance.randrange(len(changed)) if changed else 0 : 0] = bytes([chance.randrange(256)])
            with suppress(ChatError):
                inspect(b"PK\3\4" + bytes(changed[4:]), LIMITS)
