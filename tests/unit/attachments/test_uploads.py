"""The names of files."""

import pytest

from chat.attachments.uploads import clean_name
from chat.core.limits import FILE_NAME_CHARACTERS


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
        ("x" * FILE_NAME_CHARACTERS, "x" * FILE_NAME_CHARACTERS),
        ("x" * 500, "x" * (FILE_NAME_CHARACTERS - 1) + "…"),
        ("x" * 500 + ".pdf", "x" * (FILE_NAME_CHARACTERS - 5) + "….pdf"),
        ("x." + "y" * 500, "x." + "y" * (FILE_NAME_CHARACTERS - 23) + "…." + "y" * 19),
    ],
)
def test_a_name_is_one_line_without_a_path(name: str, clean: str) -> None:
    assert clean_name(name) == clean
    assert len(clean) <= FILE_NAME_CHARACTERS
