"""As `startproject` makes them, with the chat in it. What differs from run to run is in the environment."""

import os
from pathlib import Path

import environ

ROOT = Path(__file__).resolve().parent.parent.parent.parent
WITH_ADMIN = "FOREIGN_ADMIN" in os.environ

DEBUG = True
SECRET_KEY = "of a project that is not ours"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.support.foreign.urls"
AUTH_USER_MODEL = "foreign.Member" if WITH_ADMIN else os.environ.get("FOREIGN_USER", "foreign.Person")
INSTALLED_APPS = [
    *(["django.contrib.admin"] if WITH_ADMIN else []),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "tests.support.foreign",
    "chat",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Where an installed wheel has them, the checkout has them not.
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DATABASES = {"default": environ.Env.db_url_config(os.environ["DATABASE_URL"])}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
STATIC_URL = "static/"
STATICFILES_DIRS = [ROOT / "static"]
USE_TZ = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
OPENAI_BASE_URL = os.environ.get("OPENAI_BASE_URL", "")
CHAT_TITLES = "off"
CHAT_CONFIRM = os.environ.get("CHAT_CONFIRM", "")
CHAT_ALLOWED = os.environ.get("CHAT_ALLOWED", "")
