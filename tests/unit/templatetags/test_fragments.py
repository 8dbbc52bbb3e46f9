"""The tag that keeps what its part of a template has made: what of it depends on what, and what never gets in."""

import os
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import Context, Template, TemplateSyntaxError, engines
from django.test import RequestFactory
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe

from chat.core.fragments import FragmentStore, Row
from chat.retention import fragments as kept


@dataclass
class Thing:
    """A row."""

    title: str
    pk: int = 1
    asked: list[int] = field(default_factory=list)

    @property
    def version(self) -> bytes:
        return self.title.encode()

    @property
    def rows(self) -> list[Row]:
        return [("thing", self.pk)]

    def made(self) -> str:
        """Says how often it was made."""
        self.asked.append(1)
        return str(len(self.asked))


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> FragmentStore:
    monkeypatch.setattr(kept, "_looks_in", {os.getpid()})
    monkeypatch.setattr(kept, "_store", None)
    found = kept.fragments()
    assert found is not None
    return found


def shown(source: str, *contexts: dict[str, Any], request: HttpRequest | None = None) -> list[str]:
    """What one template makes of each of these."""
    made = engines["django"].from_string("{% load chat fragments i18n tz %}" + source)
    return [made.render(context, request) for context in contexts]


ENTRY = (
    "{% fragment of thing with answering=answering %}"
    "{{ thing.made }} {{ thing.title }}{% if answering %}!{% endif %}"
    "{% endfragment %}"
)


def test_the_same_is_made_once_and_another_version_or_value_anew() -> None:
    thing = Thing("A")
    same = {"thing": thing, "answering": False}
    assert shown(ENTRY, same, same, {**same, "answering": True}, same) == ["1 A", "1 A", "2 A!", "1 A"]
    made = engines["django"].from_string("{% load fragments %}" + ENTRY)
    assert made.render(same) == "3 A", "another place, though it says the same"
    thing.title = "B"
    assert [made.render(same), made.render(same)] == ["4 B", "4 B"]


def test_rows_one_after_the_other_are_each_kept_by_themselves() -> None:
    made = engines["django"].from_string(
        "{% load fragments %}{% fragment of thing in things with end=end %}"
        "{{ thing.made }}{{ thing.title }}{{ end }}{% endfragment %}"
    )
    things = [Thing("A", 1), Thing("B", 2)]
    assert made.render({"things": things, "end": ";"}) == "1A;1B;"
    things[0].title = "C"
    assert made.render({"things": things[::-1], "end": ";"}) == "1B;2C;"
    assert made.render({"things": [], "end": ";"}) == ""


def test_equal_values_of_other_types_are_not_mixed() -> None:
    source = "{% fragment with value=value %}{{ value }}{% endfragment %}"
    values = (1, True, 1.0, "<b>", mark_safe("<b>"), None, "None")
    found = shown(source, *[{"value": value} for value in (*values, *values)])
    assert found == ["1", "True", "1.0", "&lt;b&gt;", "<b>", "None", "None"] * 2


def test_markup_in_a_title_stays_escaped() -> None:
    thing = Thing("<script>alert(1)</script>")
    assert set(shown(ENTRY, {"thing": thing}, {"thing": thing})) == {"1 &lt;script&gt;alert(1)&lt;/script&gt;"}


def test_languages_and_time_zones_stand_side_by_side() -> None:
    made = engines["django"].from_string(
        "{% load fragments i18n tz %}{% fragment %}"
        '{% translate "Close" %} {% get_current_timezone as zone %}{{ zone }}'
        "{% endfragment %}"
    )
    expected = {("en", "UTC"): "Close UTC", ("de", "UTC"): "Schließen UTC", ("en", "Asia/Tokyo"): "Close Asia/Tokyo"}
    for language, zone in [*expected, *expected]:
        with translation.override(language), timezone.override(zone):
            assert made.render() == expected[language, zone]


def test_what_is_not_named_is_not_there() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    seen = "{{ user }}{{ request }}{{ csp_nonce }}{{ unknown }}{{ perms }}{{ known }}"
    context: dict[str, object] = {"known": "K", "unknown": "U", "csp_nonce": "nonce"}
    (page,) = shown(seen, context, request=request)
    assert page.startswith("AnonymousUser"), "the page itself has all of it"
    source = "{% fragment with known=known %}" + seen + "{% endfragment %}"
    assert shown(source, context, context, request=request) == ["K", "K"]


