from django.contrib import admin

from shop.models import Order, User


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    list_display = ("email", "full_name", "is_staff")
    search_fields = ("email", "full_name")
    exclude = ("password",)


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ("article", "customer", "ordered_at")
