from typing import Any

from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.http import HttpResponse
from django.shortcuts import redirect

from chatsite.sessions.devices import device_of


class Sessions(ListUserSessionsView):  # type: ignore[misc] # untyped base
    """A user's sessions. A POST ends the one that it names as `session`, without one all but this."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        for session in context["sessions"]:
            session.browser, session.system = device_of(session.user_agent)
        context["sessions"].sort(key=lambda session: (not session.is_current(), -session.last_seen_at.timestamp()))
        return context

    def form_valid(self, form: Any) -> HttpResponse:
        if (named := self.request.POST.get("session", "")) and named.isdecimal():
            end_sessions(self.request, list(UserSession.objects.filter(user=self.request.user, pk=int(named[:18]))))
            return redirect("usersessions_list" if self.request.user.is_authenticated else "account_login")
        response: HttpResponse = super().form_valid(form)
        return response
