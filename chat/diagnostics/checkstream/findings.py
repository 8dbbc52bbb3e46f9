"""What `manage.py checkstream` finds: a line of its report, and what to do against each fault."""

from dataclasses import dataclass

from chat.live.heartbeat import KEEP_ALIVE_SECONDS

BUFFERS = (
    "nginx: `proxy_buffering off`, or let the site ask for it: no `proxy_ignore_headers X-Accel-Buffering`, and with "
    "an nginx behind another one `proxy_pass_header X-Accel-Buffering` in the inner; Apache: `flushpackets=on` at "
    "ProxyPass; CDN: no buffering, scanning or optimising of text/event-stream."
)
COMPRESSES = (
    "nginx: no `text/event-stream` in `gzip_types` or `brotli_types`, and no `proxy_hide_header Content-Encoding`; "
    "Apache: no DEFLATE filter for text/event-stream (`SetEnv no-gzip 1`); CDN: a rule without compression for it; "
    "Django: no GZipMiddleware."
)
CUTS = (
    "nginx: `proxy_read_timeout 60s`; Apache: `ProxyTimeout 60`; load balancer, CDN, firewall: an idle timeout of at "
    f"least {2 * KEEP_ALIVE_SECONDS:g} s."
)
DROPS_LAST_EVENT_ID = (
    "nginx: no `proxy_set_header Last-Event-ID` and no `proxy_pass_request_headers off`; Apache: no `RequestHeader` "
    "for it; CDN: forward this request header."
)
CACHES = (
    "nginx: `proxy_cache off`, or no `proxy_ignore_headers Cache-Control`; Apache: no CacheEnable here; CDN: bypass "
    "the cache for this host."
)
CHANGES_CACHE_CONTROL = (
    "nginx: no `proxy_hide_header Cache-Control`, no `add_header Cache-Control`, no `expires`; Apache: no `Header set "
    "Cache-Control`; CDN: respect the origin's header."
)
BODIES = "Apache: `LimitRequestBody`; CDN: its limit for uploads."
HIDES_HTTPS = (
    "nginx: `proxy_set_header X-Forwarded-Proto $scheme`, and `https` for `$scheme` where another proxy ends the TLS; "
    "Apache: `RequestHeader set X-Forwarded-Proto https`; CDN: TLS to the origin too (Cloudflare: Full, not Flexible)."
)
DISTRUSTS_PROXY = "Django: TRUST_X_FORWARDED_PROTO=on (it is off here), if the proxy always sets X-Forwarded-Proto."
HIDES_HOST = "nginx: `proxy_set_header Host $http_host`; Apache: `ProxyPreserveHost On`; CDN: no host override."
NOT_HERE = "DNS, `server_name` and `proxy_pass` (Apache: ServerName, ProxyPass) so that they lead to this site."
LET_THROUGH = "let all requests through; the site has its own login."
START_SITE = "start the site (`systemctl status chatsite`), on the port that `proxy_pass` names."
SEE_LOGS = "the logs of the proxy and of the site say more."
OTHER_SECRET = "run this command with the settings of the site that answers there, SECRET_KEY above all."  # noqa: S105
CERTIFICATE = (
    "a valid certificate for this name, with its chain (nginx: fullchain.pem); --insecure goes on regardless."
)

REFUSALS = {
    200: ("answers with a page, not with the test stream", NOT_HERE),
    401: ("asks for a login before the site is reached", LET_THROUGH),
    403: ("refuses before the site is reached", LET_THROUGH),
    404: ("is not this site, or only some of its addresses are passed on", NOT_HERE),
    502: ("has a proxy that does not reach the site behind it", START_SITE),
    503: ("has a proxy that does not reach the site behind it", START_SITE),
    504: ("has a proxy that does not reach the site behind it", START_SITE),
}
"""What is wrong with an address where something other than the site answers, by the status of the answer."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    kind: str
    words: str
    advice: str = ""

    @property
    def is_fault(self) -> bool:
        return self.kind == "FAULT"

    def __str__(self) -> str:
        return f"{self.kind:<6}{self.words}" + (f" What to do: {self.advice}" if self.advice else "")


def ok(words: str) -> Finding:
    return Finding("ok", words)


def note(words: str, advice: str = "") -> Finding:
    return Finding("note", words, advice)


def fault(words: str, advice: str) -> Finding:
    return Finding("FAULT", words, advice)


class Unreachable(Exception):
    """There was no answer at all."""

    def __init__(self, words: str, advice: str) -> None:
        super().__init__(words)
        self.finding = fault(words, advice)
