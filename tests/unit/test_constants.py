"""What must repeat a number of the code repeats it: pages, documents, and the newest state of the tables."""

import re
from pathlib import Path

import pytest
from django.db.models import CharField

from chat import models
from chat.conversations import listing, prompt_library, sharing
from chat.core import limits
from chat.import_export import file_reader
from chat.models.message import MOST_GENERATIONS

ROOT = Path(__file__).resolve().parent.parent.parent

SAID = [
    ("docs/protocol.md", r"it is called this .*at most {} characters", limits.TITLE_CHARACTERS),
    ("docs/export.md", r"`titled_by` \| at most {} characters", limits.TITLE_CHARACTERS),
    ("docs/protocol.md", r"it has at most {} characters \(else 413\)", limits.COMMENT_CHARACTERS),
    ("docs/protocol.md", r"a comment over {} characters", limits.COMMENT_CHARACTERS),
    ("docs/protocol.md", r"a name has at most {} characters", limits.PROMPT_NAME_CHARACTERS),
    ("docs/protocol.md", r"temperature is from 0 to {},", limits.MOST_TEMPERATURE),
    ("docs/protocol.md", r"a limit from 1 to {} tokens", limits.MOST_TOKENS),
    ("docs/protocol.md", r"fewer than {} generations", limits.GENERATIONS_PER_MESSAGE),
    ("docs/export.md", r"the at most {} runs of a model", limits.GENERATIONS_PER_MESSAGE),
    ("docs/protocol.md", r"Prompts\*\* are at most {} for each user", prompt_library.MOST_PROMPTS),
    ("docs/protocol.md", r"all texts of one user together {} ", prompt_library.MOST_CHARACTERS),
    ("docs/protocol.md", r"beyond {} links of one user", sharing.MOST_LINKS),
    ("docs/protocol.md", r"413 for more than {} MB of JSON", sharing.MOST_BYTES // 1_000_000),
    ("docs/protocol.md", r"at most {} pinned ones", listing.MOST_PINNED),
    ("docs/protocol.md", r"generations, the last {} of them", MOST_GENERATIONS),
    ("docs/export.md", r"a zip has at most {} entries", file_reader.MOST_ENTRIES),
    ("docs/export.md", r"a file at most {} conversations", file_reader.MOST_CONVERSATIONS),
    ("docs/export.md", r"conversations with {} messages", file_reader.MOST_MESSAGES),
    ("docs/export.md", r"and {} attached files", file_reader.MOST_ATTACHMENTS),
    ("docs/export.md", r"zip {} times that", file_reader.UNPACKED),
]
WORDS = {10: "ten"}
NUMBER = r"(\d[\d,]*|[a-z]+)"


@pytest.mark.parametrize(("file", "sentence", "number"), SAID, ids=[f"{file}: {said}" for file, said, _ in SAID])
def test_what_a_page_says_is_the_codes(file: str, sentence: str, number: int) -> None:
    found = re.findall(sentence.format(NUMBER), (ROOT / file).read_text())
    assert found, f"{file} does not say it any more, or in other words"
    assert {said.replace(",", "") for said in found} <= {str(number), WORDS.get(number)}


@pytest.mark.parametrize(
    ("model", "field", "number"),
    [
        (models.Conversation, "title", limits.TITLE_CHARACTERS),
        (models.Share, "title", limits.TITLE_CHARACTERS),
        (models.Feedback, "comment", limits.COMMENT_CHARACTERS),
        (models.Attachment, "name", limits.FILE_NAME_CHARACTERS),
        (models.Prompt, "name", limits.PROMPT_NAME_CHARACTERS),
        (models.Generation, "model", limits.MODEL_CHARACTERS),
    ],
)
def test_a_column_has_room_for_what_is_allowed(model: type[models.Conversation], field: str, number: int) -> None:
    column = model._meta.get_field(field)
    assert isinstance(column, CharField)
    assert column.max_length == number


def test_no_form_of_a_page_bounds_a_text_by_a_number_that_is_not_compared_here() -> None:
    compared = {file for file, _, _ in SAID}
    for page in ROOT.glob("templates/**/*.html"):
        if re.search(r'maxlength="\d', page.read_text()):
            assert str(page.relative_to(ROOT)) in compared
