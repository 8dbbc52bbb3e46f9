"""What nobody changes in the administration, whatever their permissions are."""

from typing import Any

from django.http import HttpRequest


class NeverChanged:
    """For a ModelAdmin, before it: its rows are made elsewhere, and stay as they were made."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(NeverChanged):
    """Nobody takes from it either: its rows go with nothing else."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
