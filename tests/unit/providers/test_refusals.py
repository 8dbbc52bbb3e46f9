"""What a service's refusal means, to users and to whoever runs the site; how long it asks to wait."""

import socket
import ssl
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from chat.failures.log import repeats
from chat.failures.subject import subject
from chat.providers import refusals
from chat.providers.configuration import Model, Provider
from chat.providers.log import log_unreachable
from chat.providers.refusals import refusal, retry_after

NOW = 1_767_225_600.0
"""Thu, 01 Jan 2026 00:00:00 GMT"""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("7", 7),
        ("0.5", 0.5),
        ("-3", 0),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30),
        ("Wed, 31 Dec 2025 23:59:00 GMT", 0),
        ("Thu, 01 Jan 99999 00:00:30 GMT", None),
        ("inf", float("inf")),
    ],
)
def test_reads_retry_after_in_seconds_and_as_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


# The log

SHORT_FORM = Model("gpt-nosuch", "gpt-nosuch", Provider("default", api_key="sk-secret"))
HUB = Provider("hub", "The Hub", "https://user:pass@hub.example/v1", "sk-secret", "HUB_KEY")
OF_HUB = Model("gpt-nosuch", "gpt-nosuch", HUB)


@pytest.fixture(autouse=True)
def nothing_said() -> Iterator[None]:
    repeats.clear()
    yield
    repeats.clear()


def refuse(status: int, text: str = "", model: Model = OF_HUB, sent: tuple[str, ...] = ()) -> Any:
    response: Any = SimpleNamespace(status=status, headers={})
    return refusal(response, text, model, sent)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (400, '{"error":{"message":"registry.ollama.ai/library/llama2:13b does not support tools"}}'),
        (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
        (500, '{"error":{"code":500,"message":"tools param requires --jinja flag","type":"server_error"}}'),
        (404, '{"error":{"message":"No endpoints found that support tool use.","code":404}}'),
        (400, "Unsupported parameter: 'tools' is not supported with this model."),
        (400, "Invalid schema for function 'find': schema must be a JSON Schema. tools[0].function.parameters"),
        (400, "Function calling is not enabled for this model"),
        (422, '{"detail":[{"loc":["body","tools"],"msg":"extra fields not permitted"}]}'),
        (501, "function_call is not implemented"),
    ],
)
def test_a_model_that_takes_no_tools_says_so(status: int, text: str) -> None:
    assert refuse(status, text, sent=("tools",)).code == "upstream_tools"
    assert refuse(status, text).code != "upstream_tools"  # nobody sent any


def test_a_model_that_is_named_after_tools_may_be_unknown() -> None:
    model = Model("firefunction-tool-v2", "firefunction-tool-v2", HUB)
    assert refuse(404, "There is no model firefunction-tool-v2", model, ("tools",)).code == "upstream_model"
    assert refuse(401, "no tools for this key", model, ("tools",)).code == "upstream_key"
    assert refuse(400, "max_tokens is too large", model, ("max_tokens", "tools")).code == "upstream_options"


@pytest.mark.parametrize(
    ("status", "text", "model", "cause", "said"),
    [
        (401, "", SHORT_FORM, "The key is not accepted", "Set OPENAI_API_KEY to one"),
        (401, "", OF_HUB, "The key is not accepted", "Set HUB_KEY to one"),
        (404, "", SHORT_FORM, "There is no model gpt-nosuch", "CHAT_MODELS"),
        (404, "", OF_HUB, "There is no model gpt-nosuch", "`models` of 'hub' in CHAT_PROVIDERS"),
        (429, '{"code": "insufficient_quota"}', OF_HUB, "The account has no credit", "Pay its bill"),
        (402, "Insufficient Balance", OF_HUB, "The account has no credit", "Pay its bill"),
        (429, "Rate limit reached", OF_HUB, "The service is over a limit", "raise the limits"),
        (302, "", SHORT_FORM, "The address leads elsewhere", "OPENAI_BASE_URL"),
        (500, "", OF_HUB, "The service has a problem of its own", ""),
    ],
)
def test_a_refusal_is_one_line_with_its_cause_first_and_what_to_do(
    caplog: pytest.LogCaptureFixture, status: int, text: str, model: Model, cause: str, said: str
) -> None:
    subject.set("generation 0b9f")
    for _ in range(3):
        refuse(status, text, model)
    assert len(caplog.messages) == 1
    where = "https://hub.example/v1" if model is OF_HUB else "https://api.openai.com/v1"
    begin = f"{cause}: {model.provider.in_log} answered {status}: {text!r} (generation 0b9f, "
    assert caplog.messages[0].startswith(f"{begin}model gpt-nosuch, at {where}). ")
    assert said in caplog.messages[0]
    assert "pass" not in caplog.text


def caused(root: Exception) -> Exception:
    exc = OSError("Cannot connect to host")
    exc.__cause__ = root
    return exc


@pytest.mark.parametrize(
    ("root", "cause"),
    [
        (socket.gaierror(-2, "Name or service not known"), "The name hub.example cannot be resolved"),
        (OSError("No name server answers"), "The name hub.example cannot be resolved"),
        (ConnectionRefusedError(111, "Connect call failed"), "Nothing listens at hub.example"),
        (ssl.SSLCertVerificationError("self-signed"), "No secure connection to hub.example"),
        (TimeoutError(), "No answer from hub.example"),
        (OSError(24, "Too many open files"), "The process may open no more files"),
    ],
)
def test_what_could_not_be_reached_says_where_and_why(
    caplog: pytest.LogCaptureFixture, root: Exception, cause: str
) -> None:
    for _ in range(3):
        log_unreachable(refusals.logger, HUB, caused(root))
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(f"{cause}: The upstream 'hub' could not be reached: {type(root).__name__}")
    assert "pass" not in caplog.text
