"""Files for a question: taken, found to be what they are, shown to their owner alone."""

import os
import re
import socket
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest

from chat.models import Attachment, AttachmentContent
from tests.conftest import RunSite
from tests.support.attachments import stored_attachment
from tests.support.client import Client, multipart
from tests.support.faults import children
from tests.support.files import decoded, image, pdf, photo
from tests.support.site import Site
from tests.support.upstream import ScriptedUpstream
from tests.support.waiting import eventually

# Taken


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (image("PNG"), {"kind": "image", "media_type": "image/png", "width": 40, "height": 30, "characters": 0}),
        (image("JPEG"), {"kind": "image", "media_type": "image/jpeg", "pages": None}),
        (image("GIF"), {"kind": "image", "media_type": "image/png"}),
        (b"a\r\nb", {"kind": "text", "media_type": "text/plain", "size": 3, "characters": 3, "thumbnail": None}),
        (pdf(["One", "Two"]), {"kind": "pdf", "media_type": "application/pdf", "pages": 2, "characters": 8}),
    ],
    ids=["png", "jpeg", "gif", "text", "pdf"],
)
def test_a_file_is_kept_as_what_it_is(alice: Client, content: bytes, expected: dict[str, object]) -> None:
    pk = str(uuid.uuid4())
    answer = alice.upload(content, "a.name", pk)
    assert answer.status == 201
    assert answer.json | expected == answer.json
    assert (answer.json["id"], answer.json["name"]) == (pk, "a.name")
    assert answer.json["url"] == f"/attachments/{pk}/"
    small = f"/attachments/{pk}/thumbnail/" if expected["kind"] == "image" else None
    assert answer.json["thumbnail"] == small


def test_uploaded_again_it_is_there_already(alice: Client) -> None:
    pk = str(uuid.uuid4())
    first = alice.upload(b"One", "one.txt", pk)
    again = alice.upload(b"Another", "another.txt", pk)
    assert (first.status, again.status) == (201, 200)
    assert again.json == first.json
    assert alice.get(first.json["url"]).body == b"One"


def test_uploaded_twice_at_once_it_is_kept_once(alice: Client) -> None:
    pk = str(uuid.uuid4())
    with ThreadPoolExecutor() as threads:
        answers = list(threads.map(lambda content: alice.upload(content, "a.txt", pk), [b"One"] * 4))
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 201]
    assert len({answer.body for answer in answers}) == 1
    assert Attachment.objects.count() == 1


def send_and_leave(
    client: Client, upload: tuple[bytes, str], part: float = 1, until: Callable[[], object] = bool
) -> None:
    """A part of an upload, whose sender is gone as soon as `until` has returned."""
    body, content_type = upload
    with socket.create_connection((client.host, client.port)) as connection:
        lines = ["POST /attachments/ HTTP/1.1", f"Host: {client.host}", f"Content-Type: {content_type}"]
        lines += [f"Content-Length: {len(body)}", f"X-CSRFToken: {client.cookies['csrftoken']}"]
        lines += ["Cookie: " + "; ".join(f"{name}={value}" for name, value in client.cookies.items()), "", ""]
        connection.sendall("\r\n".join(lines).encode() + body[: int(part * len(body))])
        until()


def inspects(site: Site) -> Callable[[], object]:
    return lambda: eventually(lambda: children(site), "a process for the file")


def test_who_leaves_in_the_middle_leaves_no_trace_of_an_error(alice: Client, site: Site) -> None:
    before = len(site.log)
    whole = multipart({"id": (pk := str(uuid.uuid4()))}, pdf(["One"] * 300), "a.pdf")
    send_and_leave(alice, whole, part=0.5)
    send_and_leave(alice, whole, until=inspects(site))
    # What had begun is done all the same.
    eventually(lambda: Attachment.objects.filter(pk=pk).exists(), "the file that was sent whole")
    assert "Traceback" not in site.log[before:]


