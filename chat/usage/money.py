"""What costs and counts are to people: "1.27 EUR", "0.0042 EUR", "12,345"."""

from decimal import Decimal

from django.utils.formats import get_format, number_format
from django.utils.translation import gettext as _

from chat.usage.prices import BILLIONTHS


def money(cost: int | None, currency: str) -> str:
    """`cost` is in billionths; None: nobody knows it."""
    if cost is None:
        return _("unknown")
    amount = Decimal(cost) / BILLIONTHS
    digits = 2 if amount >= 1 or not amount else 4 if amount >= Decimal("0.01") else 9
    return f"{_plain(amount, digits)} {currency}"


def count(number: int) -> str:
    """With thousands as people write them: a page has thousands of these, and Django takes 15 µs for each."""
    return f"{number:,}".replace(",", str(get_format("THOUSAND_SEPARATOR")))


def _plain(amount: Decimal, digits: int) -> str:
    rounded = round(amount, digits)
    if digits == 9:
        digits = max(2, -int(rounded.normalize().as_tuple().exponent)) if rounded else 2
    return number_format(rounded, decimal_pos=digits, force_grouping=True)
