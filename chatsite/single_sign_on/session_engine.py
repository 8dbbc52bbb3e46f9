"""SESSION_ENGINE: the chat's sessions, with which goes what single sign-on knows of them.

All ends of a session come by here: by a logout, from another device, by staff, by the provider. But for time's.
"""

from chat.serving import sessions

IS_PROVIDERS = "began_at_provider"
"""Is in a session that began with a login at the provider."""


class SessionStore(sessions.SessionStore):
    """Of this name, for it is part of what a session is signed with."""

    def cycle_key(self) -> None:
        """Django gives a session another key with each new password, in these steps. It does not end."""
        data, before = self._session, self.session_key  # type: ignore[attr-defined] # the stubs lack it
        self.create()
        self._session_cache = data
        if not before:
            return
        is_over = IS_PROVIDERS in self and not _move(before, self.session_key)
        super().delete(before)
        if is_over:
            self.flush()

    def delete(self, session_key: str | None = None) -> None:
        from chatsite.models import ProviderSession  # the engine is there before the tables

        super().delete(session_key)
        if ended := session_key or self.session_key:
            ProviderSession.objects.filter(session_key=ended).delete()


def _move(before: str, key: str | None) -> int:
    """0 if the provider has ended the session meanwhile."""
    from chatsite.models import ProviderSession

    return ProviderSession.objects.filter(session_key=before).update(session_key=key)
