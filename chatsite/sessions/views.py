from typing import Any

from allauth.account.views import logout
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
            return self.end(UserSession.objects.filter(user=self.request.user, pk=int(named[:18])).first())
        response: HttpResponse = super().form_valid(form)
        return response

    def end(self, session: UserSession | None) -> HttpResponse:
        """This one by a logout, which goes on to the identity provider."""
        if session and session.is_current():
            return logout(self.request)  # type: ignore[no-any-return]
        end_sessions(self.request, [session] if session else [])
        return redirect("usersessions_list")
