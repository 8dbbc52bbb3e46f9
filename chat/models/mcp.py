"""Servers whose tools models may call by the Model Context Protocol, as staff have set them up.

A server acts with its own credentials, for whoever may use it: the members of the groups that staff name, and nobody
else. What it says of its tools counts once staff have looked at it: each is off until then, and off again when its
description or its schema has changed.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.contrib.auth.models import Group
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from chat.i18n import translated

SERVER_NAME_CHARACTERS = 40
FAULT_VALUE_CHARACTERS = 80
"""Of a value in a sentence that says what is wrong: all of it has to fit its column."""


class McpServer(models.Model):
    name = models.CharField(
        gettext_lazy("name"),
        max_length=SERVER_NAME_CHARACTERS,
        unique=True,
        validators=[RegexValidator(r"\A[a-z0-9][a-z0-9_-]*\Z", gettext_lazy("Use a to z, digits, - and _ alone."))],
    )
    # Of the server's endpoint (streamable HTTP). Empty for one whose address or command a setting names.
    address = models.CharField(gettext_lazy("address"), max_length=500, blank=True)
    # A line each, `Name: value`; `{name}` in it stands for a secret of CHAT_MCP_SECRETS.
    headers = models.TextField(gettext_lazy("headers"), blank=True)
    groups = models.ManyToManyField(
        Group, blank=True, related_name="+", verbose_name=gettext_lazy("groups that may use it")
    )
    is_on = models.BooleanField(gettext_lazy("on"), default=True)
    looked_at = models.DateTimeField(gettext_lazy("tools looked for"), null=True, editable=False)
    # What went wrong the last time that staff asked it for its tools: a sentence in English and its values, as JSON.
    fault = models.CharField(max_length=500, blank=True, editable=False)

    class Meta:
        verbose_name = gettext_lazy("MCP server")
        verbose_name_plural = gettext_lazy("MCP servers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def fault_shown(self) -> str:
        """What went wrong, in the language of whoever reads it."""
        try:
            sentence, values = json.loads(self.fault)
        except ValueError:  # as it was stored before: in the language of whoever asked
            return self.fault
        return translated(sentence, values)

    def blame(self, sentence: str, **values: str) -> None:
        """This went wrong. `sentence` in English, with its values as `%(name)s`."""
        shown = {name: value[:FAULT_VALUE_CHARACTERS] for name, value in values.items()}
        self.fault = json.dumps([sentence, shown], ensure_ascii=False)


class McpTool(models.Model):
    server = models.ForeignKey(McpServer, models.CASCADE, related_name="tools", verbose_name=gettext_lazy("server"))
    name = models.CharField(gettext_lazy("name"), max_length=200)
    # What the server says of it, as staff have seen it: title, description, parameters.
    definition = models.JSONField(default=dict, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    # What it says by now, where that is something else: until staff have looked at it, nobody can call the tool.
    changed = models.JSONField(null=True, editable=False)
    is_on = models.BooleanField(gettext_lazy("on"), default=False)
    is_read_only = models.BooleanField(
        gettext_lazy("changes nothing"),
        default=False,
        help_text=gettext_lazy("Its calls then wait for no yes, unless they would carry data outside."),
    )
    stays_inside = models.BooleanField(
        gettext_lazy("sends nothing outside"),
        default=False,
        help_text=gettext_lazy("What it is given stays within your organisation."),
    )
    is_waived = models.BooleanField(
        gettext_lazy("may send without a yes"),
        default=False,
        help_text=gettext_lazy("Also where a document, or another tool's result, may have made the model call it."),
    )
    seen_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = gettext_lazy("MCP tool")
        verbose_name_plural = gettext_lazy("MCP tools")
        ordering = ["server", "name"]
        constraints = [models.UniqueConstraint(fields=["server", "name"], name="mcp_tool_once")]

    def __str__(self) -> str:
        return f"{self.server.name}: {self.name}"

    @property
    def title(self) -> str:
        return str(self.definition.get("title") or self.name)

    @property
    def description(self) -> str:
        return str(self.definition.get("description") or "")

    def see(self, definition: dict[str, Any]) -> None:
        """The server says this of it now. Not stored yet."""
        self.seen_at = timezone.now()
        self.changed = None if digest_of(definition) == self.digest else definition

    def accept(self) -> None:
        """Staff have looked at what has changed. Not stored yet."""
        if self.changed is not None:
            self.definition, self.digest, self.changed = self.changed, digest_of(self.changed), None


def digest_of(definition: dict[str, Any]) -> str:
    """Another one when a server says anything else of a tool."""
    return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()
