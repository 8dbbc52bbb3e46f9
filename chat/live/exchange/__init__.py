"""Where replies that are being written are found: `exchange` is the process's."""

from django.core.exceptions import ImproperlyConfigured

from chat.conf import settings
from chat.live.exchange.base import Exchange, Note
from chat.live.exchange.live_reply import LiveReply
from chat.live.exchange.memory import MemoryExchange
from chat.live.redis_client import fault_in_url

__all__ = ["Exchange", "LiveReply", "Note", "exchange"]


def _chosen() -> Exchange:
    """Raises ImproperlyConfigured: at the start, where who runs the site reads it."""
    if not settings.CHAT_REDIS_URL:
        return MemoryExchange()
    if fault := fault_in_url(settings.CHAT_REDIS_URL):
        raise ImproperlyConfigured(f"CHAT_REDIS_URL {fault}.")
    from chat.live.exchange.redis import RedisBus
    from chat.live.exchange.shared import SharedExchange

    return SharedExchange(RedisBus(settings.CHAT_REDIS_URL))


exchange: Exchange = _chosen()
