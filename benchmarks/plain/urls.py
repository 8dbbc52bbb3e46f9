from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

ROWS = 30


@login_required
def rows(request: HttpRequest) -> HttpResponse:
    """A page of thirty rows, which are groups so that no model is needed."""
    return render(request, "rows.html", {"rows": Group.objects.order_by("-pk")[:ROWS]})


urlpatterns = [path("", rows, name="rows"), path("<int:pk>/", rows, name="row")]
