"""Judging what came: what was sent, and when, against what arrived.

Two clocks are never compared: each event says how long after the beginning of its stream it was sent, we measure how
long after our request it came, and the difference of the two should always be the same.
"""

import http.client
import statistics
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from urllib.parse import urljoin, urlsplit

from django.conf import settings as project
from django.http.request import validate_host
from django.urls import reverse

from chat.conf import settings
from chat.diagnostics.checkstream.address import LAST_EVENT_ID, Address, Arrival, Recording
from chat.diagnostics.checkstream.findings import (
    BODIES,
    BUFFERS,
    CACHES,
    CHANGES_CACHE_CONTROL,
    COMPRESSES,
    CUTS,
    DISTRUSTS_PROXY,
    DROPS_LAST_EVENT_ID,
    HIDES_HOST,
    HIDES_HTTPS,
    OTHER_SECRET,
    REFUSALS,
    SEE_LOGS,
    Finding,
    Unreachable,
    fault,
    note,
    ok,
)
from chat.diagnostics.probe import Plan
from chat.live.heartbeat import KEEP_ALIVE_SECONDS

TICKS = Plan(events=12, interval=0.1)
NEEDED_SILENCE = KEEP_ALIVE_SECONDS + 5.0
"""What must be survived, in seconds: a keep-alive comment may be late."""
ENCODINGS = "gzip, br, zstd"
FORM_BYTES = 2_000
"""Of the form that brings a file."""
MEGABYTE = 1 << 20
"""nginx's."""


