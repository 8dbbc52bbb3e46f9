"""Who has accepted which version of the site's notice, and when: read-only. It bears no word of a user's."""

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from chat.admin.deletion import DeletedAlong
from chat.admin.lookups import OfferedLookups
from chat.admin.read_only import NeverChanged
from chat.conversations.notice import current
from chat.models import NoticeAcceptance


@admin.register(NoticeAcceptance)
class NoticeAcceptanceAdmin(NeverChanged, DeletedAlong, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    when_empty = gettext_lazy("Nobody has accepted a notice yet. CHAT_NOTICE names the file that users are shown.")
    list_display = ["at", "owner", "version", "is_current"]
    list_select_related = ["owner"]
    list_filter = ["at"]
    list_per_page = 50
    search_help_text = gettext_lazy("Finds whole names of users, and versions.")
    show_full_result_count = False
    fields = ["owner", "version", "is_current", "at"]
    readonly_fields = ["owner", "version", "is_current", "at"]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """The project's users may have any field for their names."""
        return [f"=owner__{get_user_model().USERNAME_FIELD}", "=version"]

    @admin.display(description=gettext_lazy("today's version"), boolean=True)
    def is_current(self, accepted: NoticeAcceptance) -> bool:
        notice = current()
        return notice is not None and accepted.version == notice.version
