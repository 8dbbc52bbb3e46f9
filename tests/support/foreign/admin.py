from django.contrib import admin

from chat.admin.deletion import AccountDeletion
from tests.support.foreign.models import Member


@admin.register(Member)
class MemberAdmin(AccountDeletion, admin.ModelAdmin):
    pass
