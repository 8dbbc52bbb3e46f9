"""What a model wrote when it was asked for a title -> the title in it. Pure.

Theory. Models are told to answer with the title alone, and many do something else: they think aloud, greet, label it,
quote it, set it in bold, as a heading, as code or as JSON, or offer a list. So the answer is unwrapped from outside to
inside, one line is chosen, and that is stripped of what still stands around it. What then does not look like a title
(a text, a refusal, nothing that is seen) is none: the first words of the question stay, which are no worse.
"""

import json
import re
import unicodedata

from chat.core.reply import TEXT
from chat.core.think_tags import CLOSING, ThinkTags

LONGEST_ANSWER = 1_000
"""Characters. Whoever writes more has not answered with a title, however it is wrapped."""
MOST_WORDS = 10

TITLE_WORDS = (
    " title titel titre título titulo titolo tytuł tytul başlık название заголовок назва "
    "标题 標題 题目 題目 タイトル 件名 제목 عنوان العنوان כותרת शीर्षक "
)
"""What a title is called where it is labelled."""
LABEL_WORDS = (
    " sure certainly absolutely of course okay ok here is s a an the short concise brief clear suitable suggested "
    "possible proposed recommended best final generated new good conversation chat discussion dialogue this that our "
    "your my for summary suggestion name hier ist ein der des gespräch gesprächs voici un une le la du conversación "
)
"""What else stands in such a label: "Sure! Here is a short title for this conversation:"."""
PREAMBLE = re.compile(
    r"(?:sure|certainly|absolutely|of course|okay|ok|got it|great|here you go)\b[^:：]{0,60}[!.:：]?", re.IGNORECASE
)
REFUSAL = re.compile(
    r"(?:i(?:'|’| a)?m (?:sorry|unable|not able)|i (?:can(?:no|'|’)t|cannot|won['’]t)|i apologi[sz]e|sorry,|"
    r"as an ai\b|unfortunately|(?:es )?tut mir leid|leider kann|je suis désolé|désolé|lo siento|mi dispiace|desculpe|"
    r"к сожалению|извините|抱歉|对不起|對不起|申し訳|すみません|죄송)",
    re.IGNORECASE,
)
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n`]*\n(.*?)(?:^ {0,3}\1|\Z)", re.M | re.S)
JSON_TITLE = re.compile(r'"\w{0,20}title"\s*:\s*("(?:[^"\\\n]|\\.)*")', re.I)
TAGGED = re.compile(r"<(\w{0,20}title|h[1-6]|b|strong)>([^<]*)</\1>", re.I)
BOXED = re.compile(r"\\boxed\{(?:\\text\{)?([^{}]*)\}")
TOKEN = re.compile(r"<\|[^|<>\n]{1,40}\|>|</s>|<(?:eos|end_of_turn|start_of_turn)>")
"""Marks of a model's own that its service should have taken out."""
MARKER = re.compile(r"(?:#{1,6}|>|[-*+•–]|\(?\d{1,2}[.)])\s+")
"""Of a heading, a quotation, an item of a list."""
LINK = re.compile(r"\[([^\[\]]+)\]\([^()\s]*\)")
BRACKETS = "“” „“ „” ”” ‘’ ‚‘ «» »« ‹› 「」 『』 【】 《》 [] () （） ⟨⟩ <>"
MARKS = "** __ ~~ == * _ ` \" ' $"
"""What may enclose a title."""
FULL_STOPS = ".。．｡।"


def clean_title(text: str, length: int) -> str:
    """The title in a model's answer; empty if what it wrote is none, or longer than `length` characters."""
    said = _without_thoughts(text)
    if len(said) > LONGEST_ANSWER:
        return ""
    lines = [line for line in map(_bare, _unwrapped(said).splitlines()) if line]
    title = " ".join(_chosen(lines).split())
    if len(title) > length or len(title.split()) > MOST_WORDS or REFUSAL.match(title):
        return ""
    return title if _is_seen(title) else ""