def test_who_leaves_leaves_no_file_in_the_folder_of_uploads(
    run_site: RunSite, client_for: Callable[..., Client], tmp_path: Path
) -> None:
    site = run_site(own=True, TMPDIR=str(tmp_path))
    alice, nobody = client_for(site), Client(site.url)
    large = photo() + bytes(3_000_000)  # a smaller one is kept in memory
    for client in (nobody, alice) * 3:
        send_and_leave(client, multipart({"id": str(uuid.uuid4())}, large, "a.jpg"))
    last = str(uuid.uuid4())
    send_and_leave(alice, multipart({"id": last}, large, "a.jpg"), until=inspects(site))
    eventually(lambda: Attachment.objects.filter(pk=last).exists(), "the last one")
    eventually(lambda: not list(tmp_path.glob("*.upload*")), "an empty folder")


@pytest.mark.parametrize("path", ["", "thumbnail/"])
def test_what_is_deleted_while_it_is_asked_for_is_not_found(alice: Client, path: str) -> None:
    pk = alice.attach(image())
    AttachmentContent.objects.filter(pk=pk).delete()
    assert alice.get(f"/attachments/{pk}/{path}").status == 404


@pytest.mark.parametrize(
    "body",
    [
        multipart({}, b"x", "x"),
        multipart({"id": "7"}, b"x", "x"),
        multipart({"id": str(uuid.uuid4())}, b"x", ""),
        (b"--b\r\n", "multipart/form-data; boundary=b"),
        (b"", "multipart/form-data"),
        (b"{}", "application/json"),
        (b"id=1", "application/x-www-form-urlencoded"),
    ],
)
def test_without_a_file_or_an_id_it_is_bad_input(alice: Client, body: tuple[bytes, str]) -> None:
    answer = alice.request("POST", "/attachments/", *body)
    assert (answer.status, answer.code) == (400, "bad_input")
    assert Attachment.objects.count() == 0


def test_where_it_is_turned_off_nothing_is_taken_and_what_is_there_stays(
    run_site: RunSite, client_for: Callable[..., Client], alice: Client
) -> None:
    pk = alice.attach(b"Before")
    alice.port = run_site(CHAT_ATTACHMENTS="off").port
    answer = alice.upload(b"After")
    assert (answer.status, answer.code) == (403, "forbidden")
    assert alice.get(f"/attachments/{pk}/").body == b"Before"


# Shown


def test_an_image_is_shown_and_says_that_nothing_in_it_may_run(alice: Client) -> None:
    answer = alice.get(f"/attachments/{alice.attach(photo(), 'Grüße.jpeg')}/")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"] == "inline; filename*=utf-8''Gr%C3%BC%C3%9Fe.jpeg"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert decoded(answer.body).size == (40, 30)


def test_who_takes_large_files_slowly_costs_a_piece_of_each(alice: Client, site: Site) -> None:
    assert alice.user
    data = os.urandom(10_000_000)
    path = stored_attachment(alice.user.pk, "noise.bin", data, text="").get_absolute_url()
    assert alice.get(path).body == data
    before = resident(site.pid)
    head = f"GET {path} HTTP/1.1\r\nHost: {alice.host}\r\nCookie: sessionid={alice.cookies['sessionid']}\r\n\r\n"
    with ExitStack() as readers:
        for _ in range(20):
            reader = readers.enter_context(socket.create_connection((alice.host, alice.port)))
            reader.sendall(head.encode())
            assert reader.recv(12) == b"HTTP/1.1 200"
        assert alice.get(path).body == data
        assert resident(site.pid) - before < len(data) * 10, "half of what they have asked for"


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_thumbnail_is_small(alice: Client) -> None:
    pk = alice.attach(image("JPEG", (3000, 1000)))
    small = alice.get(f"/attachments/{pk}/thumbnail/")
    assert small.headers["Content-Type"] == "image/jpeg"
    assert decoded(small.body).size == (320, 107)
    assert decoded(alice.get(f"/attachments/{pk}/").body).size == (2048, 683)


