from chat.live.exchange.base import Exchange, LiveReply
from chat.live.exchange.memory import MemoryExchange

__all__ = ["Exchange", "LiveReply", "exchange"]

exchange: Exchange = MemoryExchange()
