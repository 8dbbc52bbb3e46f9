"""What the audit log knows of. The words that are stored stay as they are: chains are sealed over them."""

from django.db import models
from django.utils.translation import gettext_lazy


class Action(models.TextChoices):
    READING = "reading", gettext_lazy("reading")
    SEARCH = "search", gettext_lazy("search")
    EXPORT = "export", gettext_lazy("export")
    GRANT = "grant", gettext_lazy("grant")
    SETTING = "setting", gettext_lazy("setting")
    PRICE = "price", gettext_lazy("price")
    PERMISSION = "permission", gettext_lazy("permission")
    QUOTA = "quota", gettext_lazy("quota")
    ERASURE = "erasure", gettext_lazy("erasure")
    RETENTION = "retention", gettext_lazy("retention")
    HOLD = "hold", gettext_lazy("hold")
    LOGIN = "login", gettext_lazy("login")
    NOTICE = "notice", gettext_lazy("notice")
    PRUNE = "prune", gettext_lazy("prune")
