"""The tag `fragment`: what its part of a template makes is kept, and made again only of other values.

    {% fragment of item with answering=answering fill back=request.path %}…{% endfragment %}
    {% fragment of item in group.conversations %}…{% endfragment %}

Its part sees nothing but what the tag names: rows (`of`), plain values (`with`), and what is to be filled in (`fill`).
No request, user, nonce or variable of the page: one that was forgotten is empty at once, and never another reader's.
Each text is kept by the place in the template, the language, the time zone, where the site is mounted, and by these:
of a row the version, which is another one when anything of it has changed, and of a value itself.

What is filled in is not kept. In its place stands a mark, a UUID, until the text is given out: so the part can put it
out, escaped, or make an address of it, and can do nothing else with it. The token against CSRF is filled in, too, and
`{% fresh_uuid %}`, so that forms may stand in a fragment. A text is kept in pieces, cut at its marks: to look for them
each time takes longer than all the rest.

    {% fragment of frame %}<main>{% anew %}{% include "list.html" %}{% endanew %}</main>{% endfragment %}

What stands in `{% anew %}` is not kept either: it is made each time, and sees all that the page has around the
fragment. So what stands around a list is one text, however much of it there is.
"""

import re
import uuid
from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.template.loader_tags import BlockNode
from django.urls import get_script_prefix, get_urlconf
from django.utils import timezone, translation
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from chat.core.fragments import FragmentStore
from chat.retention.fragments import fragments, may_hold_words

register = template.Library()

_MARKS = uuid.uuid4()
"""Nobody outside this process knows what makes its marks, nor can write one into a title."""


def _mark(name: str) -> str:
    """A UUID, by whose first half all marks of this process are known."""
    return f"{str(_MARKS)[:18]}{str(uuid.uuid5(_MARKS, name))[18:]}"


_CUTS = re.compile(f"({str(_MARKS)[:18]}-[0-9a-f]{{4}}-[0-9a-f]{{12}})")


TOKEN = _mark("csrf_token")
FRESH = _mark("a fresh id")

PLAIN = (str, SafeString, int, float, bool, type(None), uuid.UUID, date)


