"""Streaming chat with a language model, as a Django app. Its rooms, from the bottom up: docs/architecture.md."""
