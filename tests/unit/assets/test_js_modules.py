"""The modules that a page names before its entry module asks for them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Template

from chat.assets.js_modules import imported_by
from tests.support.site import ROOT

Write = Callable[..., None]

forget_finders = finders.get_finder.cache_clear  # type: ignore[attr-defined]


@pytest.fixture
def write(tmp_path: Path, settings: pytest.FixtureRequest) -> Iterator[Write]:
    """Writes modules, given as `name="source"`, into the only folder of static files."""
    settings.STATICFILES_DIRS = [tmp_path]  # type: ignore[attr-defined]
    forget_finders()
    imported_by.cache_clear()

    def write(**sources: str) -> None:
        for name, source in sources.items():
            file = tmp_path / "js" / (name.replace("__", "/") + ".js")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(source)

    yield write
    forget_finders()
    imported_by.cache_clear()


def test_what_is_imported_and_what_that_imports(write: Write) -> None:
    write(
        pages__entry='import { a } from "../a.js";',
        a='import { b } from "./lib/b.js";\nexport const a = b;',
        lib__b='import "./c.js";\nexport { d as b } from "../d.js";',
        lib__c="",
        d="export * from './lib/e.js'",
        lib__e="",
    )
    assert imported_by("js/pages/entry.js") == ("js/a.js", "js/d.js", "js/lib/b.js", "js/lib/c.js", "js/lib/e.js")


def test_modules_that_import_each_other_are_named_once(write: Write) -> None:
    write(entry='import "./a.js";\nimport "./b.js";', a='import "./b.js";', b='import "./a.js";\nimport "./entry.js";')
    assert imported_by("js/entry.js") == ("js/a.js", "js/b.js")


@pytest.mark.parametrize(
    "statement",
    [
        'import "./a.js";',
        "import './a.js'",
        'import a from "./a.js";',
        'import * as a from "./a.js";',
        'import a, { b as c, $d } from "./a.js";',
        'import {\n  b,\n  c,\n} from "./a.js";',
        'export { b } from "./a.js";',
        'export * from "./a.js";',
        'export * as a from "./a.js";',
        'const x = "y";\nimport { b } from "./a.js";',
    ],
)
def test_each_way_to_import(write: Write, statement: str) -> None:
    write(entry=statement, a="")
    assert imported_by("js/entry.js") == ("js/a.js",)


@pytest.mark.parametrize(
    "statement",
    [
        'const a = await import("./a.js");',
        '  return import("./a.js");',
        'import("./a.js").then(() => {});',
        'import { marked } from "marked";',
        '/** @typedef {import("./a.js").A} A */',
        ' * import { b } from "./a.js";',
        '// import "./a.js";',
        'export const PATH = "./a.js";',
        'export class A {\n  from = "./a.js";\n}',
        'export function f() {\n  return x from "./a.js";\n}',
    ],
)
def test_what_is_not_imported_at_once(write: Write, statement: str) -> None:
    write(entry=statement, a="")
    assert imported_by("js/entry.js") == ()


def test_a_module_that_is_not_there_imports_nothing(write: Write) -> None:
    write(entry='import "./a.js";')
    assert imported_by("js/nothing.js") == ()
    assert imported_by("js/entry.js") == ("js/a.js",)


def test_they_are_read_once(write: Write) -> None:
    write(entry='import "./a.js";', a="")
    assert imported_by("js/entry.js") == ("js/a.js",)
    write(entry="")
    assert imported_by("js/entry.js") == ("js/a.js",)


def test_what_was_collected_does_where_there_is_no_source(
    write: Write, tmp_path: Path, settings: pytest.FixtureRequest
) -> None:
    write(entry='import "./a.js";', a="")
    settings.STATICFILES_DIRS = []  # type: ignore[attr-defined]
    settings.STATIC_ROOT = tmp_path  # type: ignore[attr-defined]
    forget_finders()
    assert imported_by("js/entry.js") == ("js/a.js",)


def test_the_page_names_each_under_its_address(write: Write) -> None:
    write(entry='import "./a.js";\nimport "./b.js";', a="", b="")
    page = Template("{% load js_modules %}{% preload_imports 'js/entry.js' %}").render(Context())
    assert page.split("\n") == [
        '<link rel="modulepreload" href="/static/js/a.js">',
        '<link rel="modulepreload" href="/static/js/b.js">',
    ]


def test_the_conversation_loads_at_once_all_but_what_it_loads_when_it_needs_it() -> None:
    imported_by.cache_clear()
    at_once = {name.removeprefix("chat/js/") for name in imported_by("chat/js/pages/conversation.js")}
    scripts = ROOT / "static/chat/js"
    modules = {file.relative_to(scripts).as_posix() for file in scripts.rglob("*.js")}
    assert {name for name in modules - at_once if not name.startswith("pages/")} == {
        "api/post_with_progress.js",
        "api/upload_queue.js",
        "attachments/attachment_chip.js",
        "attachments/attachment_summary.js",
        "attachments/message_attachments.js",
        "attachments/pending_attachments.js",
        "attachments/vision_check.js",
        "composer/message_editor.js",
        "conversation/earlier_messages.js",
        "conversation/elsewhere.js",
        "conversation/stop_unheard.js",
        "conversation/unseen_answer.js",
        "conversation/whole_print.js",
        "import/import_form.js",
        "import/import_progress.js",
        "lib/duration.js",
        "lib/file_name.js",
        "lib/file_size.js",
        "lib/hints.js",
        "lib/json_text.js",
        "markdown/render/clean_html.js",
        "markdown/render/copied_formula.js",
        "markdown/render/copied_selection.js",
        "markdown/render/markdown_of.js",
        "message/details_content.js",
        "message/feedback_forms.js",
        "prompts/prompt_library.js",
        "prompts/prompt_picker.js",
        "settings/notification_switch.js",
        "sharing/share_link.js",
        "sidebar/entry_updates.js",
        "sidebar/title_editor.js",
        "tools/decision_form.js",
        "tools/message_tools.js",
        "tools/source_list.js",
        "tools/source_preview.js",
        "tools/tool_call.js",
        "tools/tool_data.js",
        "tools/tool_round.js",
        "tools/tool_switches.js",
        "ui/keep_while_hidden.js",
        "ui/notifications.js",
        "ui/scroll_to_reveal.js",
        "ui/shortcuts_dialog.js",
    }
