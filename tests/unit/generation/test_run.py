"""What a run knows of its responses together."""

from chat.generation.run import MOST_COUNTED, _sum
from chat.models import Generation


def test_tokens_of_many_rounds_are_no_more_than_their_column_holds() -> None:
    assert Generation._meta.get_field("prompt_tokens").get_internal_type() == "PositiveIntegerField"
    assert _sum(MOST_COUNTED - 5, 6) == MOST_COUNTED == 2**31 - 1
    assert (_sum(None, None), _sum(None, 7), _sum(7, None), _sum(7, 8)) == (None, 7, 7, 15)
