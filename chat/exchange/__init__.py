from chat.exchange.base import Exchange, LiveReply
from chat.exchange.memory import MemoryExchange

__all__ = ["Exchange", "LiveReply", "exchange"]

exchange: Exchange = MemoryExchange()
