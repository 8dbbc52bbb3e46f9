"""Certificates of erasures: seen by `chat.view_certificate`, added and changed by nobody. They have no words."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from chat.admin.lookups import OfferedLookups
from chat.admin.read_only import ReadOnly
from chat.models import Certificate


@admin.register(Certificate)
class CertificateAdmin(ReadOnly, OfferedLookups, admin.ModelAdmin):  # type: ignore[type-arg]
    when_empty = gettext_lazy("Nothing was erased yet: each erasure leaves a certificate here.")
    list_display = ["begun_at", "purpose", "by_key", "said_counts", "ended_at", "pk"]
    list_filter = ["begun_at", "purpose"]
    list_per_page = 50
    show_full_result_count = False
    readonly_fields = ["id", "purpose", "by_key", "begun_at", "ended_at", "said_counts", "ids", "digest"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Certificate]:
        """The list goes without ids, which may be many."""
        found = super().get_queryset(request)
        match = request.resolver_match
        return found.defer("ids") if match and match.url_name == "chat_certificate_changelist" else found

    @admin.display(description=gettext_lazy("how many"))
    def said_counts(self, certificate: Certificate) -> str:
        return ", ".join(f"{name}: {count}" for name, count in sorted(certificate.counts.items()) if count)