class Check:
    """One run through all questions."""

    def __init__(self, address: Address, idle: float) -> None:
        """`idle`: how many seconds of silence to try."""
        self.address = address
        self.idle = idle
        self.token = TICKS.token()

    def run(self) -> Iterator[Finding]:
        """The findings, as they are made."""
        try:
            self.ticks = self.address.record(TICKS, self.token, encodings=ENCODINGS)
            if self.ticks.coding:
                yield fault(f"Something compresses streams ({self.ticks.coding}): events get stuck in it.", COMPRESSES)
                self.ticks = self.address.record(TICKS, self.token)
            yield from self._stream() if self.ticks.events else [self._refusal(self.ticks)]
        except Unreachable as error:
            yield error.finding

    def _stream(self) -> Iterator[Finding]:
        yield ok(f"{self.address} is this site; its first event came after {self.ticks.events[0].at:.3f} s.")
        yield self._timing()
        yield self._last_event_id()
        yield from self._own_address()
        yield self._cache()
        yield self._cache_control()
        yield from self._bodies()
        yield self._version()
        if self.address.insecure:
            yield note("The certificate was not looked at.")
        yield note(f"Listening to {self.idle:g} s of silence …")
        yield self._silence()

    def _timing(self) -> Finding:
        *ticks, last = self.ticks.events
        if last.event != "end":
            after = f"after {len(self.ticks.events)} events and {self.ticks.ended_at:.1f} s"
            return fault(f"A stream broke off {after}.", SEE_LOGS)
        late = [event.delay - self._delay for event in ticks]
        numbers = f"{statistics.median(late):.3f} s at the median, {max(late):.3f} s at most"
        pairs = list(pairwise(ticks))
        if 2 * sum(_came_together(*pair) for pair in pairs) > len(pairs):
            apart = f"events sent {TICKS.interval:g} s apart arrive in lumps"
            return fault(f"Something buffers: {apart}, late by {numbers}.", BUFFERS)
        return ok(f"Nothing buffers: events arrive as they are sent, late by {numbers}.")

    @cached_property
    def _delay(self) -> float:
        """That of the fastest event."""
        return min(event.delay for event in self.ticks.events)

    def _last_event_id(self) -> Finding:
        arrived = self.ticks.start.get("last_event_id")
        if arrived == LAST_EVENT_ID:
            return ok("Last-Event-ID arrives.")
        happened = f"changes Last-Event-ID to {arrived!r}" if arrived else "drops Last-Event-ID"
        return fault(f"Something {happened}: streams cannot go on where they broke.", DROPS_LAST_EVENT_ID)

    def _own_address(self) -> Iterator[Finding]:
        """Django compares the Origin of a POST with the scheme and the host that it sees."""
        scheme = "https" if self.ticks.start.get("is_secure") else "http"
        host = str(self.ticks.start.get("host")).lower()
        if f"{scheme}://{host}" == str(self.address):
            yield ok("The site knows its public address: scheme and host arrive.")
        elif str(self.address) in project.CSRF_TRUSTED_ORIGINS:
            yield note(f"The site takes itself for {scheme}://{host}; CSRF_TRUSTED_ORIGINS makes up for that.")
        else:
            if scheme != self.address.url.scheme:
                yield self._wrong_scheme(scheme)
            if host != self.address.netloc:
                yield fault(f"The site takes itself for {host}: posts fail with 403 (CSRF).", HIDES_HOST)

    def _wrong_scheme(self, scheme: str) -> Finding:
        forwarded = self.ticks.start.get("x_forwarded_proto")
        arrival = f"arrives as {forwarded!r}" if forwarded else "does not arrive"
        words = f"The site takes this for {scheme}, and posts fail with 403 (CSRF): X-Forwarded-Proto {arrival}."
        return fault(words, DISTRUSTS_PROXY if forwarded == "https" else HIDES_HTTPS)

    def _cache(self) -> Finding:
        """The same URL once more: is it the same stream?"""
        again = self.address.record(TICKS, self.token, until="start")
        if not again.events:
            return self._refusal(again)
        if again.start.get("stream") == self.ticks.start.get("stream"):
            return fault("Something caches: the same stream came twice.", CACHES)
        return ok("Nothing caches.")

    def _cache_control(self) -> Finding:
        value: str = self.ticks.headers.get("Cache-Control", "")
        if {"no-store", "no-transform"} <= {word.strip() for word in value.lower().split(",")}:
            return ok("Cache-Control arrives, which forbids to store and to transform.")
        return fault(
            f"Something changes Cache-Control, no-store and no-transform, to {value!r}.", CHANGES_CACHE_CONTROL
        )

    def _bodies(self) -> Iterator[Finding]:
        """Does whatever lies between take what the site takes? Else its refusal is a page of its own."""
        small = [refused for setting, path, size in _largest() if (refused := self._body(setting, path, size))]
        yield from small or [ok("Bodies arrive that are as large as the site takes them: texts, files, imports.")]

    def _body(self, setting: str, path: str, size: int) -> Finding | None:
        takes = self.address.takes_body(path, size)
        if takes is None:
            return note(f"Whether bodies of {size:,} bytes arrive at {path} cannot be seen: nobody answers to Expect.")
        words = f"Something refuses what the site takes at {path}: {size:,} bytes, as {setting} has it."
        advice = f"nginx: `client_max_body_size {-(-size // MEGABYTE)}m` there. {BODIES}"
        return None if takes else fault(words, advice)

    def _version(self) -> Finding:
        six = "browsers open six connections to a host at most, so a seventh open answer waits"
        if not self.address.is_https:
            return note(f"This is plain HTTP: {six}. If there is an https:// address, check that one.")
        if self.address.speaks_http2():
            return ok("Browsers get HTTP/2: a hundred streams and more over one connection.")
        return note(f"Browsers get HTTP/1.1: {six}.", "nginx: `listen 443 ssl http2`.")

    def _silence(self) -> Finding:
        heard = self.address.record(Plan(silence=self.idle))
        comments = f"the site itself is silent for {KEEP_ALIVE_SECONDS:g} s at most"
        if heard.is_whole:
            more = f" But {comments}, so try --idle {NEEDED_SILENCE:g}." if self.idle < NEEDED_SILENCE else ""
            return ok(f"Nothing cuts idle streams: {self.idle:g} s of silence survived.{more}")
        if not heard.is_stream:
            return self._refusal(heard)
        if heard.has_run_out:
            return fault(f"A stream died without a word within {self.idle:g} s of silence.", CUTS)
        after = max(0.0, heard.ended_at - self._delay)
        if after >= NEEDED_SILENCE:
            return note(f"Something cuts idle streams after {after:.1f} s. No harm: {comments}.")
        return fault(f"Something cuts idle streams after {after:.1f} s, and {comments}.", CUTS)

    def _refusal(self, answer: Recording) -> Finding:
        """Why an answer is not the test stream."""
        match answer.status, answer.error_code:
            case 200, _ if answer.coding:
                return fault("It compresses even if asked not to, so nothing more could be measured.", COMPRESSES)
            case 200, _ if answer.is_stream:
                return fault(f"A stream broke off before its first event, after {answer.ended_at:.1f} s.", SEE_LOGS)
            case ((301 | 302 | 303 | 307 | 308), _):
                return self._redirect(answer.headers.get("Location", ""))
            case 400, _ if b"plain HTTP request was sent to HTTPS port" in answer.body:
                return fault(f"{self.address} speaks TLS.", f"give https://{self.address.netloc}")
            case 400, _:
                return self._refused_host()
            case 403, "forbidden":
                return fault("A Chatsite answers, but with another SECRET_KEY or clock.", OTHER_SECRET)
            case 404, "not_found":
                return fault("A Chatsite answers, but has no test stream.", "restart it: it is an older version.")
            case status, code if status in REFUSALS and not code:
                words, advice = REFUSALS[status]
                return fault(f"{self.address} {words} ({status}).", advice)
            case status, code:
                reason = code or http.client.responses.get(status, "")
                return fault(f"{self.address} answers {status} {reason}, not with the test stream.", SEE_LOGS)

    def _redirect(self, location: str) -> Finding:
        asked = f"{self.address}{self.address.path(self.token)}"
        target = urljoin(asked, location)
        if target == asked:
            words = "The site redirects to the address that was asked, for ever: it does not see that this is HTTPS."
            return fault(words, HIDES_HTTPS if project.SECURE_PROXY_SSL_HEADER else DISTRUSTS_PROXY)
        place = urlsplit(target)._replace(query="").geturl()
        return fault(f"This address redirects to {place}; nothing more was checked.", "give the address of the site.")

    def _refused_host(self) -> Finding:
        words = f"The site refuses the host name that it gets for {self.address.host} (400)."
        is_allowed = validate_host(self.address.host, project.ALLOWED_HOSTS)
        return fault(words, HIDES_HOST if is_allowed else f"Django: ALLOWED_HOSTS={self.address.host}")


def _largest() -> list[tuple[str, str, int]]:
    """Which setting says how large a body may be, where, and how large that is. Any size, 0, cannot be tried."""
    sizes = [
        ("CHAT_INPUT_CHARS", reverse("chat:new"), project.DATA_UPLOAD_MAX_MEMORY_SIZE or 0),
        ("CHAT_IMPORT_BYTES", reverse("chat:imports"), _with_form(settings.CHAT_IMPORT_BYTES)),
    ]
    if settings.CHAT_ATTACHMENTS:
        sizes.append(
            ("CHAT_ATTACHMENT_BYTES", reverse("chat:attachments"), _with_form(settings.CHAT_ATTACHMENT_BYTES))
        )
    return [one for one in sizes if one[2]]


def _with_form(size: int) -> int:
    return size and size + FORM_BYTES


def _came_together(one: Arrival, other: Arrival) -> bool:
    """Did two events arrive in one lump that were sent apart?"""
    return other.at - one.at < (other.sent - one.sent) / 4
