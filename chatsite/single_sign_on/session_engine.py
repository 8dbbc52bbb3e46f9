"""SESSION_ENGINE: the chat's sessions, which tell single sign-on when their key changes."""

from chat.serving import sessions

IS_PROVIDERS = "began_at_provider"
"""Is in a session that began with a login at the provider."""


class SessionStore(sessions.SessionStore):
    """Of this name, for it is part of what a session is signed with."""

    def cycle_key(self) -> None:
        """Django gives a session another key with each new password."""
        from chatsite.models import ProviderSession  # the engine is there before the tables

        before = self.session_key
        super().cycle_key()
        if IS_PROVIDERS in self:
            ProviderSession.objects.filter(session_key=before).update(session_key=self.session_key)
