"""Names that nothing reads: which are said, and which are nobody's business."""

import pytest

from chatsite.environment.dotenv import Entry
from chatsite.environment.names import twice, unread
from chatsite.settings import env

KNOWN = {*env.known}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("CHAT_LIVE_PER_USR", "is no setting. Did you mean CHAT_LIVE_PER_USER?"),
        ("OIDC_ISUER", "is no setting. Did you mean OIDC_ISSUER?"),
        ("CHAT_SYSTEM_PROMT_FILE", "is no setting. Did you mean CHAT_SYSTEM_PROMPT_FILE?"),
        ("CHAT_XYZ", "is no setting."),
        ("OIDC_XYZ", "is no setting."),
        ("CHAT_MFA", None),
        ("SECRET_KEY_FILE", None),
        ("ALLOWED_HOST", None),
        ("PATH", None),
        ("CHATSITE_TEST_FOLDER", None),
        ("CHAT_PORT", None),
        ("CHAT_PORT_8000_TCP_ADDR", None),
        ("CHAT_LIVE_SERVICE_HOST", None),
        ("CHAT_SERVICE_PORT_HTTP", None),
    ],
)
def test_in_the_environment_ours_are_said(name: str, said: str | None) -> None:
    assert [*unread([name], [], KNOWN)] == ([f"{name} (in the environment) {said}"] if said else [])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("CHAT_LIVE_PER_USR", "is no setting. Did you mean CHAT_LIVE_PER_USER?"),
        ("ALLOWED_HOST", "is no setting. Did you mean ALLOWED_HOSTS?"),
        ("debug", "is no setting. Did you mean DEBUG?"),
        ("OPENAI_API_BASE", "is no setting. Did you mean OPENAI_BASE_URL?"),
        ("LANGUAGE_CODE", "is a setting of Django's that the site has for itself: nothing reads it there."),
        ("HTTPS_PROXY", None),
        ("PGPASSFILE", None),
    ],
)
def test_in_the_file_what_is_nearly_ours_is_said(name: str, said: str | None) -> None:
    assert [*unread([name], [Entry(name, "", 3)], KNOWN)] == ([f"{name} (.env, line 3) {said}"] if said else [])


def test_a_name_that_stands_twice_is_said() -> None:
    entries = [Entry("A", "1", 1), Entry("B", "1", 2), Entry("A", "2", 3)]
    assert [*twice(entries)] == ["A stands in .env several times, in lines 1, 3: the last one counts."]