def _without_thoughts(text: str) -> str:
    tags = ThinkTags()
    said = "".join(piece for kind, piece in [*tags.split(text), *tags.rest()] if kind == TEXT)
    for closing in CLOSING.values():  # of thoughts whose opening tag was in the prompt
        said = closing.split(said)[-1]
    return TOKEN.sub(" ", said).strip()


def _unwrapped(text: str) -> str:
    """Out of a fence, JSON, tags, a box."""
    if found := FENCE.search(text):
        text = found[2].strip()
    if (said := _from_json(text)) is not None:
        return said
    for wrapped in (TAGGED, BOXED):
        if found := wrapped.search(text):
            return found[found.lastindex or 0]
    return text


def _from_json(text: str) -> str | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        found = JSON_TITLE.search(text)
        return _string_in(found[1]) if found else None
    if not isinstance(said, list | dict | str):
        return None
    for _depth in range(3):
        if isinstance(said, list) and said:
            said = said[0]
        elif isinstance(said, dict):
            named = [value for name, value in said.items() if _names_title(name)]
            said = next(iter([*named, *said.values()]), "")
    return said if isinstance(said, str) else ""


def _string_in(literal: str) -> str:
    try:
        return str(json.loads(literal))
    except ValueError:
        return literal.strip('"')


def _chosen(lines: list[str]) -> str:
    """The line that is labelled as the title, else the first that is one at all."""
    for place, line in enumerate(lines):
        head, mark, rest = _cut_at_colon(line)
        if mark and _is_label(head):
            return _bare(rest.lstrip("*_ ")) or next(iter(lines[place + 1 :]), "")
    said = [line for line in lines if not _says_nothing(line, alone=len(lines) == 1)]
    return said[0] if said else ""


def _cut_at_colon(line: str) -> tuple[str, str, str]:
    place = min((at for mark in ":：" if (at := line.find(mark)) >= 0), default=-1)
    return (line[:place], line[place], line[place + 1 :]) if place >= 0 else (line, "", "")


def _is_label(head: str) -> bool:
    words = re.findall(r"\w+", head.lower())
    return any(map(_names_title, words)) and all(f" {word} " in LABEL_WORDS or _names_title(word) for word in words)


def _names_title(word: str) -> bool:
    """`title`, or a word with it in a script that sets no spaces: `会话标题`."""
    is_title = f" {word.lower()} " in TITLE_WORDS
    return is_title or any(not name.isascii() and name in word for name in TITLE_WORDS.split())


def _says_nothing(line: str, *, alone: bool) -> bool:
    """A greeting, the announcement of what follows, a rule."""
    if not _is_seen(line):
        return True
    return not alone and (line.endswith((":", "：")) or _is_label(line) or PREAMBLE.fullmatch(line) is not None)


def _bare(line: str) -> str:
    """Without what stands around it, however much of it."""
    before = ""
    while line != before:
        before = line
        line = MARKER.sub("", line.strip(), count=1) if MARKER.match(line.strip()) else line.strip()
        if (found := LINK.fullmatch(line)) is not None:
            line = found[1]
        line = _without_full_stop(_without_marks(line))
    return line


def _without_marks(line: str) -> str:
    enclosing = [*((mark, mark) for mark in MARKS.split()), *((pair[0], pair[1]) for pair in BRACKETS.split())]
    for opening, closing in enclosing:
        if len(line) > len(opening + closing) and line.startswith(opening) and line.endswith(closing):
            inside = line[len(opening) : -len(closing)]
            if opening not in inside and closing not in inside:
                return inside
    if line[:1] in ('"', "“", "„", "«") and line.count(line[:1]) == 1:  # its other half was never written
        return line[1:]
    return line


def _without_full_stop(line: str) -> str:
    last = line.rpartition(" ")[2]
    is_short = last.count(".") > 1 and not last.endswith("..")  # "U.S.", "e.g."
    return line if is_short else line.rstrip(FULL_STOPS)


def _is_seen(title: str) -> bool:
    """Has it a letter, a number or a symbol?"""
    return any(unicodedata.category(sign)[0] in "LNS" for sign in title)