@pytest.mark.parametrize(
    ("content", "name", "content_type"),
    [(b"<script>x</script>", "x.html", "text/plain; charset=utf-8"), (pdf(["One"]), "x.pdf", "application/pdf")],
)
def test_all_else_is_a_file_to_be_saved(alice: Client, content: bytes, name: str, content_type: str) -> None:
    pk = alice.attach(content, name)
    answer = alice.get(f"/attachments/{pk}/", Accept="text/html")
    assert answer.body == content
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert (answer.headers["X-Content-Type-Options"], alice.get(f"/attachments/{pk}/thumbnail/").status) == (
        "nosniff",
        404,
    )


def test_a_name_ends_as_what_an_image_has_become(alice: Client) -> None:
    for name, saved in (("a.webp", "a.png"), ("a.b.gif", "a.b.png"), (".gif", ".gif.png"), ("a.PNG", "a.PNG")):
        answer = alice.get(f"/attachments/{alice.attach(image('WEBP', lossless=True), name)}/")
        assert answer.headers["Content-Disposition"] == f'inline; filename="{saved}"'


@pytest.mark.parametrize("part", ["", "thumbnail/"])
def test_a_browser_asks_again_before_it_shows_what_it_has(alice: Client, nobody: Client, part: str) -> None:
    path = f"/attachments/{alice.attach(image())}/{part}"
    answer = alice.get(path)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    known = {"If_None_Match": answer.headers["ETag"]}
    again = alice.get(path, **known)
    assert (again.status, again.body) == (304, b"")
    assert nobody.get(path, **known).status in (302, 401)


def test_only_its_head_can_be_asked_for(alice: Client) -> None:
    path = f"/attachments/{alice.attach(image())}/"
    answer = alice.request("HEAD", path)
    assert (answer.status, answer.body) == (200, b"")
    whole = alice.get(path)
    assert int(answer.headers["Content-Length"]) == len(whole.body)
    for name in ("Content-Type", "Content-Disposition", "ETag", "Cache-Control"):
        assert answer.headers[name] == whole.headers[name]


# Let go


def test_what_is_not_sent_can_be_deleted(alice: Client) -> None:
    pk = alice.attach(b"Secret")
    assert alice.post(f"/attachments/{pk}/deletion/").json == {"id": pk, "deleted": True}
    assert alice.get(f"/attachments/{pk}/").status == 404
    assert alice.post(f"/attachments/{pk}/deletion/").code == "not_found"


# Limits


def test_a_file_over_the_limit_is_refused_in_words(run_site: RunSite, client_for: Callable[..., Client]) -> None:
    alice = client_for(run_site(CHAT_ATTACHMENT_BYTES="1000000"))
    assert alice.upload(b"x" * 200_000).status == 201
    for size in (1_000_001, 2_000_000):
        answer = alice.upload(b"x" * size)
        assert (answer.status, answer.code) == (413, "too_long")
    assert "1,000,000" in alice.upload(b"x" * 1_000_001).json["error"]["message"]
    # Also where nobody says beforehand how much there is.
    body, content_type = multipart({"id": str(uuid.uuid4())}, b"x" * 2_000_000, "notes.txt")
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    declared = alice.request("POST", "/attachments/", body, content_type, {})
    answer = alice.request("POST", "/attachments/", chunked, content_type, {"Transfer-Encoding": "chunked"})
    assert (answer.status, answer.json) == (413, declared.json)


