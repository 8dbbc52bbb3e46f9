"""The translations: complete, compiled, and with the placeholders of their source."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from chat.errors import TooLong, UpstreamBusy
from chat.i18n import AFTER_NAME, said_of, translated
from tests.support.site import ROOT

SOURCES = ["chat", "chatsite", "templates", "static", "locale", ".ci", "manage.py"]
CATALOGUES = sorted(path.relative_to(ROOT / "locale") for path in (ROOT / "locale").rglob("*.po"))
BY_NAME = pytest.mark.parametrize("name", CATALOGUES, ids=str)
VALUES = re.compile(r"%\(\w+\)s|%s|%%|\{\w*\}|</?\w+>|`[^`]*`|OPENAI_\w+")

needs_gettext = pytest.mark.skipif(not shutil.which("msgfmt"), reason="gettext is not installed")

Words = dict[object, str]
"""Translations by their source; of words that have a plural by the source and the plural's number."""


def compiled(file: Path) -> Words:
    with file.open("rb") as stream:
        return gettext.GNUTranslations(stream)._catalog  # type: ignore[attr-defined]


def source_of(key: object) -> str:
    return key[0] if isinstance(key, tuple) else str(key)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The locale folder of a copy of the project in which the words were collected anew."""
    copy = tmp_path_factory.mktemp("project")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    environment = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "HOME": str(copy)}
    subprocess.run([copy / ".ci/messages"], env=environment, check=True, timeout=120)
    return copy / "locale"


def picked(file: Path, *options: str) -> str:
    command = ["msgattrib", "--no-obsolete", *options, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@BY_NAME
def test_places_in_sentences_have_names(name: Path) -> None:
    """Another language may need them in another order."""
    words = (ROOT / "locale" / name).read_text()
    assert re.findall(r"%[sd]\b", words) == []


def test_every_language_but_the_sources_own_has_both_catalogues() -> None:
    languages = {code for code, _ in settings.LANGUAGES} - {"en"}
    assert {(path.parts[0], path.name) for path in CATALOGUES} == {
        (language, name) for language in languages for name in ("django.po", "djangojs.po")
    }


@needs_gettext
@BY_NAME
def test_every_word_of_the_source_is_translated(collected: Path, name: Path) -> None:
    assert picked(collected / name, "--untranslated") == ""
    assert picked(collected / name, "--only-fuzzy") == ""


@needs_gettext
@BY_NAME
def test_the_catalogue_is_that_of_the_source(collected: Path, name: Path) -> None:
    """`make messages` changes nothing: no word is missing, and none is there that nobody says any more."""
    here, anew = (compiled((folder / name).with_suffix(".mo")) for folder in (ROOT / "locale", collected))
    assert here == anew
    assert "POT-Creation-Date" not in (collected / name).read_text()


@needs_gettext
@BY_NAME
def test_what_is_compiled_is_what_is_written(tmp_path: Path, name: Path) -> None:
    written = ROOT / "locale" / name
    subprocess.run(["msgfmt", "--check", "-o", tmp_path / "words.mo", written], check=True, timeout=60)
    assert compiled(written.with_suffix(".mo")) == compiled(tmp_path / "words.mo")


@BY_NAME
def test_placeholders_tags_and_names_are_those_of_the_source(name: Path) -> None:
    words = compiled((ROOT / "locale" / name).with_suffix(".mo"))
    wrong = {
        key: said
        for key, said in words.items()
        if key and sorted(VALUES.findall(source_of(key))) != sorted(VALUES.findall(said))
    }
    assert wrong == {}


@BY_NAME
def test_sentences_end_as_those_of_the_source_do(name: Path) -> None:
    words = compiled((ROOT / "locale" / name).with_suffix(".mo"))
    ends = [(source_of(key)[-1], said[-1]) for key, said in words.items() if key]
    assert [pair for pair in ends if pair[0] in ".?:…" and pair[0] != pair[1]] == []


# Sentences that are made in English and said in German


def test_a_sentence_is_said_in_the_language_of_its_reader() -> None:
    error = TooLong(
        "This message has %(count)s characters; %(limit)s are allowed. Shorten it.", values={"count": 2, "limit": 1}
    )
    with translation.override("de"):
        assert error.said(translated) == "Diese Nachricht hat 2 Zeichen; erlaubt sind 1. Kürzen Sie sie."
    assert error.message == "This message has 2 characters; 1 are allowed. Shorten it."


@pytest.mark.parametrize("sentence", [UpstreamBusy.seconds, UpstreamBusy.minutes])
def test_a_stored_number_is_found_again(sentence: str) -> None:
    stored = UpstreamBusy(sentence, values={"number": 7}).message
    assert "7" in stored
    with translation.override("de"):
        assert " 7 " in translated(stored)
        assert translated(stored).startswith("Der Dienst des Modells")
    assert translated(stored) == stored


def test_what_no_catalogue_knows_stays_as_it_is() -> None:
    with translation.override("de"):
        assert translated("100% of %(nothing)s") == "100% of %(nothing)s"
        assert translated("") == ""


def test_a_name_before_a_stored_sentence_stays_as_it_is() -> None:
    """Also before one with a number in it, and one that itself has a colon."""
    busy = UpstreamBusy(UpstreamBusy.seconds, values={"number": 5}).message
    with translation.override("de"):
        for name in ("The Hub", "Ours: the fast one"):
            assert translated(said_of(name, busy)) == said_of(name, translated(busy))
            assert translated(busy) != busy
    assert not any(AFTER_NAME in (ROOT / "locale" / name).read_text() for name in CATALOGUES)
