"""What the chat is about, as pure values and functions: replies, prompts, message trees, endings, server-sent events.

Nothing here knows the database, the network, the clock or the event loop.
"""
