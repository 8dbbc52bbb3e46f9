"""How long things may be that stand in the database, in forms, in files and in the page alike: each number once."""

TITLE_CHARACTERS = 80
"""Of a conversation's title."""
COMMENT_CHARACTERS = 2_000
"""Of a comment on an answer."""
FILE_NAME_CHARACTERS = 120
"""Of an attached file's name."""
PROMPT_NAME_CHARACTERS = 60
"""Of the name by which a prompt is called."""
MODEL_CHARACTERS = 200
"""Of a model's name, its key and its label."""
PROVIDER_CHARACTERS = 50
"""Of a provider's name."""
DEFAULT_PROVIDER = "default"
"""What the one provider of the short form is called, and that of all that was written when there was no other."""
TOOL_NAME_CHARACTERS = 64
"""Of a tool's name: as many as services take."""
MOST_TEMPERATURE = 2
"""OpenAI's highest, and no compatible service takes a higher one."""
GENERATIONS_PER_MESSAGE = 1_000
"""That write one message: the first, and those that continue it. The database counts up to 32,767."""
MOST_TOKENS = 1_000_000
"""The largest token limit of an answer that can be asked for."""
TOOLS_OFF = 500
"""Of the names of tools that are turned off in one conversation."""
IMAGES_PER_CALL = 4
"""That are kept of what a tool gives."""
SOURCES_PER_CALL = 50
"""That a tool may name."""
SOURCE_TITLE_CHARACTERS = 200
SOURCE_ADDRESS_CHARACTERS = 2_000

MOST_RETENTION_DAYS = 36_500
"""A century: longer than a date goes back there is nothing to be kept."""
