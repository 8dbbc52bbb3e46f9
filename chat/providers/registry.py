"""Which models answer here, and at which services: one table, by the key that names a model on the wire.

Two ways lead to it. `CHAT_PROVIDERS` says all of several services (chat/providers/configuration.py). Without it
`OPENAI_BASE_URL`, `OPENAI_API_KEY`, `CHAT_MODELS`, `CHAT_VISION_MODELS` and `CHAT_TOOL_MODELS` are the short form of
one, which is called `default`, and whose models' keys are their names.
"""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from django.core.signals import setting_changed

from chat.conf import settings
from chat.core.limits import DEFAULT_PROVIDER, MODEL_CHARACTERS
from chat.core.rights import NOT_PERMITTED, Pair, Rights
from chat.errors import Forbidden
from chat.i18n import gettext_noop as _
from chat.providers.configuration import Faults, Model, Provider, is_address, is_key, read

READ = (
    "CHAT_PROVIDERS",
    "CHAT_LOCAL_MODEL",
    "OPENAI_BASE_URL",
    "OPENAI_API_KEY",
    "CHAT_MODELS",
    "CHAT_VISION_MODELS",
    "CHAT_TOOL_MODELS",
    "CHAT_TITLE_MODEL",
)

OTHER_MODELS = _("You are not allowed to use %(model)s here. Choose another model: %(models)s.")
UNPRICED = _(
    "What %(model)s costs is not known here, and you have a quota in money. Choose another model: %(models)s."
)
ALL_UNPRICED = _("What the models here cost is not known, and you have a quota in money. Ask the administrator.")
NO_MODELS = _("You are not allowed to use any of the models here. Ask the administrator.")


@dataclass(frozen=True)
class Registry:
    """All models, in the order in which users see them."""

    models: tuple[Model, ...]
    short_form: Provider | None = None
    """The one service, where there is but one and its models' names are all that is known of them."""

    @cached_property
    def _by_key(self) -> dict[str, Model]:
        return {model.key: model for model in self.models}

    @cached_property
    def offered(self) -> tuple[Model, ...]:
        """To users; the first is the default."""
        return tuple(model for model in self.models if model.offered)

    @cached_property
    def providers(self) -> tuple[Provider, ...]:
        return tuple(dict.fromkeys(model.provider for model in self.models))

    def find(self, key: str) -> Model | None:
        return self._by_key.get(key)

    def offered_to(self, rights: Rights) -> tuple[Model, ...]:
        """To a user who has these rights; the first is their default. There may be none."""
        if not rights.change_models:
            return self.offered
        return tuple(model for model in self.models if self._is_offered_to(model, rights))

    def default_of(self, rights: Rights) -> Model:
        """What answers a user who chooses none. Raises Forbidden."""
        if not (models := self.offered_to(rights)):
            raise Forbidden(ALL_UNPRICED if rights.unpriced else NO_MODELS, code=NOT_PERMITTED)
        return models[0]

    def check_offered(self, key: str, rights: Rights) -> None:
        """Raises Forbidden for a model that is not theirs who have these rights."""
        model = self.find(key)
        if rights.change_models and model and not self._is_offered_to(model, rights):
            offered = self.offered_to(rights)
            is_unpriced = not self._names_of(model).isdisjoint(rights.unpriced)
            some, none = (UNPRICED, ALL_UNPRICED) if is_unpriced else (OTHER_MODELS, NO_MODELS)
            sentence = some if offered else none
            values = {"model": model.title, "models": ", ".join(each.title for each in offered)}
            raise Forbidden(sentence, values=values, code=NOT_PERMITTED)

    def offered_as(self, keys: Collection[str] | None) -> tuple[Model, ...]:
        """Those of these keys; None: all that are offered to all."""
        return self.offered if keys is None else tuple(model for model in self.models if model.key in keys)

    def still(self, provider: str, key: str, keys: Collection[str] | None = None) -> Model | None:
        """The model that once had this key, of this provider, if whoever may choose these (`offered_as`) may still.

        A key that has come to another provider since is another model: who trusted the one need not trust the other.
        What was written by the short form's is looked for anywhere, until a provider is called as that was.
        """
        model = self.find(key)
        if not model or not (model.offered if keys is None else key in keys):
            return None
        return model if (provider, key) in self._names_of(model) else None

    def _is_offered_to(self, model: Model, rights: Rights) -> bool:
        names = self._names_of(model)
        is_given, is_withheld = not names.isdisjoint(rights.given), not names.isdisjoint(rights.withheld)
        return not is_withheld and (is_given or model.offered)

    def _names_of(self, model: Model) -> set[Pair]:
        """By which rows know it: of its own service, and of the short form's, while none is called as that was."""
        names = {(model.provider.name, model.key)}
        return names if self._has_default else names | {(DEFAULT_PROVIDER, model.key)}

    @cached_property
    def _has_default(self) -> bool:
        return any(provider.name == DEFAULT_PROVIDER for provider in self.providers)

    def __getitem__(self, key: str) -> Model:
        """For what is asked in any case: the service says what it thinks of a name that is not in the short form."""
        if model := self.find(key):
            return model
        if self.short_form:
            return Model(key, key, self.short_form)
        raise KeyError(key)


@cache
def registry() -> Registry:
    """As the settings are. Raises ImproperlyConfigured, which names each entry that cannot be.

    A question asks for it thirteen times: to look each time whether the settings are still the same cost a thirtieth
    of it, and only tests change them.
    """
    return _make()


def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting in READ:
        registry.cache_clear()


setting_changed.connect(_forget)


def faults() -> list[str]:
    """What is wrong with these settings, a sentence each."""
    try:
        registry()
    except Faults as exc:
        return exc.sentences
    return []


def _make() -> Registry:
    if settings.CHAT_PROVIDERS:
        made = Registry(read(settings.CHAT_PROVIDERS, os.environ))
        if settings.CHAT_TITLE_MODEL and not made.find(settings.CHAT_TITLE_MODEL):
            raise Faults(["CHAT_TITLE_MODEL is the key of no model of CHAT_PROVIDERS."])
        return made
    provider = Provider(
        DEFAULT_PROVIDER,
        address=settings.OPENAI_BASE_URL,
        api_key=settings.OPENAI_API_KEY,
        is_local=settings.CHAT_LOCAL_MODEL,
    )
    vision, tools = settings.CHAT_VISION_MODELS, settings.CHAT_TOOL_MODELS
    names = dict.fromkeys(settings.CHAT_MODELS)
    if sentences := [*_of_short_form(names)]:
        raise Faults(sentences)
    models = tuple(Model(name, name, provider, vision=name in vision, tools=name in tools) for name in names)
    return Registry(models, short_form=provider)


def _of_short_form(names: Collection[str]) -> Iterator[str]:
    """What is wrong with the settings that say one service."""
    if not names:
        yield "CHAT_MODELS names no model."
    if any(len(name) > MODEL_CHARACTERS for name in names):
        yield f"CHAT_MODELS names a model of more than {MODEL_CHARACTERS} characters."
    if settings.OPENAI_BASE_URL and not is_address(settings.OPENAI_BASE_URL):
        yield "OPENAI_BASE_URL is no http:// or https:// address."
    if settings.OPENAI_API_KEY and not is_key(settings.OPENAI_API_KEY):
        yield "OPENAI_API_KEY has a quote or another character that no key has."
