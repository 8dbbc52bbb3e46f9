"""What a model costs here, as staff say it: this comes before the list of prices that is installed."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy

from chat.core.limits import MODEL_CHARACTERS, PROVIDER_CHARACTERS
from chat.models.usage import CURRENCY_CHARACTERS

MOST_PRICE = 1_000_000_000
"""For a million tokens."""


class PriceField(models.DecimalField):  # type: ignore[type-arg]
    """For a million tokens, from 0 to MOST_PRICE."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs |= {"max_digits": 16, "decimal_places": 6}
        kwargs["validators"] = [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(MOST_PRICE))]
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


class ModelPrice(models.Model):
    """Holds from the beginning of a day, in TIME_ZONE, until the next one for the same model does.

    What has been settled is not computed again.
    """

    provider = models.CharField(gettext_lazy("provider"), max_length=PROVIDER_CHARACTERS)
    model = models.CharField(gettext_lazy("model"), max_length=MODEL_CHARACTERS)
    since = models.DateField(gettext_lazy("from"))
    currency = models.CharField(gettext_lazy("currency"), max_length=CURRENCY_CHARACTERS, editable=False)
    input = PriceField(gettext_lazy("a million tokens of prompts"))
    cached = PriceField(
        gettext_lazy("of these, tokens from the service's cache"),
        null=True,
        blank=True,
        help_text=gettext_lazy("Empty: as much as the others."),
    )
    output = PriceField(gettext_lazy("a million tokens of answers"))

    class Meta:
        verbose_name = gettext_lazy("price of a model")
        verbose_name_plural = gettext_lazy("prices of models")
        ordering = ["provider", "model", "-since"]
        constraints = [models.UniqueConstraint(fields=["provider", "model", "since"], name="model_price_once")]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model} ({self.since})"
