"""A project that puts the chat into a frame of its own, whose styles are as rude as styles can be."""
