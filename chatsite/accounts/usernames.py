"""Names of users that look like somebody else's are refused, for whoever signs up could be taken for them.

Two names are alike if they have the same skeleton: what is left of a name without case, accents and compatibility
forms, with letters of other scripts as the Latin ones that they look like. A small part of Unicode's confusables
(UTS 39, https://www.unicode.org/reports/tr39/): the letters of Cyrillic and Greek that whole names can be written in.
Names of accounts that exist stay as they are.
"""

import unicodedata
from collections.abc import Iterable
from itertools import chain, count

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext

MOST_CHARS = 150
LOOKS_LIKE = str.maketrans(
    {
        **dict(zip("авекмнорстухіјѕһԁԛԝӏѵьгп", "abekmhopctyxijshdqwlvbrn", strict=True)),
        **dict(zip("αβεηικμνορτυχωγ", "abenikuvoptuxwy", strict=True)),
        "ı": "i",
        "ø": "o",
        "đ": "d",
        "ł": "l",
    }
)
SAME = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "5": "s"})
"""Signs that are alike in one case or another: 0 and O, 1 and l and I, 5 and S."""


def validate_distinct(name: str) -> None:
    """Raises ValidationError, in words, if an account has another name that can be taken for this one."""
    wanted = skeleton(name)
    if any(other != name and skeleton(other) == wanted for other in _names()):
        raise ValidationError(gettext("This name looks like that of another account. Choose another."), code="unique")


def distinct_name(name: str) -> str:
    """This name, or else the first with a number after it that nobody takes for another's."""
    taken = {skeleton(other) for other in _names()}
    numbered = (f"{name[: MOST_CHARS - 8]}-{number}" for number in count(2))
    return next(each for each in chain([name], numbered) if skeleton(each) not in taken)


def skeleton(name: str) -> str:
    """What is alike in names that look alike."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return plain.translate(LOOKS_LIKE).translate(SAME)


def _names() -> Iterable[str]:
    """Of all accounts, some thousand at a time: a skeleton takes a few microseconds."""
    return User.objects.order_by().values_list("username", flat=True).iterator(2000)
