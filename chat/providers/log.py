"""What a service's failure is to whoever runs the site: the cause first, what was asked, and what to do about it."""

import logging
import socket
import ssl
from urllib.parse import urlsplit

from chat.conf import settings
from chat.failures import cause_of, log_repeated
from chat.failures.subject import about
from chat.providers.configuration import Model, Provider
from chat.providers.registry import registry

LOGGED = 500
"""Characters of an upstream's words that go to the log."""
OPENAI = "https://api.openai.com/v1"


def log_service(
    logger: logging.Logger,
    provider: Provider,
    cause: str,
    said: str,
    advice: str = "",
    *,
    model: str = "",
    level: int = logging.ERROR,
) -> None:
    """One line, once a minute for each cause at each service: `said` is what it did, after its name."""
    key = (provider.name, cause, model)
    asked = about(", ".join(filter(None, (f"model {model}" if model else "", f"at {address_of(provider)}"))))
    log_repeated(logger, level, key, "%s: %s %s%s. %s", cause, provider.in_log, said, asked, advice)


def log_unreachable(logger: logging.Logger, provider: Provider, exc: BaseException) -> None:
    """`exc` is what the request raised, whose root says why."""
    root, address = _root(exc), address_of(provider)
    host = urlsplit(address).hostname or address
    said = f"could not be reached: {type(root).__name__}: {masked(str(root))!r}"
    setting = setting_of_address(provider)
    if cause := cause_of(root):
        log_service(logger, provider, cause.sentence, said, cause.advice)
    elif isinstance(root, socket.gaierror) or "name server" in str(root):
        advice = f"Is {setting} right? Does `getent hosts {host}` find it?"
        log_service(logger, provider, f"The name {host} cannot be resolved", said, advice)
    elif isinstance(root, ConnectionRefusedError):
        advice = f"Does the service run there? Is {setting} right?"
        log_service(logger, provider, f"Nothing listens at {urlsplit(address).netloc or host}", said, advice)
    elif isinstance(root, ssl.SSLError):
        advice = f"Is the certificate of {host} valid, and its issuer known here (SSL_CERT_FILE)?"
        log_service(logger, provider, f"No secure connection to {host}", said, advice)
    else:
        advice = f"See whether `curl {address}/models` gets an answer from this machine, and {setting}."
        log_service(logger, provider, f"No answer from {host}", said, advice, level=logging.WARNING)


def address_of(provider: Provider) -> str:
    """Without what may be a secret in it."""
    parts = urlsplit(provider.address or OPENAI)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def setting_of_key(provider: Provider) -> str:
    return provider.api_key_variable or ("OPENAI_API_KEY" if not provider.label else "`api_key_variable`")


def setting_of_address(provider: Provider) -> str:
    return f"`address` of {provider.name!r} in CHAT_PROVIDERS" if provider.label else "OPENAI_BASE_URL"


def setting_of_models(model: Model) -> str:
    return f"`models` of {model.provider.name!r} in CHAT_PROVIDERS" if model.provider.label else "CHAT_MODELS"


def _root(exc: BaseException) -> BaseException:
    while exc.__cause__:
        exc = exc.__cause__
    return exc


def masked(words: str) -> str:
    """An upstream's words for the log: cut, and without any key of ours should it repeat one."""
    keys = {settings.OPENAI_API_KEY, *(provider.api_key for provider in registry().providers)}
    for key in sorted(keys - {""}, key=len, reverse=True):
        words = words.replace(key, "[key]")
    return words[:LOGGED]
