"""What allowed a stream, asked again while it is open.

Who opened it may log out, get another password, lose the account or the conversation, and a stream lives for minutes.
So all streams of a process are looked at together, every few seconds (`watch`): by a few queries, however many streams
there are (`questions`), and by none while no stream is open. Whose right is gone is told so by `event: gone`
(docs/protocol.md), the last event of the stream. The reply itself goes on.
"""

from chat.live.access.access import Access, Gone

__all__ = ["Access", "Gone"]
