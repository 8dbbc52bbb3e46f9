"""What a user asks of the model besides the question: for one conversation, or by default."""

from django.db import models
from django.utils.translation import gettext_lazy

from chat.core.prompt import Options


class ModelSettings(models.Model):
    """Empty or null: what the site, or the model's service, takes by itself."""

    system_prompt = models.TextField(gettext_lazy("system prompt"), blank=True)
    temperature = models.FloatField(gettext_lazy("temperature"), null=True, blank=True)
    max_tokens = models.PositiveIntegerField(gettext_lazy("token limit"), null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def options(self) -> Options:
        return Options(self.system_prompt, self.temperature, self.max_tokens)