def test_what_is_filled_in_is_escaped_and_not_kept(store: FragmentStore) -> None:
    source = (
        "{% fragment fill id=id name=name %}<a href=\"{% url 'chat:conversation' id %}\">{{ name }}</a>"
        "{% fragment fill name=name %}{{ name }}{% endfragment %}{% endfragment %}"
    )
    readers = [{"id": uuid.uuid4(), "name": name} for name in ("<b>her's", "his")]
    hers, his = shown(source, *readers)
    assert hers == f'<a href="/c/{readers[0]["id"]}/">&lt;b&gt;her&#x27;s</a>&lt;b&gt;her&#x27;s'
    assert his == f'<a href="/c/{readers[1]["id"]}/">his</a>his'
    assert store.count == 2
    assert not any(word in str(fragment.pieces) for fragment in store._fragments.values() for word in ("her", "his"))


def test_what_is_made_anew_sees_the_page_and_is_not_kept(store: FragmentStore) -> None:
    """Also in a fragment that is in another, where the outer one knows of it what the inner one said."""
    anew = "{% anew %}[{{ thing.made }} {{ name }}{% csrf_token %}]{% endanew %}"
    source = "{% fragment of thing fill n=name %}{{ thing.title }}<{{ n }}" + anew + ">"
    source += "{% fragment %}(" + anew + "){% endfragment %}{% endfragment %}" + anew
    thing = Thing("A")
    readers = [{"thing": thing, "name": name, "csrf_token": f"token of {name}"} for name in ("her", "him", "her")]
    found = [re.sub(r'<input[^>]*value="(.*?)">', r" \1", page) for page in shown(source, *readers)]
    assert found == [
        f"A<{name}[{at} {name} token of {name}]>([{at + 1} {name} token of {name}])[{at + 2} {name} token of {name}]"
        for name, at in (("her", 1), ("him", 4), ("her", 7))
    ]
    assert store.count == 2
    assert not any(word in str(fragment.pieces) for fragment in store._fragments.values() for word in ("her", "him"))


def test_a_block_that_is_made_anew_is_that_of_each_page() -> None:
    parent = Template(
        "{% load fragments %}"
        "{% fragment %}<{% anew %}{% block b %}own {{ x }}{% endblock %}{% endanew %}>{% endfragment %}"
    )
    blocks = "{% block b %}1 {{ x }} {{ block.super }}{% endblock %}", "{% block b %}2 {{ x }}{% endblock %}", ""
    pages = parent, *(Template("{% extends parent %}" + block) for block in blocks)
    made = [page.render(Context({"parent": parent, "x": number})) for number, page in enumerate(pages)]
    assert made == ["<own 0>", "<1 1 own 1>", "<2 2>", "<own 3>"]


@pytest.mark.parametrize("value", [AnonymousUser(), SimpleLazyObject(lambda: "nonce"), {"a": 1}, [1], object()])
def test_only_plain_values_are_taken(value: object) -> None:
    with pytest.raises(TypeError, match="plain values: value is"):
        shown("{% fragment with value=value %}{{ value }}{% endfragment %}", {"value": value})


def test_each_reader_gets_a_token_and_ids_of_their_own(store: FragmentStore) -> None:
    inner = "{% fragment %}{% fresh_uuid %} {% fresh_uuid %}{% endfragment %}"
    source = "{% fragment %}{% csrf_token %}" + inner + "{% endfragment %}"
    tokens = [{"csrf_token": each} for each in ("hers", "his")]
    found = shown(source, *tokens)
    assert [re.findall('value="(.*?)"', each) for each in found] == [["hers"], ["his"]]
    ids = [each for page in found for each in re.findall("[0-9a-f]{8}-[0-9a-f-]{27}", page)]
    assert len(set(ids)) == len(ids) == 4
    assert not any(
        word in str(fragment.pieces) for fragment in store._fragments.values() for word in ("hers", "his", *ids)
    )


def test_without_room_or_with_debug_nothing_is_kept(settings: LazySettings) -> None:
    thing: dict[str, object] = {"thing": Thing("A")}
    for name, value in (("CHAT_FRAGMENT_BYTES", 0), ("DEBUG", True)):
        setattr(settings, name, value)
        first, second = shown(ENTRY, thing, thing)
        assert first != second
        assert kept.fragments() is None
        setattr(settings, name, {"CHAT_FRAGMENT_BYTES": 1_000_000, "DEBUG": False}[name])


def test_words_of_rows_are_kept_only_where_somebody_looks_what_is_erased(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_looks_in", {-1})
    thing: dict[str, object] = {"thing": Thing("A")}
    assert shown(ENTRY, thing, thing) == ["1 A", "2 A"]
    assert shown(ENTRY, {"thing": None}, {"thing": None}) == [" ", " "], "those of the frame are of no row"


@pytest.mark.parametrize(
    "source",
    [
        "{% fragment thing %}{% endfragment %}",
        "{% fragment of thing with value %}{% endfragment %}",
        "{% fragment %}{% if x %}{% block b %}{% endblock %}{% endif %}{% endfragment %}",
    ],
)
def test_what_it_cannot_be_is_an_error_of_the_template(source: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        shown(source)
