"""What opening a conversation costs, however long it is.

    python benchmarks/page.py [messages …]        (default: 10 100 1000)

Makes conversations of about 1 KB a message in mixed Markdown, serves them as production does (daphne, SQLite, hashed
static files, DEBUG off, HTTP without a proxy) and prints for each: the server's time and the number of database
queries, the bytes of the page and of all that the first load needs, as they go over the wire, and what Chromium
does until the page has settled. Needs Chromium and, for Markdown, node_modules (`npm ci`).
"""

import http.client
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
RUNS = 15
LOADS = 7
START_SECONDS = 30
SETTLED_MS = 1_500
"""After the page has loaded and the network is silent: whatever it still had to do is done then."""

QUESTION = "How do I do number {number} of these? My program says `KeyError: {number}`, and I do not see why.\n"
ANSWER = """## Answer {number}

You look the key up **before** it is there. Two ways out:

1. Ask for it with `get`, which gives `None` where there is nothing.
2. Make a `defaultdict`, as in [the manual](https://docs.python.org/3/library/collections.html):
   - it calls what you give it,
   - and keeps the result.

```python
from collections import defaultdict

def count(words: list[str]) -> dict[str, int]:
    totals: defaultdict[str, int] = defaultdict(int)
    for word in words:
        totals[word] += {number}  # one more
    return dict(totals)
```

| way | when there is no key | cost |
|---|---|---:|
| `d[key]` | raises `KeyError` | 30 ns |
| `d.get(key)` | gives `None` | 45 ns |
| `defaultdict` | makes one | 60 ns |

> Errors should never pass silently.

"""
PROSE = "It is a matter of taste which one to choose, and *clearness* counts more than a few nanoseconds do. "
SIZE = 1_900
"""Characters of an answer; with its question that is 2 KB for two messages."""


def environment(folder: str) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return inherited | {
        "DJANGO_SETTINGS_MODULE": "tests.support.settings",
        "CHATSITE_TEST_FOLDER": folder,
        "DEBUG": "off",
        "SECRET_KEY": "benchmark-" * 6,
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECURE_SSL_REDIRECT": "off",
        "SESSION_COOKIE_SECURE": "off",
        "CSRF_COOKIE_SECURE": "off",
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "OPENAI_API_KEY": "none",
    }


def set_up(folder: str) -> None:
    """This process is the site too: it makes the rows and counts the queries."""
    os.environ.update(environment(folder))
    sys.path.insert(0, str(ROOT))
    import django
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    # Queries are counted on connections as they are opened.
    connections["default"].settings_dict["CONN_MAX_AGE"] = 0
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


def make_conversation(owner_id: int, count: int) -> str:
    """`count` messages of about a kilobyte, all in one branch. Returns the page's path."""
    from tests.support.conversations import stored_conversation

    conversation, _ = stored_conversation(owner_id, [text_of(number) for number in range(count)])
    return conversation.get_absolute_url()


def text_of(number: int) -> str:
    if number % 2 == 0:
        return QUESTION.replace("{number}", str(number))
    answer = ANSWER.replace("{number}", str(number))
    return (answer + PROSE * (SIZE // len(PROSE)))[:SIZE]


def make_session() -> str:
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.create_user("bench"))
    return client.cookies["sessionid"].value


def count_queries(path: str, session: str) -> int:
    """Of one request, whichever threads ask them."""
    from django.test import Client

    from tests.support.queries import counted_queries

    client = Client(SERVER_NAME="127.0.0.1")
    client.cookies["sessionid"] = session
    with counted_queries() as queries:
        assert client.get(path).status_code == 200
    return len(queries)


class Site:
    """A process that serves what this one has made."""

    def __init__(self, folder: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = int(listener.getsockname()[1])
            self._process = subprocess.Popen(
                [sys.executable, "-m", "daphne", "-v0", "--fd", str(listener.fileno()), "chatsite.asgi:application"],
                cwd=ROOT,
                env=environment(folder),
                pass_fds=[listener.fileno()],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, session: str) -> tuple[float, int]:
        """Milliseconds until the whole page is here, and its bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        begin = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": f"sessionid={session}", "Accept-Encoding": "gzip"})
        response = connection.getresponse()
        body = response.read()
        took = time.perf_counter() - begin
        assert response.status == 200, (response.status, body[:500])
        connection.close()
        return took * 1000, len(body)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


COMPOSER_READY = """() => new Promise((resolve) => {
    const ready = () => document.querySelector("#composer textarea")?.getBoundingClientRect().height;
    const look = () => ready() ? resolve(performance.now()) : requestAnimationFrame(look);
    look();
})"""
METRICS = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration", "TaskDuration")


def load(context: BrowserContext, url: str) -> dict[str, float]:
    """One load with an empty cache."""
    page: Page = context.new_page()
    session = context.new_cdp_session(page)
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send("Performance.enable")
    page.goto(url, wait_until="commit")
    composer = page.evaluate(COMPOSER_READY)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLED_MS)
    metrics = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    found = {name: metrics[name] * 1000 for name in METRICS} | {"composer": composer, "bytes": sum(sizes)}
    page.close()
    return found


def measure(site: Site, browser: Browser, session: str, path: str, count: int, queries: int) -> None:
    answers = [site.get(path, session) for _ in range(RUNS)]
    server = statistics.median(took for took, _ in answers)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "sessionid", "value": session, "url": site.url}])
    loads = [load(context, site.url + path) for _ in range(LOADS)]
    context.close()
    median = {name: statistics.median(found[name] for found in loads) for name in loads[0]}
    least = min(found["ScriptDuration"] for found in loads)
    print(
        f"{count:>8,} {server:>8.0f} ms {queries:>8} {answers[0][1] / 1000:>8.0f} KB "
        f"{median['bytes'] / 1000:>8.0f} KB {median['composer']:>8.0f} ms {median['ScriptDuration']:>8.0f} ms "
        f"({least:.0f}) {median['LayoutDuration'] + median['RecalcStyleDuration']:>8.0f} ms "
        f"{median['TaskDuration']:>8.0f} ms",
        flush=True,
    )


def main(counts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        set_up(folder)
        session = make_session()
        from django.contrib.auth import get_user_model

        owner_id = get_user_model().objects.get().pk
        paths = [make_conversation(owner_id, count) for count in counts]
        queries = [count_queries(path, session) for path in paths]
        site = Site(folder)
        try:
            site.get("/", session)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
                print(f"Medians of {RUNS} requests and of {LOADS} loads with an empty cache (the least in brackets)")
                print(
                    "messages      server  queries        page  first load    composer   scripts          layout   all"
                )
                for count, path, number in zip(counts, paths, queries, strict=True):
                    measure(site, browser, session, path, count, number)
                browser.close()
        finally:
            site.close()


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [10, 100, 1000])
