"""Links to choose a password by, each sent to the address of its account."""

from datetime import datetime
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.core import mail
from django.template.loader import render_to_string

MOST_FAILURES = 3
"""One after the other: then the mail server is away, and each mail would wait for it."""

Link = tuple[User, str]


def send_links(links: list[Link], until: datetime) -> list[Link]:
    """Returns those that could not be sent."""
    unsent: list[Link] = []
    failures = 0
    for user, link in links:
        failures = 0 if failures < MOST_FAILURES and _send(user, link, until) else failures + 1
        if failures:
            unsent.append((user, link))
    return unsent


def _send(user: User, link: str, until: datetime) -> bool:
    context = {"username": user.username, "link": link, "until": until, "host": urlsplit(link).netloc}
    subject, message = (
        render_to_string(f"account/email/new_account_{part}.txt", context).strip() for part in ("subject", "message")
    )
    try:
        return bool(mail.EmailMessage(subject, message, to=[user.email]).send())
    except (OSError, SMTPException):
        return False