def test_a_plain_form_attaches_one_after_the_other(alice: Client, upstream: ScriptedUpstream, question: str) -> None:
    path = "/"
    for name in ("first.txt", "second.txt"):
        page = alice.get(path, Accept="text/html").text
        (form,) = re.findall(r'<form class="plain-upload".*?</form>', page, re.DOTALL)
        (action,), (pk,) = re.findall(r'action="([^"]+)"', form), re.findall(r'name="id" value="([^"]+)"', form)
        body, content_type = multipart({"id": pk, "csrfmiddlewaretoken": "c" * 32}, name.encode(), name)
        answer = alice.request("POST", unescape(action), body, content_type, {"Accept": "text/html"})
        assert answer.status == 302
        path = answer.headers["Location"]
    page = alice.get(path, Accept="text/html").text
    ids = re.findall(r'name="attachments" value="([^"]+)"', page)
    assert [Attachment.objects.get(pk=pk).name for pk in ids] == ["first.txt", "second.txt"]
    (conversation,) = set(re.findall(r"/c/([0-9a-f-]{36})/messages/", page))
    alice.ask_whole(question, conversation, attachments=ids)
    assert "first.txt" in str(upstream.wait_asked(question).json["messages"])


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "evil", ""])
def test_a_plain_form_leads_nowhere_else(alice: Client, back: str) -> None:
    body, content_type = multipart({"id": str(uuid.uuid4())}, b"x", "x.txt")
    answer = alice.request("POST", f"/attachments/?{urlencode({'back': back})}", body, content_type, {})
    assert answer.headers["Location"].startswith("/?attached=")
    refused = alice.request("POST", "/attachments/?back=/", *multipart({}, b"", ""), {"Accept": "text/html"})
    assert refused.headers["Content-Type"].startswith("text/html")


def test_a_quote_in_its_name_is_one(alice: Client) -> None:
    """As a browser writes it in a form."""
    pk = alice.upload(b"x", "The %22big%22 one.txt").json["id"]
    assert Attachment.objects.get(pk=pk).name == 'The "big" one.txt'


def test_its_path_may_be_percent_encoded(alice: Client) -> None:
    """With the limit of files, which is larger than that of all else."""
    body, content_type = multipart({"id": str(uuid.uuid4())}, bytes(3_000_000), "zeros")
    assert alice.request("POST", "/%61ttachments/", body, content_type, {}).code == "unsupported"


def test_somebody_has_so_many_bytes_and_no_more(run_site: RunSite, client_for: Callable[..., Client]) -> None:
    site = run_site(CHAT_STORAGE_PER_USER="1000")
    alice, bob = client_for(site), client_for(site)
    alice.attach(b"x" * 600)
    answer = alice.upload(b"x" * 401)
    assert (answer.status, answer.code) == (413, "too_long")
    alice.attach(b"x" * 400)
    assert alice.upload(b"x").status == 413
    bob.attach(b"x" * 1000)


def test_only_so_many_wait_to_be_sent(alice: Client) -> None:
    assert alice.user
    Attachment.objects.bulk_create(
        Attachment(owner=alice.user, kind="text", name="x", media_type="text/plain", size=1) for _ in range(50)
    )
    answer = alice.upload(b"x")
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (429, "too_many", "60")


@pytest.mark.parametrize(
    ("setting", "content", "words"),
    [
        ("CHAT_ATTACHMENT_PIXELS", image(size=(100, 101)), "10,100 pixels; 10,000 are allowed"),
        ("CHAT_ATTACHMENT_CHARS", b"x" * 10_001, "10,000 characters are allowed"),
        ("CHAT_ATTACHMENT_PAGES", pdf(["x"], count=10_001), "10,001 pages; 10,000 are allowed"),
    ],
)
def test_each_limit_says_which(
    run_site: RunSite, client_for: Callable[..., Client], setting: str, content: bytes, words: str
) -> None:
    limits = dict.fromkeys(("CHAT_ATTACHMENT_PIXELS", "CHAT_ATTACHMENT_CHARS", "CHAT_ATTACHMENT_PAGES"), "10000")
    answer = client_for(run_site(**limits)).upload(content)
    assert (answer.status, answer.code) == (413, "too_long")
    assert words in answer.json["error"]["message"]
    assert re.search(r"\.$", answer.json["error"]["message"])
