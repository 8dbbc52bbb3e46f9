"""The tables of benchmarks/processes.py, in Markdown."""

from collections.abc import Callable
from typing import Any

import plan
import table
import workday
from several import OTHERS, as_words

Figures = dict[str, Any]


def streams(rows: list[Figures]) -> list[str]:
    head = ["processes", "streams", "token late, p50 / p99, ms", "first token", "a token, µs", "MB", "of a core"]
    return table.markdown(head, [_streams(row) for row in rows if row["streams"]])


def _streams(row: Figures) -> list[str]:
    times = workday.ranks(row["added"]), workday.ranks(row["first"])
    size = f"{row['a token']:.0f}", f"{row['memory'] / 1e6:.0f}"
    return [str(row["processes"]), str(row["streams"]), *times, *size, as_words(row["shares"])]


def followers(found: Figures) -> list[str]:
    late, stops, costs = found["late"], found["stops"], found["costs"]
    home, away = costs["at home"], costs["elsewhere"]
    whole = "none" if not late["missing"] + home["not whole"] + away["not whole"] else "some"
    lines = [
        [
            f"{late['answers']} answers: a token is late at home, p50 and p99",
            _late(late["at home"]),
            "",
        ],
        ["the same at the other process", _late(late["elsewhere"]), ""],
        ["so much later than at home", _late(late["later"]), "60 and 200 ms"],
        [
            f"stopped from the other process: until its stream ends, median and most of {stops['stops']}",
            f"{stops['median']:.3f} and {stops['most']:.3f} s",
            "1 s",
        ],
        [f"{home['answers']} answers: CPU of a token that is followed at home", f"{home['a token']:.0f} µs", ""],
        ["the same, followed at the other process: of both, and of Redis", _token(away), ""],
        ["elsewhere to at home", f"{away['a token'] / home['a token']:.2f} times", "1.5 times"],
        ["messages a second over Redis", f"{away['messages a second']:.0f}", ""],
        ["streams with a token too few", whole, "none"],
    ]
    return table.markdown(["what", "found", "target"], lines)


def _late(ranks: dict[str, float]) -> str:
    return f"{ranks['p50']:.1f} and {ranks['p99']:.1f} ms"


def _token(cost: Figures) -> str:
    parts = ", ".join(f"{name} {part:.1f}" for name, part in cost["parts"].items())
    return f"{cost['a token']:.0f} µs ({parts})"


def idle(found: dict[str, Figures]) -> list[str]:
    head = ["", "pages", "CPU of a core", "of it", "kB each", "messages a second"]
    return table.markdown(head, [_idle(name, row) for name, row in found.items()])


def _idle(name: str, row: Figures) -> list[str]:
    parts = {who: share for who, share in row["shares"].items() if who not in ("the tools", OTHERS)}
    shares = ", ".join(f"{who} {share:.2%}" for who, share in parts.items())
    sizes = f"{row['kB each']:.0f}", f"{row['messages a second']:.0f}"
    return [name, f"{row['pages']:,}", f"{sum(parts.values()):.2%}", shares, *sizes]


def day(steps: list[Figures]) -> list[str]:
    head = ["people", "page, p50 / p99, ms", "first token", "list", "search", "token late", "failed", "of a core"]
    lines = [[*_day(step), as_words(step["shares"])] for step in steps]
    return [*table.markdown(head, lines), "", workday.verdict(steps, "Two processes carry")]


def _day(step: Figures) -> list[str]:
    people, _share, *times_and_failed, _hourly, _daily = workday.cells(step)
    return [people, *times_and_failed]


def restart(found: Figures) -> list[str]:
    names = {
        "answers": "answers that were being written",
        "questions": "short questions in between",
        "pages": "pages opened in between",
    }
    lines = [[words, str(found.get(key, 0)), str(found.get(f"{key} that failed", 0))] for key, words in names.items()]
    seconds = " and ".join(f"{each:.0f}" for each in found["seconds until it has ended"])
    return [*table.markdown(["", "all", "cut or failed"], lines), "", f"The two had ended after {seconds} s."]


ANSWER = {
    "site": ("CPU of the site, ms", 2),
    "database": ("CPU of PostgreSQL, ms", 2),
    "redis": ("CPU of Redis, ms", 3),
    "transactions": ("transactions", 2),
    "rows": ("rows written", 2),
    "changed": ("of them changed", 2),
    "log": ("bytes of PostgreSQL's log", 0),
}


def units(found: Figures) -> list[str]:
    question, second = found["answers"]["a question"], found["answers"]["a second"]
    lines = [
        [words, f"{question[name]:,.{digits}f}", f"{second[name]:,.{digits}f}"]
        for name, (words, digits) in ANSWER.items()
        if name in second
    ]
    said = [*table.markdown(["of each answer", "its question and its ending", "a second of it"], lines), ""]
    said += [_messages(dict(found["messages"]), found["hints"])]
    return [*said, "", *table.markdown(*plan.lines_of(plan.costs_of(found)))] if "log" in second else said


def _messages(redis: dict[str, float], hints: dict[str, float]) -> str:
    delivered = redis.pop("delivered")
    sizes = ", ".join(f"{cost:.1f} µs of {int(size):,} bytes" for size, cost in redis.items())
    return (
        f"A message takes of Redis {sizes}; of one to many processes {delivered:.1f} µs for each of these. "
        f"To hear one takes {hints['message']:.0f} µs of a process, and {hints['hint']:.1f} for each hint in it."
    )


SAID: dict[str, Callable[[Any], list[str]]] = {
    "streams": streams,
    "followers": followers,
    "idle": idle,
    "day": day,
    "restart": restart,
    "units": units,
}
