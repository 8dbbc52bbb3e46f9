"""Somebody else's project with the chat in it: users of its own, with UUIDs as keys and e-mail addresses as names."""
