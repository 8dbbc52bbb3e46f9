"""Names that nothing reads, because they are misspelt or another program's: a sentence for each. Pure."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

from django.conf import global_settings

from chatsite.environment.dotenv import Entry

OURS = ("CHAT_", "OIDC_")
SERVICE = re.compile(r"_(?:SERVICE_HOST|(?:SERVICE_)?PORT(?:_[0-9]+_(?:TCP|UDP))?(?:_[A-Z0-9_]+)?)$")
"""What Kubernetes and Docker tell each container of a service that is called `chat`, say."""
CALLED_ELSEWHERE = {"OPENAI_API_BASE": "OPENAI_BASE_URL", "OPENAI_BASE": "OPENAI_BASE_URL"}
"""What others call a setting, or called it once. None of ours has been renamed yet."""


def unread(environment: Iterable[str], entries: Collection[Entry], known: Collection[str]) -> Iterator[str]:
    """Of the environment those alone that begin as ours do; of `.env` those, too, that are nearly one of ours."""
    lines = {entry.name: entry.line for entry in entries}
    for name in sorted({*environment, *lines} - {*known}):
        in_file, is_ours = name in lines, name.startswith(OURS)
        where = f"{name} (.env, line {lines[name]})" if in_file else f"{name} (in the environment)"
        if (in_file or is_ours) and (near := _nearest(name, known)):
            yield f"{where} is no setting. Did you mean {near}?"
        elif in_file and hasattr(global_settings, name):
            yield f"{where} is a setting of Django's that the site has for itself: nothing reads it there."
        elif is_ours and not SERVICE.search(name):
            yield f"{where} is no setting."


def _nearest(name: str, known: Collection[str]) -> str:
    if name in CALLED_ELSEWHERE:
        return CALLED_ELSEWHERE[name]
    return next(iter(get_close_matches(name.upper(), known, 1, 0.8)), "")


def twice(entries: Collection[Entry]) -> Iterator[str]:
    lines = Counter(entry.name for entry in entries)
    for name in (name for name, count in lines.items() if count > 1):
        numbers = [str(entry.line) for entry in entries if entry.name == name]
        yield f"{name} stands in .env several times, in lines {', '.join(numbers)}: the last one counts."
