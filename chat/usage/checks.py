"""System checks of what costs are in."""

from importlib.util import find_spec
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, register

from chat.conf import settings
from chat.usage.prices import DOLLAR


@register(deploy=True)
def check_currency(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A list that is installed for its prices, and of which none counts."""
    currency = settings.CHAT_CURRENCY
    if currency == DOLLAR or settings.CHAT_CURRENCY_RATE or not find_spec("genai_prices"):
        return []
    sentence = f"CHAT_CURRENCY is {currency}, and CHAT_CURRENCY_RATE is not set: no price of the list counts."
    hint = "It is in dollars: say what one is worth, as in 0.92. Else costs are unknown but where staff set prices."
    return [checks.Warning(sentence, hint=hint, id="chat.W068")]
