"""What a user may, from the rows that staff have written."""

import pytest

from chat.core.rights import ALL, LABELS, SENTENCES, Right, Rights
from chat.errors import Forbidden

HOUSE = ("house", "llama")
GIVEN_TO_MINE, GIVEN_TO_OTHERS = (*HOUSE, True, True), (*HOUSE, True, False)
REFUSED_TO_MINE, REFUSED_TO_OTHERS = (*HOUSE, False, True), (*HOUSE, False, False)


@pytest.mark.parametrize(
    ("rows", "given", "withheld"),
    [
        ([], False, False),
        ([GIVEN_TO_MINE], True, False),
        ([GIVEN_TO_OTHERS], False, True),
        ([REFUSED_TO_MINE], False, True),
        ([REFUSED_TO_OTHERS], False, False),
        ([GIVEN_TO_MINE, GIVEN_TO_OTHERS], True, False),
        ([GIVEN_TO_MINE, REFUSED_TO_OTHERS], True, False),
        ([GIVEN_TO_MINE, REFUSED_TO_MINE], False, True),
        ([GIVEN_TO_OTHERS, REFUSED_TO_OTHERS], False, True),
    ],
)
def test_a_refusal_comes_first_and_what_a_group_is_given_is_its_own(
    rows: list[tuple[str, str, bool, bool]], given: bool, withheld: bool
) -> None:
    for ordered in (rows, rows[::-1]):
        rights = Rights.of((), ordered)
        assert (HOUSE in rights.given, HOUSE in rights.withheld) == (given, withheld)
        assert rights.change_models == (given or withheld)


def test_a_right_that_is_lacking_is_refused_in_words() -> None:
    rights = Rights.of([Right.SHARE])
    assert (rights.may_attach, rights.may_share, rights.may_import) == (True, False, True)
    with pytest.raises(Forbidden, match="not allowed to share") as refused:
        rights.check(Right.SHARE)
    assert refused.value.code == "not_permitted"
    for right in Right:
        ALL.check(right)


def test_each_right_has_a_name_and_a_sentence() -> None:
    assert set(Right) == set(LABELS) == set(SENTENCES)
