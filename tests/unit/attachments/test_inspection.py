"""What a file is, by what is in it."""

import io
import json
from typing import Any

import pytest
from PIL import Image, ImageCms

from chat.attachments.inspection import EMPTY, OFFICE, OLD, PICTURE, UNKNOWN, Inspected, Limits, inspect
from chat.attachments.inspection import images as image_reader
from chat.attachments.inspection import pdfs as pdf_reader
from chat.attachments.inspection.office import is_readable
from chat.errors import ChatError, TooLong, Unsupported
from tests.support.files import claiming, decoded, encoded, image, of_objects, pdf, photo

LIMITS = Limits(pixels=10_000_000, pages=10, characters=1_000)


def fault_in(data: bytes, limits: Limits = LIMITS) -> tuple[type[ChatError], str]:
    with pytest.raises(ChatError) as caught:
        inspect(data, limits)
    return type(caught.value), caught.value.sentence


# Text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Hello", "Hello"),
        ("Grüße 汉 👩‍💻".encode(), "Grüße 汉 👩‍💻"),
        (b"\xef\xbb\xbfwith a mark", "with a mark"),
        ("Grüße".encode("utf-16"), "Grüße"),
        (b"\xfe\xff" + "Grüße".encode("utf-16-be"), "Grüße"),
        (b"\xff\xfe" + b"\x00\xd8x\x00", "\ufffdx"),
        ("Grüße – „so“ 5 €".encode("cp1252"), "Grüße – „so“ 5 €"),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        (b"<!doctype html><script>x</script>", "<!doctype html><script>x</script>"),
        (b"<svg onload=x>", "<svg onload=x>"),
        (b"#!/bin/sh\necho %PDF-1.7\n", "#!/bin/sh\necho %PDF-1.7\n"),
        (b"[" * 999, "[" * 999),
    ],
)
def test_text_of_any_kind_becomes_utf_8(data: bytes, text: str) -> None:
    assert inspect(data, LIMITS) == Inspected("text", "text/plain", text.encode(), text=text)


FOREIGN = {
    "cp932": ["東京は日本の首都です。", "名前,住所,電話\n山田太郎,東京都千代田区,03-1234\n鈴木花子,大阪府,06-9876\n"],
    "euc_jp": ["これは短い文章です。\n二行目にはカタカナとひらがなと漢字があります。\n"],
    "gb18030": ["北京是中国的首都。", "姓名,城市,电话\n张三,北京,010-12345678\n李四,上海,021-87654321\n"],
    "big5": ["台北是台灣的首都。", "姓名,城市,電話\n王小明,台北市,02-12345678\n李大華,高雄市,07-7654321\n"],
    "euc_kr": ["서울은 대한민국의 수도입니다.", "이름,도시,전화\n김철수,서울,02-123-4567\n이영희,부산,051-765\n"],
    "cp1251": ["Москва — столица России.", "# Это комментарий\nfor index in range(10):\n    print(index)\n"],
    "koi8_r": ["Это короткий текстовый файл для проверки определения кодировки.\nВторая строка.\n"],
    "cp1253": ["Αυτό είναι ένα σύντομο κείμενο για δοκιμή.\nΔεύτερη γραμμή.\n"],
    "cp1255": ["זהו קובץ טקסט קצר לבדיקת קידוד.\nשורה שנייה.\n"],
    "cp1256": ["هذا ملف نصي قصير لاختبار الترميز.\nالسطر الثاني.\n"],
    "cp874": ["นี่คือไฟล์ข้อความสั้นสำหรับทดสอบ\n"],
    "cp1250": ["Příliš žluťoučký kůň úpěl ďábelské ódy.", "Łódź jest pięknym miastem."],
    "cp1254": ["Bu kısa bir metin dosyasıdır. Şimdi çok güzel.", "İstanbul'da yaşıyorum ve çok mutluyum, değil mi?"],
    "cp1252": [
        "café", "Öl", "ß", "naïve", "ÀÉÈÙÇ", "ÄÖÜSS", "Größe: 5 µm", "price: 5 €", "£5 and ½ and ©", "100 °C ± 5 µm",
        "Der Übermut tut selten gut – sagte Müller.", "L'été, nous étions à la plage.", "El niño comió piña; ¿qué?",
        "Voilà un fichier très court, créé à Genève.", "Dados: ação, coração, não", "Smörgåsbord på svenska är gott.",
        "Name;Straße;Ort\nMüller;Hauptstraße 5;Köln\n", "a;b\nÄÖÜäöü;ß\n", "“Quotes” and ‘apostrophes’ — with a dash.",
        "def f():\n    # größer als\n    return 1\n", "Ærlig talt, så går det godt på dansk.",
    ],
}  # fmt: skip
"""Texts as files have them, by Python's name of their encoding."""


