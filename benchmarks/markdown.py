"""What a piece of an answer costs the page at the end of a long answer, against its beginning.

    python benchmarks/markdown.py [kind]...

Streams answers of 100 KB, each of one kind of block, into the page's renderer in Chromium, and prints the time of
scripts and layout of the first and of the last 100 pieces, and of the end. The ratio is the median of all runs, each
within itself, because the machine may be busy. Name kinds to measure only these. Needs node_modules (`npm ci`) and
Chromium; no site.
"""

import json
import shutil
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, Route, sync_playwright

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
ROOT = Path(__file__).resolve().parent.parent
SIZE = 100_000
PIECE = 20
PIECES = 100
RUNS = 3
LIMIT = 1.5

KINDS = {
    "everything": "## A heading\n\nA paragraph with **bold** and a [link](https://example.org/a).\n\n"
    "- an item\n- another `one`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    "```python\nx = 1  # one\n```\n\n> A quotation with $x^2$.\n\n",
    "prose": "A paragraph with **bold**, *italic*, `code` and a [link](https://example.org/a), of a usual length.\n\n",
    "prose in lines": "A line of a very long paragraph, with **bold** and `code`,\n" * 20 + "\n",
    "headings": "## A heading\n\nSome words below it.\n\n",
    "list": "- an item with **bold** and `code` in it\n",
    "list of paragraphs": "1. an item with **bold**\n\n   and a paragraph\n\n",
    "nested list": "- an item\n  - below it **one**\n  - below it two\n",
    "table": "| a cell | **bold** | `code` | 1.0 |\n",
    "code": "    for name, value in items.items():  # a comment\n",
    "short code": "```python\ndef f(x: int) -> int:\n    return x ** 2  # a comment\n```\n\nSome words.\n\n",
    "maths": "Let $x_1 + y^2$ be \\(z\\).\n\n$$\n\\int_0^1 x^2 \\, dx = \\frac{1}{3}\n$$\n\n",
    "quotes": "> A quotation\n> of two **lines**.\n\n",
    "one list item": "  - below the only item **one**\n",
    "numbered list": "1. an item with **bold**\n",
    "wide table": "| a cell with a sentence in it that is as long as a line | `code` |\n",
    "one quotation": "> A line of **one** quotation\n",
    "one paragraph": "A line of **one** paragraph with `code` in it,\n",
    "one line": "A sentence of **one** line with `code` in it. ",
    "one word": "ungebrochenes",
    "references": "A [reference][last] and another [one] of many.\n\n",
}
BEFORE = {
    "table": "| a | b | c | d |\n|---|---|---|---|\n",
    "wide table": "| a | b |\n|---|---|\n",
    "code": "```python\n",
    "one list item": "- the only item\n",
}
AFTER = {"references": "\n[last]: https://example.org/last\n"}

MODULES = {
    "marked": "marked/lib/marked.esm.js",
    "dompurify": "dompurify/dist/purify.es.mjs",
    "remend": "remend/dist/index.js",
    "@highlightjs/cdn-assets/es/highlight.min.js": "@highlightjs/cdn-assets/es/highlight.min.js",
    "katex": "katex/dist/katex.min.js",
    "katex/contrib/mhchem": "katex/dist/contrib/mhchem.min.js",
    "katex/dist/katex.min.css": "katex/dist/katex.min.css",
}
IMPORT_MAP = json.dumps({"imports": {name: f"/node_modules/{file}" for name, file in MODULES.items()}})
PAGE = f"""<!doctype html><link rel="stylesheet" href="/static/chat/css/base/tokens.css">
<link rel="stylesheet" href="/static/chat/css/markdown.css">
<script type="importmap">{IMPORT_MAP}</script>
<main class="chat" style="max-width: 42rem"></main>"""
MEASURE = """async ([text, size, count]) => {
    const { Markdown } = await import("/static/chat/js/markdown/markdown.js");
    window.markdown ??= await Markdown.load();
    const element = document.createElement("div");
    document.querySelector("main").replaceChildren(element);
    const view = window.markdown.view(element);
    const times = [];
    const isMeasured = (at) => at < count * size || at >= text.length - count * size;
    for (let at = 0; at < text.length; at += size) {
        const begin = performance.now();
        view.append(text.slice(at, at + size));
        if (isMeasured(at)) element.getBoundingClientRect();
        times.push(performance.now() - begin);
        if (at % 1000 === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    const begin = performance.now();
    view.finish();
    await view.ready;
    return { times, finish: performance.now() - begin };
}"""


class QuietHandler(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript", ".js": "text/javascript"}

    def log_message(self, *arguments: object) -> None:
        pass


def text_of(kind: str) -> str:
    block = KINDS[kind]
    return BEFORE.get(kind, "") + block * (SIZE // len(block)) + AFTER.get(kind, "")


def measure(page: Page, kind: str) -> None:
    runs: list[tuple[float, float]] = []
    finish = 0.0
    for _ in range(RUNS):
        found = page.evaluate(MEASURE, [text_of(kind), PIECE, PIECES])
        runs.append((sum(found["times"][:PIECES]), sum(found["times"][-PIECES:])))
        finish = found["finish"]
    first, last = (median(run[at] for run in runs) for at in (0, 1))
    ratio = median(last / first for first, last in runs)
    verdict = "" if ratio <= LIMIT else "  over the limit"
    print(f"{kind:20} {first:7.1f} ms {last:7.1f} ms   x{ratio:4.2f}   {finish:6.1f} ms{verdict}", flush=True)


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(ROOT)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"

    def serve(route: Route) -> None:
        route.fulfill(content_type="text/html", body=PAGE)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.route(address, serve)
        page.goto(address)
        print(f"Answers of {SIZE} characters in pieces of {PIECE}; medians of {RUNS}; limit x{LIMIT}")
        print(f"{'':20} first {PIECES}   last {PIECES}               end")
        for kind in sys.argv[1:] or KINDS:
            measure(page, kind)
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
