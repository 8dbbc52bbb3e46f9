"""Files that are not what they seem, or that would cost the site its memory, its time or its reader's page."""

import io
import os
import signal
import threading
import uuid
import zipfile
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from chat.attachments.sandbox import TOO_HARD
from chat.models import Attachment
from tests.support.client import Answer, Client
from tests.support.faults import children, grows_less_than
from tests.support.files import claiming, decoded, encoded, image, of_objects, pdf, photo
from tests.support.hostile import HOSTILE
from tests.support.site import Site
from tests.support.upstream import ScriptedUpstream
from tests.support.waiting import eventually

MEGABYTES = 120
"""By which the site may grow while it takes the worst file: its body, a few times over, and what is stored of it."""

# Not what their names say


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg", "notes.txt", "paper.pdf"])
@pytest.mark.parametrize(
    "content",
    [b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0", b"\x7fELF\2\1\1\0\0\0\0", b"\xca\xfe\xba\xbe\0\0\0\x34"],
)
def test_a_program_is_none_of_what_its_name_says(alice: Client, name: str, content: bytes) -> None:
    answer = alice.upload(content, name)
    assert (answer.status, answer.code) == (415, "unsupported")
    assert Attachment.objects.count() == 0


@pytest.mark.parametrize(
    "content", ["<!doctype html><script>alert(1)</script>", "<svg onload=alert(1)>", *HOSTILE[:9]]
)
@pytest.mark.parametrize("name", ["picture.png", "page.html", "picture.svg"])
def test_what_a_browser_could_run_is_a_text_to_be_saved(alice: Client, content: str, name: str) -> None:
    answer = alice.get(f"/attachments/{alice.attach(content.encode(), name)}/", Accept="text/html,image/*")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


MARKUP = b"<html><script>alert('Secret')</script>"
POLYGLOTS = {
    "JPEG and HTML behind its end": photo() + MARKUP,
    "JPEG and HTML in a comment": image("JPEG", comment=MARKUP),
    "PNG and a zip": image("PNG") + b"PK\3\4Secret",
    "GIF and a script": image("GIF", comment=b"*/=1;alert('Secret')//") + b";alert('Secret')",
    "WebP and HTML in its XMP": image("WEBP", xmp=MARKUP),
    "PNG and a PDF": image("PNG") + pdf(["Secret"]),
}


@pytest.mark.parametrize("name", POLYGLOTS)
def test_of_a_polyglot_the_picture_is_left(alice: Client, name: str) -> None:
    assert b"Secret" in POLYGLOTS[name]
    path = f"/attachments/{alice.attach(POLYGLOTS[name])}/"
    for answer in (alice.get(path), alice.get(f"{path}thumbnail/")):
        assert answer.headers["Content-Type"] in ("image/png", "image/jpeg")
        assert decoded(answer.body).size == (40, 30)
        assert b"Secret" not in answer.body
        assert b"script" not in answer.body


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.txt", "y.txt"),
        ("report\u202egnp.exe", "reportgnp.exe"),
        ("a\u2066b\u2069\u200b\ufeff.txt", "ab.txt"),
        ("a\tb\x07c\x7f.txt", "abc.txt"),
        ("x" * 300 + ".pdf", "x" * 115 + "….pdf"),
        ("<img src=x onerror=alert(1)>.txt", "<img src=x onerror=alert(1)>.txt"),
        ("&lt;b&gt;.txt", "<b>.txt"),
        (".env", ".env"),
    ],
)
def test_a_name_is_a_name_and_nothing_else(alice: Client, name: str, kept: str) -> None:
    answer = alice.upload(b"x", name)
    assert (answer.status, answer.json["name"]) == (201, kept)
    disposition = alice.get(answer.json["url"]).headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename")
    assert "\n" not in disposition


# Bombs


def zip_bomb() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b" " * 50_000_000)
    return sink.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def profile_bomb() -> bytes:
    """A PNG whose colour profile becomes 200 MB."""
    whole = image("PNG")
    return whole[:33] + chunk(b"iCCP", b"x\0\0" + zlib.compress(b"\0" * 200_000_000, 9)) + whole[33:]


def page_of(content: bytes, resources: bytes = b"/Font << >>") -> bytes:
    """A PDF with one page."""
    return of_objects(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << %b >> >>" % resources,
            content,
        ]
    )