@pytest.mark.parametrize("encoding", FOREIGN)
def test_text_in_any_usual_encoding_is_read_as_it_was_meant(encoding: str) -> None:
    read = [inspect(text.encode(encoding), LIMITS).text for text in FOREIGN[encoding]]
    assert read == FOREIGN[encoding]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", EMPTY),
        (b"a\0b", UNKNOWN),
        (b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0\xb8", UNKNOWN),
        (b"\x7fELF\2\1\1\0", UNKNOWN),
        (b"caf\xe9 \x07 \x02", UNKNOWN),
        (b"\xff\xfe\0\0a\0\0\0", UNKNOWN),
        (b"PK\3\4\x14\0" + b"\0" * 30 + b"[Content_Types].xml", OFFICE),
        (b"PK\3\4\x14\0" + b"\0" * 24 + b"mimetypeapplication/vnd.oasis.opendocument.text", OFFICE),
        (b"PK\3\4\x14\0" + b"\0" * 30 + b"a.txt", UNKNOWN),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", OLD if is_readable() else OFFICE),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", PICTURE),
        (b"\0\0\0\x1cftypavif\0\0\0\0", PICTURE),
        (b"II*\0\x08\0\0\0", PICTURE),
        (b"\0\0\0\x20ftypisom\0\0\2\0", UNKNOWN),
    ],
)
def test_all_else_is_unsupported_and_says_what_to_do(data: bytes, sentence: str) -> None:
    assert fault_in(data) == (Unsupported, sentence)


def test_a_text_may_be_so_long_and_no_longer() -> None:
    assert inspect("ä".encode() * 1_000, LIMITS).text == "ä" * 1_000
    assert fault_in(b"x" * 1_001)[0] is TooLong
    assert inspect(b"x" * 1_001, Limits(0, 0, 0)).kind == "text"


# Images


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (image("PNG"), "image/png"),
        (image("PNG", mode="RGBA"), "image/png"),
        (image("PNG", mode="P"), "image/png"),
        (image("PNG", mode="L"), "image/png"),
        (image("PNG", mode="1"), "image/png"),
        (image("JPEG"), "image/jpeg"),
        (image("JPEG", mode="L"), "image/jpeg"),
        (image("JPEG", mode="CMYK"), "image/jpeg"),
        (image("WEBP"), "image/jpeg"),
        (image("WEBP", lossless=True), "image/png"),
        (image("GIF"), "image/png"),
        (image("GIF", save_all=True, append_images=[Image.new("RGB", (40, 30))]), "image/png"),
    ],
)
def test_an_image_is_made_anew(data: bytes, media_type: str) -> None:
    found = inspect(data, LIMITS)
    assert (found.kind, found.media_type, found.width, found.height) == ("image", media_type, 40, 30)
    made = decoded(found.data)
    assert Image.MIME[made.format or ""] == media_type
    assert made.size == decoded(found.thumbnail).size == (40, 30)


def corner(data: bytes) -> str:
    """Which corner is red."""
    made = decoded(data).convert("RGB")
    width, height = made.size
    places = {"left top": (3, 3), "right top": (width - 4, 3), "left bottom": (3, height - 4)}
    red = [name for name, (x, y) in places.items() if made.crop((x, y, x + 1, y + 1)).tobytes()[0] > 200]
    return red[0] if red else "right bottom"


@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [
        (1, (40, 30), "left top"),
        (3, (40, 30), "right bottom"),
        (6, (30, 40), "right top"),
        (8, (30, 40), "left bottom"),
    ],
)
def test_an_image_stands_as_the_camera_was_held(orientation: int, size: tuple[int, int], red: str) -> None:
    found = inspect(photo(orientation), LIMITS)
    assert (found.width, found.height) == size == decoded(found.data).size
    assert corner(found.data) == corner(found.thumbnail) == red


