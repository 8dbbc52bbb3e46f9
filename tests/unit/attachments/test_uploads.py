"""The names of files."""

import pytest

from chat.attachments.uploads import clean_name
from chat.models.attachment import NAME_LENGTH


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("a.txt", "a.txt"),
        ("/", "file"),
        ("..", "file"),
        ("", "file"),
        ("\u202e", "file"),
        (" \n\t", "file"),
        ("a/../..", "file"),
        ("C:\\a\\b.txt", "b.txt"),
        ("a\ud800.txt", "a\ufffd.txt"),
        ("a\n\r b.txt", "a b.txt"),
        ("\u202egnp.exe", "gnp.exe"),
        ("x" * NAME_LENGTH, "x" * NAME_LENGTH),
        ("x" * 500, "x" * (NAME_LENGTH - 1) + "…"),
        ("x" * 500 + ".pdf", "x" * (NAME_LENGTH - 5) + "….pdf"),
        ("x." + "y" * 500, "x." + "y" * (NAME_LENGTH - 23) + "…." + "y" * 19),
    ],
)
def test_a_name_is_one_line_without_a_path(name: str, clean: str) -> None:
    assert clean_name(name) == clean
    assert len(clean) <= NAME_LENGTH
