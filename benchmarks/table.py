"""The table of a benchmark: for the terminal, and for docs/performance.md."""

import importlib.metadata
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from local_site import ROOT
from measures import Extent, Figures
from servers import ORIGINAL, SERVERS

Runs = Mapping[str, Sequence[Figures]]
"""By the short name of the server."""

PAGE = ROOT / "docs" / "performance.md"
QUIET = 1.0
"""The load average below which nothing else runs."""


@dataclass(frozen=True)
class Row:
    words: str
    figure: str
    digits: int = 1
    target: float | None = None
    """What the site must reach."""
    ratio: bool = False
    """Is the target for the ratio to the original?"""
    at_least: bool = False

    def is_met(self, value: float) -> bool:
        assert self.target is not None
        return value >= self.target if self.at_least else value <= self.target

    def of(self, figures: Figures) -> str:
        return f"{figures[self.figure]:,.{self.digits}f}" if self.figure in figures else "-"


def rows(figures: Figures) -> Iterator[Row]:
    """One for each figure that was measured, in the order of the page."""
    numbers = sorted(int(name.split()[1]) for name in figures if re.fullmatch(r"token \d+", name))
    yield Row("streams a core", "streams", 0, 3, ratio=True, at_least=True)
    for number in numbers:
        target = {100: 0.6, 500: 0.45}.get(number)
        yield Row(f"CPU a token, {number:,} streams, µs", f"token {number}", 1, target, ratio=True)
    yield Row("CPU a token, as fast as they come, µs", "fast token", 2, 0.5, ratio=True)
    yield Row("CPU a request, ms", "request", 2)
    for length in (2, 40, 200):
        yield Row(f"the same after {length} messages, ms", f"request after {length}", 2)
    for name, words, targets in [
        ("one", "1 stream", (10, None)),
        *((str(number), f"{number:,} streams", (30, 300) if number == 500 else (None, None)) for number in numbers),
    ]:
        for rank, target in zip(("p50", "p99"), targets, strict=True):
            yield Row(f"first token, {words}, {rank}, ms", f"first {rank} {name}", 1, target)
    for number in numbers:
        yield Row(f"added latency, {number:,} streams, p99, ms", f"added p99 {number}", 1)
    yield Row("memory at rest, MB", "memory idle", 0, 130)
    for number in numbers:
        yield Row(f"memory, {number:,} streams, MB", f"memory {number}", 0)
    for number in numbers[-1:]:
        yield Row(f"memory a stream, {number:,} streams, kB", f"memory a stream {number}", 0, 100)
    for what in ("threads", "connections"):
        for number in [10, *numbers[-1:]]:
            target = figures.get(f"{what} 10") if number != 10 else None
            words = "database connections" if what == "connections" else what
            yield Row(f"{words}, {number:,} streams", f"{what} {number}", 0, target)
    yield Row("a token at the end of a long answer, to one at its beginning", "long answer", 2, 1.2)
    yield Row("CPU of 50 tabs on one answer, to one tab's", "tabs", 2, 3)
    yield Row("tokens lost or doubled, endings missing, in all of it", "missing", 0, 0)


def cells(runs: Runs) -> list[list[str]]:
    """The header, then a line for each row."""
    medians = {name: median(figures) for name, figures in runs.items()}
    ratios = median([ratio(*pair) for pair in zip(runs.get("site", []), runs.get("original", []), strict=False)])
    site = medians.get("site", {})
    lines = [["", *(SERVERS[name].name for name in runs), "site to original", "target", ""]]
    for row in rows(site or next(iter(medians.values()))):
        figures = [row.of(measured) for measured in medians.values()]
        if set(figures) == {"-"}:
            continue
        judged = (ratios if row.ratio else site).get(row.figure)
        target = verdict = ""
        if row.target is not None and judged is not None:
            target = f"{'≥' if row.at_least else '≤'} {row.target:g}{' ×' * row.ratio}"
            verdict = "reached" if row.is_met(judged) else "missed"
        lines.append(
            [row.words, *figures, f"{ratios[row.figure]:.2f}" if row.figure in ratios else "", target, verdict]
        )
    return lines


def median(runs: Sequence[Figures]) -> Figures:
    names = dict.fromkeys(name for figures in runs for name in figures)
    return {name: statistics.median(figures[name] for figures in runs if name in figures) for name in names}


def ratio(site: Figures, original: Figures) -> Figures:
    return {name: value / original[name] for name, value in site.items() if original.get(name)}


def text(runs: Runs) -> str:
    """For the terminal."""
    lines = cells(runs)
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def write(runs: Runs, extent: Extent, load: str) -> None:
    """Into docs/performance.md, in the place of the last run's."""
    head, *lines = cells(runs)
    number = max(map(len, runs.values()))
    said = f"{occasion()}; {number} run{'s' * (number > 1)}, {extent.tokens} tokens an answer.{load}"
    replace("streams", [said, "", *markdown(head, lines)])


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(line)} |" for line in [head, ["---", *["--:"] * (len(head) - 1)], *lines]]


def replace(name: str, lines: Iterable[str]) -> None:
    """What the page has between the marks of this name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = PAGE.read_text()
    before, after = page.partition(begin)[0], page.partition(end)[2]
    PAGE.write_text("\n".join([before + begin, *lines, end]) + after)


def occasion() -> str:
    """When, what and where was measured."""
    commit = output("git", "rev-parse", "--short=10", "HEAD")
    changed = " with changes" if output("git", "status", "--porcelain", "--", "chat", "chatsite") else ""
    return f"{datetime.now(UTC):%Y-%m-%d}, commit {commit}{changed}. {machine()}. {versions()}"


def load() -> str:
    """What else the machine had to do; to be asked before anything is measured."""
    busy = os.getloadavg()[0]
    return (
        f" The machine was busy with other things (load {busy:.1f}): only ratios mean something."
        if busy > QUIET
        else ""
    )


def machine() -> str:
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    processor = found[1].strip() if found else platform.machine()
    return f"{processor}, {os.cpu_count()} cores, {memory:.0f} GB, Linux {platform.release().partition('-')[0]}"


def versions() -> str:
    parts = [f"Python {platform.python_version()}"]
    for package in ("Django", "daphne", "uvicorn", "granian", "openai", "aiohttp"):
        try:
            parts.append(f"{package} {importlib.metadata.version(package.lower())}")
        except importlib.metadata.PackageNotFoundError:
            continue
    pinned = json.loads((ORIGINAL / "package.json").read_text())["dependencies"]
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    parts += [f"Node.js {output('node', '--version').lstrip('v')}"] if shutil.which("node") else []
    parts += [f"Next.js {pinned['next']}", f"openai for Node.js {pinned['openai']}"]
    parts += [output(nginx, "-v").replace("nginx version: nginx/", "nginx ")] if nginx else []
    return ", ".join(parts)


def output(*words: str) -> str:
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout.strip() if not done.returncode else ""