def deflated(content: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        content = zlib.compress(content, 9)
    filters = b"/FlateDecode " * times
    return b"<< /Length %d /Filter [%b] >>\nstream\n%b\nendstream" % (len(content), filters, content)


def long() -> bytes:
    """65 MB to be read a letter at a time, which takes a minute."""
    return page_of(deflated(b"BT (x) Tj ET\n" * 5_000_000))


REFUSED: dict[str, tuple[Callable[[], bytes], int]] = {
    "a zip": (zip_bomb, 415),
    "a PNG that claims 3,600 megapixels": (lambda: claiming(60_000, 60_000), 413),
    "a PNG that claims 4 gigapixels in a line": (lambda: claiming(2**31 - 1, 2), 413),
    "a PNG that has less than it claims": (lambda: claiming(7_000, 7_000), 415),
    "a GIF that claims 4 gigapixels": (lambda: image("GIF")[:6] + b"\xff\xff\xff\xff" + image("GIF")[10:], 413),
    "a PNG whose profile becomes 200 MB": (profile_bomb, 415),
    "a PDF of 10,000 pages": (lambda: pdf(["x"] * 10_000), 413),
    "a PDF of 10,000 pages that claims one": (lambda: pdf(["x"] * 10_000, count=1), 413),
    "a PDF whose pages are its own parents": (
        lambda: of_objects([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"]),
        415,
    ),
    "a PDF whose pages lead in a circle": (
        lambda: of_objects(
            [
                b"<< /Type /Catalog /Pages 2 0 R >>",
                b"<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>",
                b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>",
            ]
        ),
        415,
    ),
    "a PDF with pages below pages below pages": (
        lambda: of_objects(
            [
                b"<< /Type /Catalog /Pages 2 0 R >>",
                *(b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (number + 3) for number in range(5_000)),
                b"<< /Type /Page >>",
            ]
        ),
        415,
    ),
    "a PDF of brackets": (lambda: page_of(b"[" * 1_000_000), 415),
    "a PDF of dictionaries": (lambda: page_of(b"<< /A " * 200_000), 415),
    "a PDF whose object is itself": (lambda: page_of(b"4 0 R"), 415),
    "a PDF whose form draws itself": (
        lambda: page_of(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 4 0 R >> >> /Length 5 >>\n"
            b"stream\n/X Do\nendstream",
            b"/XObject << /X 4 0 R >>",
        ),
        415,
    ),
    "a PDF that becomes a gigabyte": (lambda: page_of(deflated(b"\0" * 1_000_000_000)), 415),
    "a PDF packed three times": (lambda: page_of(deflated(b" " * 300_000_000, times=3)), 415),
}
"""What makes each, which takes time and memory, and with which status it is refused."""


@pytest.mark.parametrize("name", REFUSED)
def test_a_bomb_is_refused_and_the_site_does_not_grow(alice: Client, site: Site, name: str) -> None:
    make, status = REFUSED[name]
    content = make()
    with grows_less_than(site, MEGABYTES):
        answer = alice.upload(content)
    assert (answer.status, answer.code) == (status, {413: "too_long", 415: "unsupported"}[status])
    assert Attachment.objects.count() == 0
    assert alice.get("/").status == 200


@pytest.mark.parametrize(
    "content",
    [
        encoded(Image.new("1", (7_000, 7_000)), "PNG"),
        b"[" * 100_000,
        b"\n" * 200_000,
        b"a" * 200_000,
        "\U0001f600".encode() * 200_000,
    ],
    ids=["49 megapixels in 6 kB", "JSON", "lines", "one line", "emoji"],
)
def test_what_is_large_but_within_the_limits_is_taken(alice: Client, site: Site, content: bytes) -> None:
    with grows_less_than(site, MEGABYTES):
        answer = alice.upload(content)
    assert answer.status == 201


def test_the_largest_file_costs_the_site_no_more(alice: Client, site: Site) -> None:
    with grows_less_than(site, MEGABYTES):
        answer = alice.upload(pdf(["x"]) + os.urandom(19_000_000))
    assert answer.status == 201
    with grows_less_than(site, MEGABYTES):
        assert len(alice.get(answer.json["url"]).body) > 19_000_000


def test_a_file_that_is_larger_than_allowed_is_never_kept_whole(alice: Client, site: Site) -> None:
    with grows_less_than(site, 40):
        answer = alice.upload(b"x" * 21_000_000)
    assert (answer.status, answer.code) == (413, "too_long")


# Processes that die


def test_a_process_that_is_killed_costs_that_file_alone(
    alice: Client, bob: Client, site: Site, upstream: ScriptedUpstream, question: str
) -> None:
    answers: list[Answer] = []
    content, pk = long(), str(uuid.uuid4())
    thread = threading.Thread(target=lambda: answers.append(alice.upload(content, pk=pk)))
    thread.start()
    eventually(lambda: children(site), "a process for the file")
    assert bob.upload(b"Meanwhile").status == 201
    assert bob.ask_whole(question).text
    for pid in children(site):
        os.kill(pid, signal.SIGKILL)
    thread.join()
    (answer,) = answers
    assert (answer.status, answer.code) == (415, "unsupported")
    assert answer.json["error"]["message"] == TOO_HARD
    assert alice.upload(b"Another", pk=pk).status == 201