def test_nothing_is_left_of_what_a_photo_says_about_its_photographer() -> None:
    before = photo()
    assert decoded(before).getexif().get_ifd(0x8825)
    assert b"SecretCamera" in before
    assert b"SecretComment" in before
    found = inspect(before, LIMITS)
    for made in (found.data, found.thumbnail):
        assert not decoded(made).getexif()
        assert b"Secret" not in made
        assert b"Exif" not in made
        assert "comment" not in decoded(made).info


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_profiles_and_texts_go_too(form: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with_xmp: dict[str, Any] = {"xmp": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>Secret</x:xmpmeta>"}
    before = image(form, icc_profile=profile, **(with_xmp if form != "PNG" else {}))
    assert "icc_profile" in decoded(before).info
    found = inspect(before, LIMITS)
    assert not {"icc_profile", "xmp", "exif"} & set(decoded(found.data).info)
    assert b"Secret" not in found.data


def test_a_profile_that_is_broken_makes_no_broken_image() -> None:
    assert inspect(image("JPEG", icc_profile=b"nonsense" * 50), LIMITS).kind == "image"


def test_sixteen_bits_become_eight() -> None:
    found = inspect(encoded(Image.new("I;16", (8, 8), 0x8000), "PNG"), LIMITS)
    assert decoded(found.data).convert("L").getpixel((0, 0)) in (127, 128)


def test_an_image_is_no_larger_than_a_model_looks_at() -> None:
    found = inspect(image("JPEG", (5_000, 1_000)), LIMITS)
    assert (found.width, found.height) == (2_048, 410)
    assert decoded(found.thumbnail).size == (320, 64)
    assert max(decoded(inspect(image("PNG", (1, 5_000)), LIMITS).data).size) == 2_048


def test_a_photo_in_png_becomes_a_jpeg() -> None:
    """Or one prompt with several would be too large for services and for our memory."""
    noise = encoded(Image.effect_noise((2_048, 2_048), 90).convert("RGBA"), "PNG", compress_level=0)
    found = inspect(noise, LIMITS)
    assert (found.media_type, decoded(found.data).format, decoded(found.thumbnail).format) == (
        "image/jpeg",
        "JPEG",
        "JPEG",
    )
    assert len(found.data) < 4_000_000


def test_pixels_are_counted_before_any_is_decoded() -> None:
    assert fault_in(claiming(60_000, 60_000)) == (TooLong, image_reader.TOO_LARGE)
    assert fault_in(image(size=(100, 101)), Limits(10_000, 0, 0)) == (TooLong, image_reader.TOO_LARGE)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_truncated_image_is_refused_wherever_it_ends(form: str) -> None:
    whole = image(form, (400, 300))
    for cut in (16, len(whole) // 4, len(whole) // 2, len(whole) * 3 // 4):
        assert fault_in(whole[:cut]) == (Unsupported, image_reader.BROKEN)


# PDFs


def test_a_pdf_is_its_text_page_by_page() -> None:
    found = inspect(pdf(["One", "", "Grüße"]), LIMITS)
    assert (found.kind, found.media_type, found.pages, found.text) == ("pdf", "application/pdf", 3, "One\n\nGrüße")
    assert found.data == pdf(["One", "", "Grüße"])


def test_a_pdf_may_begin_late() -> None:
    assert inspect(b"\x00junk\xff\n" + pdf(["One"]), LIMITS).kind == "pdf"
    assert fault_in(b"\x00" * 1_024 + pdf(["One"])) == (Unsupported, UNKNOWN)


@pytest.mark.parametrize(
    ("data", "kind", "sentence"),
    [
        (pdf(["", ""]), Unsupported, pdf_reader.TEXTLESS),
        (pdf(["x"] * 11), TooLong, pdf_reader.TOO_MANY),
        (pdf(["x"] * 11, count=1), TooLong, pdf_reader.TOO_MANY),
        (pdf(["x"], count=10_000), TooLong, pdf_reader.TOO_MANY),
        (pdf(["x" * 600, "y" * 600]), TooLong, "This is more text than a model can be shown"),
        (b"%PDF-1.7\nand nothing else", Unsupported, pdf_reader.BROKEN),
        (pdf(["One"])[:300], Unsupported, pdf_reader.BROKEN),
        (of_objects([b"<< /Type /Catalog >>"]), Unsupported, pdf_reader.BROKEN),
        (of_objects([b"<< /Type /Catalog /Pages 7 0 R >>"]), Unsupported, pdf_reader.BROKEN),
    ],
)
def test_a_pdf_that_cannot_be_read_says_why(data: bytes, kind: type[ChatError], sentence: str) -> None:
    fault, said = fault_in(data)
    assert (fault, said[: len(sentence)]) == (kind, sentence)


def protected(password: str) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer, sink = PdfWriter(), io.BytesIO()
    writer.append(PdfReader(io.BytesIO(pdf(["One"]))))
    writer.encrypt(password, owner_password="owner", algorithm="AES-256")
    writer.write(sink)
    return sink.getvalue()


def test_a_pdf_that_only_a_password_opens_is_refused() -> None:
    assert fault_in(protected("secret")) == (Unsupported, pdf_reader.LOCKED)
    assert inspect(protected(""), LIMITS).text == "One"


def test_a_page_that_is_damaged_is_named_and_the_others_are_read() -> None:
    data = pdf(["One", "Two"]).replace(b"<< /Length", b"<< /Filter /NoSuch /Length", 1)
    assert inspect(data, LIMITS).text == "[page 1 cannot be read]\n\nTwo"


# From one process to another


def received(sent: list[bytes]) -> Inspected:
    return Inspected.from_records(json.loads(sent[0]) if sent else {}, iter(sent[1:]))


def test_what_was_found_survives_the_way() -> None:
    found = Inspected("pdf", "application/pdf", b"\n{}\0", b"\xff", 1, 2, 3, "ä\n")
    sent = list(found.records())
    assert received(sent) == found
    for cut in range(len(sent)):
        with pytest.raises((ValueError, KeyError, TypeError)):
            received(sent[:cut])
    assert json.loads(sent[0])["lengths"] == [4, 1, 3]
