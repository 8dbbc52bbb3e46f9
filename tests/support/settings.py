"""The site's settings, for tests: deaf to `.env` and to the developer's shell, with folders of their own.

`DJANGO_SETTINGS_MODULE=tests.support.settings`, for pytest and for the site processes that tests start (these
bring an environment of their own, made by tests/support/site.py, and are told apart by CHATSITE_TEST_FOLDER).
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from chatsite.environment import Environment

IN_PYTEST = "CHATSITE_TEST_FOLDER" not in os.environ
FOREIGN = (
    "CHAT_",
    "OPENAI_",
    "SECURE_",
    "CSRF_",
    "SESSION_",
    "TRUST_",
    "OIDC_",
    "SECRET_KEY_",
    "EMAIL_",
    "DATABASE_URL",
    "REDIS_URL",
    "TIME_ZONE",
)

if IN_PYTEST:
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    os.environ |= {
        # Pages are rendered in this process without hashed static files; pytest-django turns DEBUG itself off.
        "DEBUG": "on",
        "SECRET_KEY": "a-key-for-tests-alone-that-is-long-enough-to-pass-the-checks-0123456789",
        "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
        # Nothing listens there: what answers is a ScriptedUpstream, behind a site process.
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    }
    TEST_FOLDER = Path(tempfile.mkdtemp(prefix="chatsite-tests-"))
    atexit.register(shutil.rmtree, TEST_FOLDER, ignore_errors=True)
else:
    TEST_FOLDER = Path(os.environ["CHATSITE_TEST_FOLDER"])

read_file = Environment.read_file
Environment.read_file = lambda *args: None  # type: ignore[method-assign]

from chatsite.settings import *  # noqa: E402, F403
from chatsite.settings import ACCOUNT_RATE_LIMITS, DATABASES, INSTALLED_APPS  # noqa: E402

# Apps of a project, as tests/support/tools_app.
INSTALLED_APPS += os.environ.get("CHATSITE_TEST_APPS", "").split()

# The workers of a run inherit it from the process that starts them: what one collects serves all.
STATIC_ROOT = Path(os.environ.setdefault("CHATSITE_TEST_STATIC", str(TEST_FOLDER / "static")))
STATIC_ROOT.mkdir(exist_ok=True)
SERVESTATIC_USE_FINDERS = not IN_PYTEST and not (STATIC_ROOT / "staticfiles.json").exists()
if IN_PYTEST:
    # A file, so that site processes share it with the tests.
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # tests/support/queries.py counts on connections as they are opened
    DATABASES["default"]["TEST"] = {"NAME": str(TEST_FOLDER / "test.sqlite3")}
    SERVESTATIC_AUTOREFRESH = True  # else each client of Django's in this process looks through all static files
    # By the hour, so that no window ends while a test is in it, however busy the machine is.
    ACCOUNT_RATE_LIMITS |= {
        "login": ACCOUNT_RATE_LIMITS["login"].replace("/m/", "/h/"),
        "login_failed": ACCOUNT_RATE_LIMITS["login_failed"].replace("/m/", "/h/").replace("/300s/", "/h/"),
        "signup": "20/h/ip",
        "change_password": "5/h/user",
        "reauthenticate": "10/h/user",
    }
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
