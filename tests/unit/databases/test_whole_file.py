"""A file that is there once it is whole, and for its owner alone."""

import os
import stat
from pathlib import Path

import pytest

from chatsite.databases.errors import Refused
from chatsite.databases.whole_file import SUFFIX, need_space, said_size, whole_file

NOBODY = 65534


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_there_once_it_is_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    with whole_file(tmp_path / "backup") as file:
        assert names(tmp_path) == [f".backup{SUFFIX}"]
        file.write(b"all of it")
    assert names(tmp_path) == ["backup"]
    assert (tmp_path / "backup").read_bytes() == b"all of it"
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o600


def test_of_one_that_was_not_finished_nothing_stays(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), whole_file(tmp_path / "backup"):
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_what_a_killed_writer_left_goes_with_the_next_one_and_what_is_being_written_stays(tmp_path: Path) -> None:
    for name in ("backup", "of-yesterday"):
        (tmp_path / f".{name}{SUFFIX}").write_bytes(b"half")
    with whole_file(tmp_path / "of-another"):
        for name in ("backup", "of-yesterday", "of-another"):
            (tmp_path / f".{name}{SUFFIX}-journal").write_bytes(b"half")
        with whole_file(tmp_path / "backup") as file:
            assert names(tmp_path) == [f".backup{SUFFIX}", f".of-another{SUFFIX}", f".of-another{SUFFIX}-journal"]
            file.write(b"new")
    assert (tmp_path / "backup").read_bytes() == b"new"


def test_of_two_who_write_the_same_file_the_second_is_refused(tmp_path: Path) -> None:
    with whole_file(tmp_path / "backup") as file:
        file.write(b"first")
        with pytest.raises(Refused, match="backup is just being written"), whole_file(tmp_path / "backup"):
            pass
    assert (tmp_path / "backup").read_bytes() == b"first"


def test_what_is_there_is_overwritten_only_where_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "backup").write_bytes(b"old")
    with pytest.raises(Refused, match="already"), whole_file(tmp_path / "backup"):
        pass
    with pytest.raises(Refused, match="already"), whole_file(tmp_path / "new"):
        (tmp_path / "new").write_bytes(b"of somebody else")
    assert (tmp_path / "new").read_bytes() == b"of somebody else"
    with whole_file(tmp_path / "backup", replaces=True) as file:
        file.write(b"new")
    assert (tmp_path / "backup").read_bytes() == b"new"


@pytest.mark.parametrize(("name", "sentence"), [("nowhere/backup", "no folder"), ("folder", "is a folder")])
def test_where_no_file_can_be_it_says_so(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(Refused, match=sentence), whole_file(tmp_path / name):
        pass
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("name", ["n" * 250, os.fsdecode(b"\xff")])
def test_what_the_system_refuses_is_a_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused), whole_file(tmp_path / name) as file:
        str(file.name).encode()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_writes_belongs_to_whom_the_folder_belongs_or_the_file_that_it_replaces(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY, NOBODY)
    (tmp_path / "of-root").touch()
    for name in ("new", "of-root"):
        with whole_file(tmp_path / name, replaces=True):
            pass
    assert (tmp_path / "new").stat().st_uid == NOBODY
    assert (tmp_path / "of-root").stat().st_uid == 0


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"of somebody else")
    (tmp_path / f".backup{SUFFIX}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused), whole_file(tmp_path / "backup"):
        pass
    assert (tmp_path / "elsewhere").read_bytes() == b"of somebody else"


def test_room_is_looked_for_first(tmp_path: Path) -> None:
    need_space(tmp_path, 1)
    with pytest.raises(Refused, match=r"no room .* 1000000 TB may be needed"):
        need_space(tmp_path, 10**18)


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (1234567, "1.2 MB"), (327_340_032, "327 MB"), (3e9, "3.0 GB")],
)
def test_sizes_in_words(size: float, said: str) -> None:
    assert said_size(size) == said