class Isolated(Context):
    """What the part of a fragment sees."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.anew: dict[str, AnewNode] = {}
        """Of it what is not kept, by its marks."""


class AnewNode(template.Node):
    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist
        self.mark = _mark(str(uuid.uuid4()))

    def render(self, context: Context) -> SafeString:
        if not isinstance(context, Isolated):
            return self.nodelist.render(context)
        context.anew[self.mark] = self
        return SafeString(self.mark)


class FragmentNode(template.Node):
    def __init__(
        self,
        rows: list[str],
        each: FilterExpression | None,
        values: Mapping[str, FilterExpression],
        filled: Mapping[str, FilterExpression],
        nodelist: NodeList,
    ) -> None:
        self.rows = rows
        self.each = each
        self.values = values
        self.filled = filled
        self.marks = {name: _mark(name) for name in filled}
        self.named = {mark: filled[name] for name, mark in self.marks.items()}
        self.anew: dict[str, AnewNode] = {}
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        values = {name: _plain(name, value.resolve(context)) for name, value in self.values.items()}
        store, *mounted = _of_page(context)
        place = (self, *mounted, *_around(context), *_typed(values))
        rows = self._rows(context)
        keys = [(*place, *[row and row.version for row in each]) for each in rows]
        kept = store.find(keys) if store else [None] * len(keys)
        made = [
            pieces or self._make(store, context, key, each, values)
            for pieces, key, each in zip(kept, keys, rows, strict=True)
        ]
        return SafeString("".join(self._filled(made, context)))  # as it was made

    def _filled(self, made: Iterable[tuple[str, ...]], context: Context) -> Iterator[str]:
        known: dict[str, str] = {}
        for text, *rest in made:
            yield text
            for mark, following in zip(rest[::2], rest[1::2], strict=True):
                if mark == FRESH:  # in a fragment that is in another nothing is fresh yet
                    yield mark if isinstance(context, Isolated) else str(uuid.uuid4())
                elif mark in self.anew:
                    yield self.anew[mark].render(context)
                else:
                    if mark not in known:
                        known[mark] = self._value(mark, context)
                    yield known[mark]
                yield following

    def _value(self, mark: str, context: Context) -> str:
        """What is filled in there, or the token of its reader; of a fragment around this one it is the mark itself."""
        if mark == TOKEN:
            return str(context.get("csrf_token", ""))
        return conditional_escape(self.named[mark].resolve(context)) if mark in self.named else mark

    def _rows(self, context: Context) -> list[tuple[Any, ...]]:
        """For each time that the part is made, in the order of their names."""
        if self.each is None:
            return [tuple(context.get(name) for name in self.rows)]
        return [(row,) for row in self.each.resolve(context)]

    def _make(
        self,
        store: FragmentStore | None,
        context: Context,
        key: Hashable,
        rows: tuple[Any, ...],
        values: Mapping[str, Any],
    ) -> tuple[str, ...]:
        """And keeps it."""
        named = dict(zip(self.rows, rows, strict=True))
        pieces = tuple(_CUTS.split(self._made(context, named, values)))
        of = [each for row in rows if row for each in row.rows]
        if store and (not of or may_hold_words()):
            store.keep(key, pieces, of)
        return pieces

    def _made(self, context: Context, rows: Mapping[str, Any], values: Mapping[str, Any]) -> str:
        named = {**rows, **values, **self.marks, "csrf_token": TOKEN}
        seen = Isolated(named, context.autoescape, context.use_l10n, context.use_tz)
        assert context.template
        with seen.bind_template(context.template), seen.render_context.push_state(context.template):
            made = str(self.nodelist.render(seen))
        self.anew |= seen.anew
        return made


@register.tag("fragment")
def do_fragment(parser: Parser, token: Token) -> FragmentNode:
    """`{% fragment [of row … | of row in rows] [with name=value …] [fill name=value …] %}`.

    Rows by the names of their variables; `of row in rows` does it for each of these.
    """
    tag, *bits = token.split_contents()
    rows, each = _rows_in(bits, parser)
    values, filled = (_named(word, bits, parser) for word in ("with", "fill"))
    if bits:
        raise template.TemplateSyntaxError(f"{{% {tag} %}}: [of row … | of row in rows] [with …] [fill …]")
    nodelist = parser.parse((f"end{tag}",))
    parser.delete_first_token()
    if any(map(_holds_block, nodelist)):
        raise template.TemplateSyntaxError(f"{{% {tag} %}} holds no {{% block %}}: what extends it could not fill it")
    return FragmentNode(rows, each, values, filled, nodelist)


@register.tag("anew")
def do_anew(parser: Parser, token: Token) -> AnewNode:
    """`{% anew %}`: a part of a fragment that is made each time. Outside of one it says nothing."""
    nodelist = parser.parse(("endanew",))
    parser.delete_first_token()
    return AnewNode(nodelist)


def _holds_block(node: Any) -> bool:
    """But for what is made anew."""
    if isinstance(node, BlockNode | AnewNode):
        return isinstance(node, BlockNode)
    return any(_holds_block(each) for name in node.child_nodelists for each in getattr(node, name, ()))


def _rows_in(bits: list[str], parser: Parser) -> tuple[list[str], FilterExpression | None]:
    """Taken out of `bits`."""
    if bits[:1] != ["of"]:
        return [], None
    end = next((number for number, bit in enumerate(bits) if bit in ("with", "fill")), len(bits))
    rows = bits[1:end]
    del bits[:end]
    return (rows[:1], parser.compile_filter(rows[2])) if rows[1:2] == ["in"] and rows[2:] else (rows, None)


def _named(word: str, bits: list[str], parser: Parser) -> dict[str, FilterExpression]:
    """What follows `word`, taken out of `bits`."""
    if bits[:1] != [word]:
        return {}
    del bits[0]
    return token_kwargs(bits, parser)


def _plain(name: str, value: Hashable) -> Hashable:
    """Not even what is lazy: what it says may hang on who reads."""
    if type(value) not in PLAIN and not issubclass(type(value), PLAIN):
        raise TypeError(f"A fragment is made of rows and plain values: {name} is {type(value)}")
    return value


def _typed(values: Mapping[str, Hashable]) -> list[Hashable]:
    """1, True and 1.0 are equal, and so is a text that is safe and one that is not."""
    return [(name, type(value), value) for name, value in values.items()]


def _around(context: Context) -> tuple[Hashable, ...]:
    """What may be seen in any text, without being named."""
    return translation.get_language(), timezone.get_current_timezone(), context.autoescape


def _of_page(context: Context) -> tuple[FragmentStore | None, Hashable, Hashable]:
    """Where its fragments are kept, and where the site is mounted: found once, for neither changes in a page."""
    page: dict[Any, Any] = context.render_context.dicts[0]
    if FragmentNode not in page:
        page[FragmentNode] = fragments(), get_script_prefix(), get_urlconf()
    found: tuple[FragmentStore | None, Hashable, Hashable] = page[FragmentNode]
    return found
