from django.contrib import admin

from chat.admin import EraseWithOwner
from tests.support.foreign.models import Member


@admin.register(Member)
class MemberAdmin(EraseWithOwner, admin.ModelAdmin):
    pass
