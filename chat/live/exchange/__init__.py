"""Where replies that are being written are found: `exchange` is the process's."""

from chat.live.exchange.base import Exchange
from chat.live.exchange.live_reply import LiveReply
from chat.live.exchange.memory import MemoryExchange

__all__ = ["Exchange", "LiveReply", "exchange"]

exchange: Exchange = MemoryExchange()
