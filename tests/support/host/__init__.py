"""A project that puts the chat into a frame of its own, with polite styles and with rude ones."""
