"""The addresses of the database and of the server that sends e-mail. Both may hold a password, so no sentence of what
is wrong with one says what stands there.
"""

import re
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ

from chat.live.redis_client import fault_in_url

HIDDEN = "********"
DATABASES = ("sqlite", *environ.Env.POSTGRES_FAMILY)
DATABASE = "sqlite:////folder/db.sqlite3 or postgres://user:password@host:5432/name"
EMAIL = "smtp+tls://user:password@mail.example.org:587"
NO_FILE = (
    "names no file: three slashes stand before its path, as in sqlite:///db.sqlite3, and a fourth begins a path "
    "from the root, as in sqlite:////folder/db.sqlite3"
)
ESCAPED = "In a user or password : / ? # @ % are written as %3A %2F %3F %23 %40 %25."


def database(folder: Path, said: str) -> dict[str, Any]:
    """As Django has it; a relative path of a file is one from `folder` on. Raises ValueError."""
    config = _parsed(environ.Env.db_url_config, said, DATABASES, f"is no address of a database, as {DATABASE}")
    if _scheme(said) == "sqlite":
        config["NAME"] = _file(folder, said, config)
    elif not find_spec("psycopg") and not find_spec("psycopg2"):
        raise ValueError('names a database of PostgreSQL, which needs a package: pip install -e ".[site,postgres]"')
    elif "%" in str(config["HOST"]):
        raise ValueError(
            "has a % in the name of its host: a socket is named as in postgres:////var/run/postgresql/name"
        )
    elif not config["NAME"] and not config.get("OPTIONS", {}).get("service"):
        raise ValueError(f"does not say the name of the database, as {DATABASE} does")
    return config


def _file(folder: Path, said: str, config: dict[str, Any]) -> str:
    if urlsplit(said).netloc or config["NAME"] == ":memory:":
        raise ValueError(NO_FILE)
    path, here = folder / config["NAME"], Path(config["NAME"]).absolute()
    if path != here and here.exists() and not path.exists():
        raise ValueError(f"is a path from {folder} on, and the file is elsewhere: write {here}")
    return str(path)


def redis(said: str) -> str:
    """Raises ValueError."""
    url = said.strip()
    if url and (fault := fault_in_url(url)):
        raise ValueError(fault)
    return url


def email(said: str) -> dict[str, Any]:
    """Django's settings; empty without a server. Raises ValueError."""
    if not said.strip():
        return {}
    known = tuple(environ.Env.EMAIL_SCHEMES)
    config = _parsed(environ.Env.email_url_config, said.strip(), known, f"is no address of a mail server, as {EMAIL}")
    if _scheme(said.strip()).startswith("smtp") and not config["EMAIL_HOST"]:
        raise ValueError(f"names no server, as {EMAIL} does")
    return config


def _parsed(parse: Any, said: str, schemes: tuple[str, ...], otherwise: str) -> dict[str, Any]:
    wrong = ValueError(f"{otherwise}. {ESCAPED}")
    if said != said.strip() or not said.isprintable() or _scheme(said) not in schemes:
        raise wrong
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they say what stands there
            return dict(parse(said))
    except ValueError:
        raise wrong from None


def _scheme(said: str) -> str:
    return said.partition("://")[0] if "://" in said else ""


def sqlite(file: Path) -> dict[str, Any]:
    return {"ENGINE": environ.Env.DB_SCHEMES["sqlite"], "NAME": str(file)}


def masked(said: str, config: dict[str, Any]) -> str:
    """The address again, with stars for what is secret. Empty for none."""
    if not config:
        return ""
    prefix, login = ("EMAIL_", "EMAIL_HOST_") if "EMAIL_HOST" in config else ("", "")
    user, password, host, port, name = (
        config.get(key) or "" for key in (f"{login}USER", f"{login}PASSWORD", f"{prefix}HOST", f"{prefix}PORT", "NAME")
    )
    login = f"{user}{password and f':{HIDDEN}'}@" if user or password else ""
    query = "&".join(f"{key}={_masked_option(key, value)}" for key, value in config.get("OPTIONS", {}).items())
    port, name, query = port and f":{port}", name and f"/{name}", query and f"?{query}"
    return f"{_scheme(said.strip()) or 'sqlite'}://{login}{host}{port}{name}{query}"


def masked_redis(url: str) -> str:
    return re.sub(r"(password=)[^&]*", rf"\1{HIDDEN}", without_password(url))


def _masked_option(name: str, value: Any) -> Any:
    return HIDDEN if any(word in name.lower() for word in ("pass", "secret", "token", "key")) else value


def without_password(url: str) -> str:
    """With stars in its place."""
    try:
        login, at, _host = urlsplit(url).netloc.rpartition("@")
    except ValueError:
        return HIDDEN
    return url.replace(f"{login}@", f"{login.partition(':')[0]}:{HIDDEN}@", 1) if at else url
