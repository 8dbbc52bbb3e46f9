"""The tree of a conversation: paths, siblings, leaves."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from chat.core.tree import MessageTree

A, B, C, D, E = (uuid.UUID(int=number) for number in range(1, 6))
ROWS = [(A, None, "user"), (B, A, "assistant"), (C, B, "user"), (D, A, "assistant"), (E, None, "user")]


def test_a_path_leads_from_the_root_to_the_leaf() -> None:
    assert MessageTree(ROWS).path(C) == [A, B, C]


def test_what_is_not_there_has_no_path() -> None:
    assert MessageTree(ROWS).path(None) == MessageTree(ROWS).path(uuid.uuid4()) == []


def test_siblings_share_the_parent_and_are_in_order() -> None:
    tree = MessageTree(ROWS)
    assert tree.siblings(D) == tree.siblings(B) == [B, D]
    assert tree.siblings(E) == [A, E]
    assert tree.siblings(C) == [C]


def test_siblings_share_the_role() -> None:
    assert MessageTree([*ROWS, (uuid.uuid4(), None, "system")]).siblings(A) == [A, E]


def test_the_leaf_below_is_that_of_the_branch_begun_last() -> None:
    tree = MessageTree(ROWS)
    assert [tree.leaf_below(pk) for pk in (A, B, C, E)] == [D, C, C, E]


@given(st.lists(st.integers(0, 30), max_size=30))
def test_each_message_is_on_the_path_to_its_leaf(choices: list[int]) -> None:
    ids = [uuid.UUID(int=number) for number in range(1, len(choices) + 1)]
    parents = [None if not number or not choice else ids[choice % number] for number, choice in enumerate(choices)]
    tree = MessageTree((pk, parent, "user") for pk, parent in zip(ids, parents, strict=True))
    for pk in ids:
        assert pk in tree.path(tree.leaf_below(pk))
        assert pk in tree.siblings(pk)
