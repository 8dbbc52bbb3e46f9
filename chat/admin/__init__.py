"""What staff see: conversations and their transcripts, read-only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from chat.admin.conversations import ConversationAdmin
from chat.admin.prompts import PromptAdmin
from chat.admin.users import UserAdmin

__all__ = ["ConversationAdmin", "PromptAdmin", "UserAdmin"]

admin.site.site_header = gettext_lazy("Chatsite administration")
admin.site.site_title = "Chatsite"
admin.site.index_title = gettext_lazy("Administration")
