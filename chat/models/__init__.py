from chat.models.conversation import Conversation
from chat.models.feedback import Feedback
from chat.models.generation import Generation
from chat.models.message import Message, MessagePart
from chat.models.search import SearchEntry

__all__ = ["Conversation", "Feedback", "Generation", "Message", "MessagePart", "SearchEntry"]
