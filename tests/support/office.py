"""Documents of Word, Excel, PowerPoint and OpenDocument, as small as they may be."""

import io
import zipfile
from collections.abc import Mapping

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OASIS = "urn:oasis:names:tc:opendocument:xmlns"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def archive(entries: Mapping[str, str | bytes]) -> bytes:
    """A ZIP file; an entry `mimetype` stands uncompressed, as OpenDocument wants it."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            file.writestr(name, data, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED)
    return sink.getvalue()


def word(
    body: str = "<w:p><w:r><w:t>Hello from Word</w:t></w:r></w:p>", more: Mapping[str, bytes] | None = None
) -> bytes:
    document = f'{HEAD}<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    package = _package("word/document.xml", "wordprocessingml.document.main")
    return archive(package | {"word/document.xml": document} | dict(more or {}))


def word_table(*rows: tuple[str, ...]) -> str:
    cells = ("".join(f"<w:tc><w:p><w:r><w:t>{cell}</w:t></w:r></w:p></w:tc>" for cell in row) for row in rows)
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def excel(*rows: tuple[str, ...]) -> bytes:
    cells = "".join(
        f'<row r="{number}">{"".join(_cell(number, column, text) for column, text in enumerate(row))}</row>'
        for number, row in enumerate(rows, 1)
    )
    return archive(
        _package("xl/workbook.xml", "spreadsheetml.sheet.main")
        | {
            "xl/workbook.xml": f'{HEAD}<workbook xmlns="{S}" xmlns:r="{R}"><sheets>'
            '<sheet name="Sales" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": _relations("worksheet", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml": f'{HEAD}<worksheet xmlns="{S}"><sheetData>{cells}</sheetData></worksheet>',
        }
    )


def powerpoint(text: str) -> bytes:
    shape = (
        f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="Title"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/>'
        f"<p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
    )
    names = f'xmlns:p="{P}" xmlns:a="{A}" xmlns:r="{R}"'
    group = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    tree = group + shape
    slides = '<p:sldIdLst><p:sldId id="256" r:id="rId1"/></p:sldIdLst>'
    return archive(
        _package("ppt/presentation.xml", "presentationml.presentation.main")
        | {
            "ppt/presentation.xml": f"{HEAD}<p:presentation {names}>{slides}</p:presentation>",
            "ppt/_rels/presentation.xml.rels": _relations("slide", "slides/slide1.xml"),
            "ppt/slides/slide1.xml": f"{HEAD}<p:sld {names}><p:cSld><p:spTree>{tree}</p:spTree></p:cSld></p:sld>",
        }
    )


def open_document(kind: str, body: str, **more: str) -> bytes:
    """`kind`: `text`, `spreadsheet` or `presentation`."""
    spaces = " ".join(f'xmlns:{name}="{OASIS}:{kind}:1.0"' for name, kind in SPACES.items())
    inner = f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
    content = f"{HEAD}<office:document-content {spaces}>{inner}</office:document-content>"
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    manifest = f'{HEAD}<manifest:manifest xmlns:manifest="{OASIS}:manifest:1.0"/>'
    return archive({"mimetype": media_type, "content.xml": content, "META-INF/manifest.xml": manifest} | more)


SPACES = {"office": "office", "text": "text", "table": "table", "draw": "drawing", "presentation": "presentation"}


def open_table(*rows: tuple[str, ...]) -> str:
    cells = (
        "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
        )
        for row in rows
    )
    return (
        '<table:table table:name="Sales">'
        + "".join(f"<table:table-row>{row}</table:table-row>" for row in cells)
        + "</table:table>"
    )


def open_box(words: str) -> str:
    """What Impress puts text of a slide into."""
    return f"<draw:frame><draw:text-box>{words}</draw:text-box></draw:frame>"


def _package(part: str, content: str) -> dict[str, str | bytes]:
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    kind = f"application/vnd.openxmlformats-officedocument.{content}+xml"
    return {
        "[Content_Types].xml": f'{HEAD}<Types xmlns="{types}"><Default Extension="rels" ContentType="application/vnd.'
        'openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{part}" ContentType="{kind}"/></Types>',
        "_rels/.rels": _relations("officeDocument", part),
    }


def _relations(kind: str, target: str) -> str:
    relation = f'<Relationship Id="rId1" Type="{R}/{kind}" Target="{target}"/>'
    return f'{HEAD}<Relationships xmlns="{RELATIONS}">{relation}</Relationships>'


def _cell(row: int, column: int, text: str) -> str:
    place = f"{chr(ord('A') + column)}{row}"
    if text.isdigit():
        return f'<c r="{place}"><v>{text}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'
