"""A reply: positions, since(), and what every store can hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.reply import BLOCK, REASONING, ROW, TEXT, Mark, Part, Reply, storable
from chat.core.tool_parts import NO, YES, Call, Decision, Outcome, Result, Source, read, written
from chat.live.events import frames_since
from tests.support.sse import FrameReader, Page

HALF, OTHER_HALF = "\ud83d", "\ude00"
REPLACED = "\ufffd"


def reply_of(*pieces: tuple[str, str]) -> Reply:
    reply = Reply()
    for kind, text in pieces:
        reply.append(kind, text)
    return reply


def test_is_empty_at_first() -> None:
    assert Reply().position == 0
    assert Reply().parts() == []
    assert Reply().since(0) == []
    assert Reply().text == ""


def test_positions_count_code_points() -> None:
    assert reply_of((TEXT, "añ\u0301😀\u2028")).position == 5


def test_reasoning_counts_like_text_and_an_event_counts_one() -> None:
    assert reply_of((REASONING, "hm…"), ("tool", '{"name": "weather"}'), (TEXT, "Sunny")).position == 9


def test_joins_adjacent_pieces_of_a_kind() -> None:
    reply = reply_of((REASONING, "a"), (REASONING, "b"), (TEXT, "c"), (TEXT, "d"), (REASONING, "e"))
    assert reply.parts() == [Part(REASONING, "ab"), Part(TEXT, "cd"), Part(REASONING, "e")]


def test_never_joins_events() -> None:
    reply = reply_of(("tool", "{}"), ("tool", "{}"))
    assert reply.parts() == [Part("tool", "{}"), Part("tool", "{}")]
    assert reply.since(1) == [Part("tool", "{}")]
    assert reply.since(2) == []


def test_text_leaves_out_reasoning_and_events() -> None:
    assert reply_of((REASONING, "hm"), (TEXT, "Yes"), ("tool", "{}"), (TEXT, ".")).text == "Yes\n\n."


@pytest.mark.parametrize("position", [-1, 6, 10**18])
def test_refuses_what_never_was_a_position(position: int) -> None:
    with pytest.raises(ValueError, match="not a position"):
        reply_of((TEXT, "Hello")).since(position)


def test_since_every_position_is_the_rest() -> None:
    reply = reply_of((REASONING, "hmm"), (TEXT, "Hi😀"), ("tool", "{}"), ("tool", "{1}"), (TEXT, "!"))
    flat = [
        *((REASONING, c) for c in "hmm"),
        *((TEXT, c) for c in "Hi😀"),
        ("tool", "{}"),
        ("tool", "{1}"),
        (TEXT, "!"),
    ]
    assert len(flat) == reply.position
    for position in range(reply.position + 1):
        assert flattened(reply.since(position)) == flat[position:]


@pytest.mark.parametrize("length", [BLOCK - 1, BLOCK, BLOCK + 1, 10 * BLOCK + 7])
@pytest.mark.parametrize("piece", [1, 100, BLOCK, 5000])
def test_long_text_is_one_part_however_it_came(length: int, piece: int) -> None:
    text = "".join(chr(0x100 + number % 500) for number in range(length))
    reply = Reply()
    for begin in range(0, length, piece):
        reply.append(TEXT, text[begin : begin + piece])
    assert reply.parts() == [Part(TEXT, text)]
    for position in {0, 1, BLOCK - 1, BLOCK, BLOCK + 1, length - 1} & set(range(length)):
        assert reply.since(position) == [Part(TEXT, text[position:])]
    assert reply.since(length) == []


def test_reads_back_what_was_stored() -> None:
    parts = [Part(REASONING, "hm"), Part("tool", "{}"), Part(TEXT, "Yes")]
    reply = Reply(parts)
    assert reply.parts() == parts
    assert reply.position == 6
    reply.append(TEXT, ", no")
    assert reply.since(6) == [Part(TEXT, ", no")]


def test_an_empty_piece_changes_nothing() -> None:
    reply = reply_of((TEXT, "a"), (REASONING, ""), (TEXT, ""), (TEXT, "b"))
    assert reply.parts() == [Part(TEXT, "ab")]


def test_nul_becomes_a_replacement_character() -> None:
    assert reply_of((TEXT, "a\0b")).text == "a\ufffdb"


@pytest.mark.parametrize("text", [f"a{HALF}b", f"a{OTHER_HALF}b"])
def test_a_lone_surrogate_becomes_a_replacement_character(text: str) -> None:
    assert reply_of((TEXT, text)).text == "a\ufffdb"


def test_joins_a_pair_split_over_two_pieces() -> None:
    reply = reply_of((TEXT, "a" + HALF))
    assert (reply.text, reply.position) == ("a", 1)
    reply.append(TEXT, OTHER_HALF + "b")
    assert (reply.text, reply.position) == ("a😀b", 3)


def test_joins_a_pair_split_over_two_pieces_with_an_empty_one_between() -> None:
    assert reply_of((TEXT, HALF), (TEXT, ""), (TEXT, OTHER_HALF)).parts() == [Part(TEXT, "😀")]


def test_joins_a_pair_that_begins_the_reply() -> None:
    assert reply_of((TEXT, HALF), (TEXT, OTHER_HALF)).parts() == [Part(TEXT, "😀")]


def test_a_half_followed_by_another_kind_stays_in_its_place() -> None:
    reply = reply_of((REASONING, "a" + HALF), (TEXT, OTHER_HALF + "b"))
    assert reply.parts() == [Part(REASONING, "a" + REPLACED), Part(TEXT, REPLACED + "b")]


def test_a_half_alone_followed_by_another_kind_stays_in_its_place() -> None:
    reply = reply_of((REASONING, HALF), (TEXT, "b"))
    assert reply.parts() == [Part(REASONING, REPLACED), Part(TEXT, "b")]


def test_a_half_followed_by_an_event_stays_before_it() -> None:
    reply = reply_of((TEXT, "a" + HALF), ("tool", "{}"))
    assert reply.parts() == [Part(TEXT, "a" + REPLACED), Part("tool", "{}")]


def test_a_half_after_an_event_belongs_to_its_own_kind() -> None:
    reply = reply_of(("tool", "{}"), (TEXT, HALF), (TEXT, OTHER_HALF))
    assert reply.parts() == [Part("tool", "{}"), Part(TEXT, "😀")]


def test_a_half_at_the_end_becomes_a_replacement_character_when_settled() -> None:
    reply = reply_of((TEXT, "a" + HALF))
    reply.settle()
    reply.settle()
    assert reply.parts() == [Part(TEXT, "a" + REPLACED)]


def test_two_halves_of_the_same_side_are_both_replaced() -> None:
    reply = reply_of((TEXT, HALF), (TEXT, HALF), (TEXT, OTHER_HALF))
    assert reply.text == REPLACED + "😀"


def test_a_stored_reply_holds_what_any_store_can() -> None:
    assert storable(f"\0a{HALF}{OTHER_HALF}{HALF}") == f"{REPLACED}a😀{REPLACED}"
    assert storable("") == ""


# With anything at all

anything = st.text(st.one_of(st.characters(exclude_categories=[]), st.sampled_from([HALF, OTHER_HALF, "\0"])))
spoken = st.tuples(st.sampled_from([TEXT, REASONING]), anything)
words, flag = st.text(st.characters(exclude_categories=[]), max_size=20), st.booleans()
arguments = st.recursive(
    st.none() | flag | st.integers() | words, lambda inner: st.dictionaries(words, inner), max_leaves=5
)
tool_parts = st.one_of(
    st.builds(Call, words, words, words, arguments, flag, flag, flag),
    st.builds(Decision, st.lists(words).map(tuple), st.sampled_from([YES, NO]), words),
    st.builds(Result, words, st.sampled_from(Outcome), words, st.floats(0, 30), st.lists(words).map(tuple)),
    st.builds(Source, st.integers(1, 9), words, words, words),
).map(written)
"""What is said of tools, with anything at all in it."""
said_of_tools = tool_parts.map(lambda part: (part.kind, part.text))
events = st.one_of(st.tuples(st.just("tool"), st.just('{"name": "weather"}')), said_of_tools)
pieces = st.lists(st.one_of(spoken, events))


@given(pieces, st.data())
def test_what_was_before_a_position_and_what_is_since_make_the_whole(
    pieces: list[tuple[str, str]], data: st.DataObject
) -> None:
    reply = reply_of(*pieces)
    reply.settle()
    whole = flattened(reply.parts())
    position = data.draw(st.integers(0, reply.position))
    assert len(whole) == reply.position
    assert flattened(reply.since(position)) == whole[position:]


@given(pieces)
def test_following_piece_by_piece_gives_what_is_stored(pieces: list[tuple[str, str]]) -> None:
    reply, seen, position = Reply(), [], 0
    for kind, text in [*pieces, (TEXT, "")]:
        reply.append(kind, text)
        assert reply.position >= position
        seen += flattened(reply.since(position))
        position = reply.position
    reply.settle()
    seen += flattened(reply.since(position))
    assert seen == flattened(reply.parts())


@given(st.lists(anything))
def test_how_text_was_cut_does_not_matter(pieces: list[str]) -> None:
    reply = reply_of(*((TEXT, piece) for piece in pieces))
    reply.settle()
    assert reply.text == storable("".join(pieces))
    reply.text.encode()
    assert "\0" not in reply.text


@given(pieces)
def test_stored_and_read_back_it_is_the_same(pieces: list[tuple[str, str]]) -> None:
    reply = reply_of(*pieces)
    reply.settle()
    again = Reply(reply.parts())
    assert again.parts() == reply.parts()
    assert again.position == reply.position


@given(pieces, st.data())
def test_clipped_at_a_position_it_is_what_was_before(pieces: list[tuple[str, str]], data: st.DataObject) -> None:
    reply = reply_of(*pieces)
    reply.settle()
    position = data.draw(st.integers(0, reply.position))
    clipped = reply.until(position)
    assert clipped.position == position
    assert flattened(clipped.parts()) == flattened(reply.parts())[:position]


@given(tool_parts)
def test_what_is_said_of_tools_is_read_as_it_is_stored(part: Part) -> None:
    said = read(part)
    assert said
    assert written(said) == part == reply_of((part.kind, part.text)).parts()[0]


@given(st.lists(st.one_of(spoken, said_of_tools)), st.data())
def test_replay_equals_reload_however_the_stream_is_cut(pieces: list[tuple[str, str]], data: st.DataObject) -> None:
    """A page that loses its connection after any event, and comes again, holds what is stored."""
    reply, page = Reply(), Page()
    for kind, text in pieces:
        reply.append(kind, text)
        arrived = FrameReader().feed(frames_since(reply, page.position)[0])
        for frame in arrived[: data.draw(st.integers(0, len(arrived)))]:
            page.apply(frame)
    reply.settle()
    for frame in FrameReader().feed(frames_since(reply, page.position)[0]):
        page.apply(frame)
    assert page.parts == [[part.kind, part.text] for part in Reply(reply.parts()).parts()]
    assert page.position == reply.position


def flattened(parts: list[Part]) -> list[tuple[str, str]]:
    """One entry for each position."""
    return [
        (part.kind, piece)
        for part in parts
        for piece in (part.text if part.kind in (TEXT, REASONING) else [part.text])
    ]


# In rows

longer = st.tuples(st.sampled_from([TEXT, REASONING]), st.integers(0, 2 * ROW).map("x".__mul__))


@given(st.lists(st.one_of(spoken, events, longer)), st.data())
def test_stored_bit_by_bit_in_rows_it_is_the_same_when_it_is_read_back(
    pieces: list[tuple[str, str]], data: st.DataObject
) -> None:
    reply, mark, table = Reply(), Mark(), dict[int, Part]()
    for kind, text in pieces:
        reply.append(kind, text)
        rows, new_mark = reply.rows_since(mark)
        table |= dict(rows)
        if data.draw(st.booleans()):  # else it was not stored, as far as anybody knows
            mark = new_mark
    reply.settle()
    table |= dict(reply.rows_since(mark)[0])
    rows_read = [table[number] for number in range(len(table))]
    assert Reply(rows_read).parts() == reply.parts()
    assert all(len(row) <= ROW for row in rows_read)


def test_what_is_written_for_a_token_does_not_grow_with_the_answer() -> None:
    reply, mark, written = Reply(), Mark(), 0
    for _ in range(1000):
        reply.append(TEXT, "word " * 50)
        rows, mark = reply.rows_since(mark)
        written += sum(len(row) for _, row in rows)
    assert written < 1000 * (250 + ROW)


def test_a_full_row_and_an_event_are_not_written_again() -> None:
    reply = reply_of((TEXT, "x" * ROW))
    rows, mark = reply.rows_since(Mark())
    assert (len(rows), mark, reply.rows_since(mark)) == (1, Mark(1, ROW), ([], mark))
    reply.append("tool", "{}")
    assert reply.rows_since(mark) == ([(1, Part("tool", "{}"))], Mark(2, ROW + 1))


def test_a_row_that_is_not_full_is_written_on() -> None:
    reply = reply_of((REASONING, "Hm"), (TEXT, "He"))
    mark = reply.rows_since(Mark())[1]
    reply.append(TEXT, "llo")
    assert reply.rows_since(mark) == ([(1, Part(TEXT, "Hello"))], Mark(1, 2))
