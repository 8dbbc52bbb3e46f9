"""All settings of the site. Each is read once, from the environment or from a file `.env` beside manage.py. What one
cannot be is collected, and said at the end, all together.

The list with explanations for operators is in docs/settings.md; a test fails when one is missing there.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

from csp.constants import NONCE, NONE, SELF
from django.conf import global_settings

from chat.conf import AppSettings as Default
from chat.core.limits import MOST_RETENTION_DAYS
from chat.core.mcp_settings import faults_in_secrets, faults_in_servers, is_header_name
from chat.core.pools import fault_in_connections
from chatsite.environment import Environment
from chatsite.single_sign_on.configuration import as_providers

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment(collects=True)
env.read_file(BASE_DIR / ".env")
# Each may stand in a file of its own, whose path NAME_FILE says: SECRET_KEY_FILE, say.
env.read_contents(
    BASE_DIR,
    (
        *("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "OPENAI_API_KEY"),
        *("OIDC_CLIENT_SECRET", "CHAT_SYSTEM_PROMPT", "CHAT_METRICS_TOKEN", "CHAT_AUDIT_KEY"),
    ),
)

# The process

DEBUG = env.switch("DEBUG", default=False)
SECRET_KEY = env.whole_text("SECRET_KEY", default="insecure-key-for-development-only" if DEBUG else "")
if not SECRET_KEY.strip():
    env.refuse(
        "SECRET_KEY is not set. In production set it to a long random string. "
        "For development set DEBUG=on (`make run` writes both to .env)."
    )
# Former ones, until what they have signed and encrypted is renewed (docs/deploy.md).
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
# How many threads serve the synchronous parts of requests, and so how many database connections they hold.
CHAT_REQUEST_THREADS = env.whole("CHAT_REQUEST_THREADS", default=Default.CHAT_REQUEST_THREADS, least=1, most=1_000)
# How many a process may hold, all threads together (chat/core/pools.py).
CHAT_DB_CONNECTIONS = env.whole("CHAT_DB_CONNECTIONS", default=Default.CHAT_DB_CONNECTIONS, least=1)
if _fault := fault_in_connections(CHAT_REQUEST_THREADS, CHAT_DB_CONNECTIONS):
    env.refuse(f"CHAT_DB_CONNECTIONS {_fault}.")
# How long PostgreSQL may take for a statement that others wait for, and how long that may wait for a lock.
CHAT_STATEMENT_SECONDS = env.seconds("CHAT_STATEMENT_SECONDS", default=Default.CHAT_STATEMENT_SECONDS)
CHAT_LOCK_SECONDS = env.seconds("CHAT_LOCK_SECONDS", default=Default.CHAT_LOCK_SECONDS)
# What is done there hashes passwords, sends mail or asks an identity provider, and waits in threads of its own.
CHAT_ACCOUNT_PATHS = ["/accounts/", "/admin/chatsite/invitation/add/"]
CHAT_IDENTITY_PATHS = ["/accounts/oidc/"]
# How many requests may wait for those threads.
CHAT_ACCOUNT_QUEUE = env.whole("CHAT_ACCOUNT_QUEUE", default=Default.CHAT_ACCOUNT_QUEUE)
# The Redis or Valkey by which several processes tell each other what is new; empty: there is none.
CHAT_REDIS_URL = env.redis("REDIS_URL")
# How many bytes of what templates have made are kept in memory, so that it need not be made again. 0: none.
CHAT_FRAGMENT_BYTES = env.whole("CHAT_FRAGMENT_BYTES", default=Default.CHAT_FRAGMENT_BYTES)

# The proxies that are believed whose requests they pass on: how many, or their addresses; none.
CHAT_TRUSTED_PROXIES = env.proxies("CHAT_TRUSTED_PROXIES")

ROOT_URLCONF = "chatsite.urls"
ASGI_APPLICATION = "chatsite.asgi.application"

INSTALLED_APPS = [
    # First: their runserver replaces Django's.
    "chat.serving",
    "daphne",
    "servestatic",
    "chatsite.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "chat",
    "chatsite",
]

# No GZipMiddleware: Chromium then shows the first event of a stream and drops the rest.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "chatsite.sessions.middleware.note_last_seen",
    "chatsite.accounts.middleware.never_cached",
    "allauth.account.middleware.AccountMiddleware",
    "chatsite.accounts.mfa.middleware.second_factors",
]

# These have no part in the answer to a static file that is not there.
CHAT_STATIC_MIDDLEWARE = [
    "chatsite.sessions.middleware.note_last_seen",
    "chatsite.accounts.middleware.never_cached",
    "allauth.account.middleware.AccountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "chatsite.accounts.context.accounts",
            ],
        },
    },
]

# The database. SQLite needs WAL, so that readers never wait for a writer, and IMMEDIATE transactions:
# without them two writers fail with "database is locked", whatever the timeout.

DATABASES = {"default": env.database("DATABASE_URL", default=BASE_DIR / "db.sqlite3", folder=BASE_DIR)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        transaction_mode="IMMEDIATE",
        timeout=20,
        init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    )
# Connections may outlive a request because the threads that hold them are bounded (chat/serving/request_threads.py).
DATABASES["default"].update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Accounts

SESSION_ENGINE = "chatsite.single_sign_on.session_engine"
# Argon2 where it is installed (the extra `argon2`). What is hashed otherwise is hashed anew at its next use.
PASSWORD_HASHERS = [
    *(["django.contrib.auth.hashers.Argon2PasswordHasher"] if find_spec("argon2") else []),
    *global_settings.PASSWORD_HASHERS,
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
AUTHENTICATION_BACKENDS = [
    # First: sessions that it has begun stay valid.
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
ACCOUNT_ADAPTER = "chatsite.single_sign_on.account_adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "chatsite.accounts.forms.LogInForm",
    "signup": "chatsite.accounts.forms.SignUpForm",
    "reauthenticate": "chatsite.accounts.forms.LogInAgainForm",
    "change_password": "chatsite.accounts.forms.ChangePasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
# E-mail: smtp://user:password@host:port, smtp+tls:// or smtp+ssl://. Empty: none is sent.
_EMAIL = env.email("EMAIL_URL")
CHAT_HAS_MAIL = bool(_EMAIL)
vars().update(_EMAIL | {"EMAIL_TIMEOUT": 10} if CHAT_HAS_MAIL else {})
DEFAULT_FROM_EMAIL = env.mailbox("DEFAULT_FROM_EMAIL", default="webmaster@localhost")
# May visitors make accounts themselves? On, off, or with addresses of some domains, which are then to be confirmed.
# The very first account, the administrator's, can be made in any case.
CHAT_SIGNUP = env.switch_or_domains("CHAT_SIGNUP", default=DEBUG)
_CONFIRMED = isinstance(CHAT_SIGNUP, list)
ACCOUNT_SIGNUP_FIELDS = [
    "username*",
    *(["email*"] if _CONFIRMED else ["email"] if CHAT_HAS_MAIL else []),
    "password1*",
    "password2*",
]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if _CONFIRMED else "optional" if CHAT_HAS_MAIL else "none"
# What is said of an address does not tell whether it has an account: the mail that goes there does.
ACCOUNT_PREVENT_ENUMERATION = True if _CONFIRMED else "strict"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
# Whoever logs in stays so until the session ends, as Django has it.
ACCOUNT_SESSION_REMEMBER = True
# How often it may be tried to log in from one address in a minute; how many of these may be wrong; and how many wrong
# ones there may be at one account in five minutes. 0 turns one off.
CHAT_LOGINS_PER_MINUTE = env.whole("CHAT_LOGINS_PER_MINUTE", default=120)
CHAT_WRONG_LOGINS_PER_MINUTE = env.whole("CHAT_WRONG_LOGINS_PER_MINUTE", default=20)
CHAT_WRONG_LOGINS_PER_ACCOUNT = env.whole("CHAT_WRONG_LOGINS_PER_ACCOUNT", default=10)
ACCOUNT_RATE_LIMITS = {
    "login": f"{CHAT_LOGINS_PER_MINUTE}/m/ip" if CHAT_LOGINS_PER_MINUTE else "",
    "login_failed": ",".join(
        rate
        for number, rate in (
            (CHAT_WRONG_LOGINS_PER_MINUTE, f"{CHAT_WRONG_LOGINS_PER_MINUTE}/m/ip"),
            (CHAT_WRONG_LOGINS_PER_ACCOUNT, f"{CHAT_WRONG_LOGINS_PER_ACCOUNT}/300s/key"),
        )
        if number
    ),
}
# By a passkey alone there is nothing to guess: an office's address has as many of these logins as of the others.
MFA_RATE_LIMITS = {"webauthn_login": ACCOUNT_RATE_LIMITS["login"]}
# Second factors: nobody has one, whoever likes, all staff must, all must.
CHAT_MFA = env.one_of("CHAT_MFA", ("off", "optional", "staff", "all"), default="optional")
MFA_ADAPTER = "chatsite.accounts.mfa.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = CHAT_MFA != "off"
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Clocks go wrong by some seconds, and people take some to type: the code before and the next one are right, too.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    name: f"chatsite.accounts.mfa.forms.{form}"
    for name, form in {
        "authenticate": "CodeForm",
        "reauthenticate": "CodeAgainForm",
        "activate_totp": "ActivateTOTPForm",
        "add_webauthn": "AddPasskeyForm",
        "edit_webauthn": "EditPasskeyForm",
        "authenticate_webauthn": "PasskeyForm",
        "reauthenticate_webauthn": "PasskeyAgainForm",
        "login_webauthn": "PasskeyAloneForm",
    }.items()
}
# How long a fresh login, before what matters, is fresh; and by what it is made.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 5 * 60
ACCOUNT_REAUTHENTICATION_METHODS = [
    "password",
    *(["code"] if CHAT_HAS_MAIL else []),
    *(["mfa"] if CHAT_MFA != "off" else []),
]
# Attempts to log in are counted here, by all processes together, and nothing else is kept.
CACHES = {
    "default": {
        "BACKEND": "chatsite.cache.Cache",
        "LOCATION": "chatsite_cacheentry",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# Single sign-on by OpenID Connect (docs/accounts.md): the provider, and what this site is called there.

OIDC_ISSUER = env.text("OIDC_ISSUER")
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET")
# What users know it by: "Log in with …".
OIDC_NAME = env.text("OIDC_NAME", default="single sign-on") or "single sign-on"
# Is it the only way in, but for the administrator's in an emergency?
OIDC_ONLY = env.switch("OIDC_ONLY", default=False)
# The claim whose groups users have here too; those that make staff of them; and whom the site takes (empty: all).
OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM")
OIDC_STAFF_GROUPS = env.names("OIDC_STAFF_GROUPS")
OIDC_ALLOWED_DOMAINS = env.names("OIDC_ALLOWED_DOMAINS")
OIDC_ALLOWED_GROUPS = env.names("OIDC_ALLOWED_GROUPS")
# What the provider says of a login with a second factor, in `amr` or `acr`; empty: each of its logins counts as one.
OIDC_MFA = env.names("OIDC_MFA")
SOCIALACCOUNT_ADAPTER = "chatsite.single_sign_on.adapter.SocialAccountAdapter"
SOCIALACCOUNT_PROVIDERS = as_providers(OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_NAME)
# The provider has confirmed the addresses that are believed, and so whose account here is whose there.
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
# Seconds until a request to the provider is given up.
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5

# Language and time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.time_zone("TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True

# Static files, hashed in production and served by the process itself

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "chat.assets.libraries.LibraryFinder",
]
# Where npm puts the browser's libraries. Without it the page works, in plain text.
NODE_MODULES = BASE_DIR / "node_modules"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "chatsite.static_files.CompressedStaticFilesStorage"
    },
}
SERVESTATIC_ALLOW_ALL_ORIGINS = False
# From where they lie, until `collectstatic` has run.
SERVESTATIC_USE_FINDERS = DEBUG or not (STATIC_ROOT / "staticfiles.json").exists()

# Security. Each of the HTTPS settings can be turned off where a proxy in front already does it.

SECURE_SSL_REDIRECT = env.switch("SECURE_SSL_REDIRECT", default=not DEBUG)
SESSION_COOKIE_SECURE = env.switch("SESSION_COOKIE_SECURE", default=not DEBUG)
CSRF_COOKIE_SECURE = env.switch("CSRF_COOKIE_SECURE", default=not DEBUG)
SECURE_HSTS_SECONDS = env.whole("SECURE_HSTS_SECONDS", default=0 if DEBUG else 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.switch("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD = env.switch("SECURE_HSTS_PRELOAD", default=True)
# On only behind a proxy that always sets X-Forwarded-Proto itself; else a client could lie about HTTPS.
if env.switch("TRUST_X_FORWARDED_PROTO", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# The language that somebody has chosen.
LANGUAGE_COOKIE_SECURE = SESSION_COOKIE_SECURE
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "chatsite.accounts.views.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        # The nonce is for the import map alone, and only in the header of a page that has one.
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# The model

# Several services with their models, from a file (docs/providers.md); without it what follows says the same of one.
CHAT_PROVIDERS = env.providers("CHAT_PROVIDERS", BASE_DIR)
OPENAI_API_KEY = env.key("OPENAI_API_KEY", default=Default.OPENAI_API_KEY)
OPENAI_BASE_URL = env.address("OPENAI_BASE_URL", default=Default.OPENAI_BASE_URL)
# With none of them and DEBUG on, a small built-in model answers, so that a fresh checkout works offline.
CHAT_LOCAL_MODEL = DEBUG and not CHAT_PROVIDERS and not OPENAI_API_KEY and not OPENAI_BASE_URL
# The models that users may pick; the first is the default.
CHAT_MODELS = env.names("CHAT_MODELS", default=Default.CHAT_MODELS) or Default.CHAT_MODELS
if CHAT_LOCAL_MODEL:
    CHAT_MODELS = ["SmolLM2-135M-Instruct"]
# Those of them that see images; the others are shown none.
CHAT_VISION_MODELS = env.names("CHAT_VISION_MODELS", default=Default.CHAT_VISION_MODELS)
# Those of them that can call tools; the others are offered none.
CHAT_TOOL_MODELS = env.names("CHAT_TOOL_MODELS", default=Default.CHAT_TOOL_MODELS)
for _name, _models, _default in (
    ("CHAT_VISION_MODELS", CHAT_VISION_MODELS, Default.CHAT_VISION_MODELS),
    ("CHAT_TOOL_MODELS", CHAT_TOOL_MODELS, Default.CHAT_TOOL_MODELS),
):
    if not CHAT_LOCAL_MODEL and not CHAT_PROVIDERS and _models != _default:
        env.refuse(
            *(f"{_name} names what CHAT_MODELS does not: {each!r}" for each in sorted({*_models} - {*CHAT_MODELS}))
        )
# What the model is told before every conversation; empty: nothing.
CHAT_SYSTEM_PROMPT = env.whole_text("CHAT_SYSTEM_PROMPT", default=Default.CHAT_SYSTEM_PROMPT)
# How long a prompt may be, in tokens as we estimate them: of a longer conversation the oldest turns are left out.
# 0: no bound, and the model's service refuses what is too long for it. The built-in model's window is small.
CHAT_CONTEXT_TOKENS = env.whole(
    "CHAT_CONTEXT_TOKENS", default=1_500 if CHAT_LOCAL_MODEL else Default.CHAT_CONTEXT_TOKENS
)
# Who names a new conversation: `model` asks the model after the first answer; `off` keeps the first words.
CHAT_TITLES = env.one_of("CHAT_TITLES", ("model", "off"), default=Default.CHAT_TITLES)
# Which model that is; empty: the one that has answered.
CHAT_TITLE_MODEL = env.text("CHAT_TITLE_MODEL", default=Default.CHAT_TITLE_MODEL)

# The permission that users need, as in `app.codename`; empty: whoever has an account may use the chat.
CHAT_ALLOWED = env.text("CHAT_ALLOWED")
# The function that has it proved who asks, before what cannot be undone: by a fresh login. Empty: by the password.
CHAT_CONFIRM = env.text("CHAT_CONFIRM", default="chatsite.accounts.confirmation.confirm")

# What users accept before they ask, in each of its versions: a file in Markdown. Empty: nothing.
CHAT_NOTICE = env.notice("CHAT_NOTICE", BASE_DIR)

# Who may read what users share by link: nobody (off), who may use the chat (members), or everybody, where its maker
# wants that (public, or on). None: members, but links that were made public before stay so.
CHAT_SHARING = env.switch_or("CHAT_SHARING", ("members", "public"), default=None)

# May users attach files to what they ask? Off, nothing can be uploaded.
CHAT_ATTACHMENTS = env.switch("CHAT_ATTACHMENTS", default=Default.CHAT_ATTACHMENTS)

# The built-in tools that models may call (docs/tools.md).
CHAT_TOOLS = env.names("CHAT_TOOLS", default=Default.CHAT_TOOLS)
# Servers of tools, and what they may be sent, from files; and a header that tells them who asks.
CHAT_MCP_SERVERS = env.toml("CHAT_MCP_SERVERS", BASE_DIR, "servers")
env.refuse(*(f"CHAT_MCP_SERVERS names a file in which {fault}" for fault in faults_in_servers(CHAT_MCP_SERVERS)))
CHAT_MCP_SECRETS = env.toml("CHAT_MCP_SECRETS", BASE_DIR, "secrets")
env.refuse(*(f"CHAT_MCP_SECRETS names a file in which {fault}" for fault in faults_in_secrets(CHAT_MCP_SECRETS)))
CHAT_MCP_USER_HEADER = env.text("CHAT_MCP_USER_HEADER", default=Default.CHAT_MCP_USER_HEADER)
if CHAT_MCP_USER_HEADER and not is_header_name(CHAT_MCP_USER_HEADER):
    env.refuse(f"CHAT_MCP_USER_HEADER is no name that a header of ours may have: {CHAT_MCP_USER_HEADER!r}")

# For how many days the words are kept that staff searched for in the administration.
CHAT_AUDIT_WORDS_DAYS = env.whole("CHAT_AUDIT_WORDS_DAYS", default=Default.CHAT_AUDIT_WORDS_DAYS, most=100_000)

# For how many days after the last activity in it a conversation is kept; 0: for ever.
CHAT_RETENTION_DAYS = env.whole("CHAT_RETENTION_DAYS", default=Default.CHAT_RETENTION_DAYS, most=MOST_RETENTION_DAYS)

# What seals the audit log, and what it was before; are its entries logged as well, and may what is old be taken from
# it?
CHAT_AUDIT_KEY = env.key("CHAT_AUDIT_KEY", default=Default.CHAT_AUDIT_KEY)
CHAT_AUDIT_KEY_FALLBACKS = env.names("CHAT_AUDIT_KEY_FALLBACKS")
CHAT_AUDIT_LOG = env.one_of("CHAT_AUDIT_LOG", ("off", "json"), default=Default.CHAT_AUDIT_LOG)
CHAT_AUDIT_PRUNE = env.switch("CHAT_AUDIT_PRUNE", default=Default.CHAT_AUDIT_PRUNE)

# Are staff asked for a reason before they see what users wrote, and when are these told of it?
CHAT_READING_REASON = env.one_of(
    "CHAT_READING_REASON", ("off", "asked", "required"), default=Default.CHAT_READING_REASON
)
CHAT_READING_NOTICE = env.days_or("CHAT_READING_NOTICE", ("at once", "never"), default=Default.CHAT_READING_NOTICE)
# Does a check say who may both read and change or erase?
CHAT_SEPARATE_ROLES = env.switch("CHAT_SEPARATE_ROLES", default=Default.CHAT_SEPARATE_ROLES)

# What costs are in, and how much of it a dollar is, which the list of prices is in (docs/usage.md).
CHAT_CURRENCY = env.currency("CHAT_CURRENCY", default=Default.CHAT_CURRENCY)
CHAT_CURRENCY_RATE = env.rate("CHAT_CURRENCY_RATE", default=Default.CHAT_CURRENCY_RATE)

# Of whose user has a quota (docs/usage.md, "Quotas"): how long an answer may become, and whom they ask for more.
CHAT_QUOTA_OUTPUT_TOKENS = env.whole(
    "CHAT_QUOTA_OUTPUT_TOKENS", default=Default.CHAT_QUOTA_OUTPUT_TOKENS, least=1, most=1_000_000
)
CHAT_QUOTA_CONTACT = env.text("CHAT_QUOTA_CONTACT", default=Default.CHAT_QUOTA_CONTACT)

# Limits; 0 turns one off

CHAT_LIVE_PER_USER = env.whole("CHAT_LIVE_PER_USER", default=Default.CHAT_LIVE_PER_USER)
CHAT_LIVE_PER_PROCESS = env.whole("CHAT_LIVE_PER_PROCESS", default=Default.CHAT_LIVE_PER_PROCESS)
CHAT_STREAMS_PER_USER = env.whole("CHAT_STREAMS_PER_USER", default=Default.CHAT_STREAMS_PER_USER)
CHAT_MESSAGES_PER_MINUTE = env.whole("CHAT_MESSAGES_PER_MINUTE", default=Default.CHAT_MESSAGES_PER_MINUTE)
CHAT_INPUT_CHARS = env.whole("CHAT_INPUT_CHARS", default=Default.CHAT_INPUT_CHARS)
CHAT_OUTPUT_CHARS = env.whole("CHAT_OUTPUT_CHARS", default=Default.CHAT_OUTPUT_CHARS)
# How often an answer may call tools and go on, and how much all of them may give back for it.
CHAT_TOOL_ROUNDS = env.whole("CHAT_TOOL_ROUNDS", default=Default.CHAT_TOOL_ROUNDS)
CHAT_TOOL_TOTAL_CHARS = env.whole("CHAT_TOOL_TOTAL_CHARS", default=Default.CHAT_TOOL_TOTAL_CHARS)
# Of files that are attached to a message: how many, and of each of them how much.
CHAT_ATTACHMENTS_PER_MESSAGE = env.whole("CHAT_ATTACHMENTS_PER_MESSAGE", default=Default.CHAT_ATTACHMENTS_PER_MESSAGE)
CHAT_ATTACHMENT_BYTES = env.whole("CHAT_ATTACHMENT_BYTES", default=Default.CHAT_ATTACHMENT_BYTES)
CHAT_ATTACHMENT_PIXELS = env.whole("CHAT_ATTACHMENT_PIXELS", default=Default.CHAT_ATTACHMENT_PIXELS)
CHAT_ATTACHMENT_PAGES = env.whole("CHAT_ATTACHMENT_PAGES", default=Default.CHAT_ATTACHMENT_PAGES)
CHAT_ATTACHMENT_CHARS = env.whole("CHAT_ATTACHMENT_CHARS", default=Default.CHAT_ATTACHMENT_CHARS)
CHAT_TOOL_CHARS = env.whole("CHAT_TOOL_CHARS", default=Default.CHAT_TOOL_CHARS)
CHAT_STORAGE_PER_USER = env.whole("CHAT_STORAGE_PER_USER", default=Default.CHAT_STORAGE_PER_USER)
# A file that somebody imports; what is in a zip may be ten times as large.
CHAT_IMPORT_BYTES = env.whole("CHAT_IMPORT_BYTES", default=Default.CHAT_IMPORT_BYTES)
# A body larger than this is refused with 413. A character takes up to 12 bytes in JSON, and a new conversation brings
# a system prompt beside the message.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 12 * (CHAT_INPUT_CHARS or 1_000_000) + 65_536

# Deadlines, in seconds; 0 turns one off

CHAT_FIRST_TOKEN_SECONDS = env.seconds("CHAT_FIRST_TOKEN_SECONDS", default=Default.CHAT_FIRST_TOKEN_SECONDS)
CHAT_IDLE_SECONDS = env.seconds("CHAT_IDLE_SECONDS", default=Default.CHAT_IDLE_SECONDS)
CHAT_TOTAL_SECONDS = env.seconds("CHAT_TOTAL_SECONDS", default=Default.CHAT_TOTAL_SECONDS)
CHAT_TOOL_SECONDS = env.seconds("CHAT_TOOL_SECONDS", default=Default.CHAT_TOOL_SECONDS)
# How long a reader may take nothing of what waits for it, until its connection is closed (chat/serving/daphne.py).
CHAT_READER_SECONDS = env.seconds("CHAT_READER_SECONDS", default=Default.CHAT_READER_SECONDS)
# How long a client may take to send the head of a request, and then its body (chat/serving/channel.py).
CHAT_HEAD_SECONDS = env.seconds("CHAT_HEAD_SECONDS", default=Default.CHAT_HEAD_SECONDS)
CHAT_BODY_SECONDS = env.seconds("CHAT_BODY_SECONDS", default=Default.CHAT_BODY_SECONDS)

# How long a process that is told to end serves on as before, and then lets what runs come to its end; 0: not at all
CHAT_DRAIN_NOTICE_SECONDS = env.seconds("CHAT_DRAIN_NOTICE_SECONDS", default=Default.CHAT_DRAIN_NOTICE_SECONDS)
CHAT_DRAIN_SECONDS = env.seconds("CHAT_DRAIN_SECONDS", default=Default.CHAT_DRAIN_SECONDS)
# Where the process says how it is: /health/live/ and /health/ready/ (chat/diagnostics/health.py).
CHAT_HEALTH_PATH = "/health/"
# What Prometheus must bear to be told what the process counts (chat/diagnostics/scrape.py). Empty: nobody is told.
CHAT_METRICS_PATH = "/metrics"
CHAT_METRICS_TOKEN = env.key("CHAT_METRICS_TOKEN", default=Default.CHAT_METRICS_TOKEN)

# A span of OpenTelemetry for each answer (chat/generation/traces.py), which goes where OTEL_EXPORTER_… says.
CHAT_TRACES = env.switch("CHAT_TRACES", default=Default.CHAT_TRACES)
if CHAT_TRACES and not find_spec("opentelemetry"):
    env.refuse('CHAT_TRACES is on, for which the extra is missing: pip install -c constraints.txt -e ".[otel]"')

# The log: to standard error, without what users write or search, without keys and without the tokens of links

CHAT_LOG_FORMAT = env.one_of("CHAT_LOG_FORMAT", ("text", "json"), default="text")
if CHAT_LOG_FORMAT == "json" and not find_spec("pythonjsonlogger"):
    env.refuse('CHAT_LOG_FORMAT is json, for which the extra is missing: pip install -c constraints.txt -e ".[json]"')
    CHAT_LOG_FORMAT = "text"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "without_secrets": {"()": "chat.serving.logs.WithoutSecrets"},
        "causes_first": {"()": "chat.serving.logs.CausesFirst"},
    },
    "formatters": {
        "line": {
            "()": "chat.serving.logs.Formatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
        # Named only where it is wanted: what is named is loaded, and its package is an extra.
        **({"json": {"()": "chat.serving.json_logs.JSONLines"}} if CHAT_LOG_FORMAT == "json" else {}),
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json" if CHAT_LOG_FORMAT == "json" else "line",
            "filters": ["without_secrets", "causes_first"],
        }
    },
    # In place of the server's own, which knows no filter.
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Its own handlers would say each thing once more, and mail what was sent.
        "django": {"handlers": [], "level": "INFO"},
        "chat": {"handlers": ["stderr"], "level": env.log_level("CHAT_LOG_LEVEL", default="INFO"), "propagate": False},
        "chatsite": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # Its line for each request to the upstream says nothing that ours do not.
        "httpx2": {"level": "WARNING"},
        # Its lines quote what servers say, which may be users' words; what matters of them ours say.
        "mcp": {"level": "CRITICAL"},
    },
}

# `manage.py settings` says what is wrong, and shows the others.
if sys.argv[1:2] != ["settings"]:
    env.raise_faults()
