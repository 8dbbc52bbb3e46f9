"""Parts of a long text: by number, or around words that are looked for. Pure."""

from chat.core.search_terms import term_spans, terms_of

PAGE = 8_000
"""Characters of a part, or a little less: it ends between lines or words where there are such."""
AROUND = 300
"""Characters before and after a word that was found."""
MOST = 10
"""Passages that are shown."""


def pages_in(text: str) -> int:
    return len(_ends(text)) or 1


def page_of(text: str, number: int) -> str:
    """From 1 on."""
    ends = [0, *_ends(text)]
    return text[ends[number - 1] : ends[number]] if number < len(ends) else ""


def passages(text: str, query: str) -> list[dict[str, int | str]]:
    """Where words of `query` begin words, those with most of them first; and on which page."""
    wanted = tuple(dict.fromkeys(terms_of(query)))
    found: list[tuple[int, int, set[str]]] = []
    for start, end, word in term_spans(text) if wanted else ():
        if word.startswith(wanted):
            terms = {term for term in wanted if word.startswith(term)}
            if found and start - found[-1][0] < AROUND:
                found[-1] = found[-1][0], end, found[-1][2] | terms
            else:
                found.append((start, end, terms))
    best = sorted(found, key=lambda each: -len(each[2]))[:MOST]
    ends = _ends(text)
    return [
        {
            "page": 1 + sum(end <= start for end in ends),
            "text": text[max(0, start - AROUND) : end + AROUND],
        }
        for start, end, _ in best
    ]


def _ends(text: str) -> list[int]:
    """Where each part ends."""
    ends, begin = list[int](), 0
    while begin < len(text):
        end = begin + PAGE
        if end < len(text):
            cuts = (text.rfind(mark, begin + PAGE // 2, end) + len(mark) for mark in ("\n", " "))
            end = next((cut for cut in cuts if cut > begin + PAGE // 2), end)
        ends.append(min(end, len(text)))
        begin = end
    return ends
