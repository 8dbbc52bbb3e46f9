"""Accounts of a list are made, all or none. They have no password: a link lets each choose one."""

from collections.abc import Callable, Iterable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.urls import reverse

from chatsite.accounts.creation import take_turns
from chatsite.accounts.first_account import has_accounts
from chatsite.accounts.user_list import Faults, Row
from chatsite.accounts.usernames import skeleton


def create_listed(rows: list[Row]) -> tuple[list[User], list[User]]:
    """The accounts that were made, and those that were there. In a transaction of the caller's. Raises Faults.

    Whoever makes the list vouches for its addresses: they count as confirmed.
    """
    take_turns()
    if not has_accounts():
        raise Faults(
            "There is no account on this site yet. Its administrator makes the first, by the link in the log."
        )
    there = {user.username: user for user in User.objects.filter(username__in=[_name(row) for row in rows])}
    wanted = [(row, _user(row)) for row in rows if _name(row) not in there]
    groups = {group.name: group for group in Group.objects.all()}
    if faults := [*_faults(wanted, groups), *_doubles(rows)]:
        raise Faults(*faults)
    for row, user in wanted:
        _store(user, [groups[name] for name in row.groups])
    return [user for _row, user in wanted], list(there.values())


def password_link(user: User) -> str:
    """The path of a page on which its holder chooses a password; good for PASSWORD_RESET_TIMEOUT, and once."""
    token = default_token_generator.make_token(user)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": token})


def _name(row: Row) -> str:
    return User.normalize_username(row.username)


def _user(row: Row) -> User:
    names = {"first_name": row.first_name, "last_name": row.last_name}
    user = User(username=_name(row), email=row.email, is_staff=row.is_staff, **names)
    user.set_unusable_password()
    return user


def _faults(wanted: list[tuple[Row, User]], groups: dict[str, Group]) -> Iterable[str]:
    """What is wrong with each by itself, and beside the accounts that there are and those before it."""
    looks = {skeleton(name): name for name in User.objects.order_by().values_list("username", flat=True)}
    addresses = set(EmailAddress.objects.values_list("email", flat=True))
    addresses |= set(User.objects.exclude(email="").order_by().values_list("email", flat=True))
    for row, user in wanted:
        yield from (f"Line {row.line}: {fault}" for fault in _invalid(user))
        yield from (f"Line {row.line}: there is no group {name!r}." for name in row.groups if name not in groups)
        if (other := looks.setdefault(skeleton(user.username), user.username)) != user.username:
            yield f"Line {row.line}: {user.username!r} looks like {other!r}, another account's name."
        if user.email and user.email in addresses:
            yield f"Line {row.line}: {user.email} is another account's address."
        addresses.add(user.email)


def _invalid(user: User) -> list[str]:
    faults: list[str] = []
    checks: tuple[Callable[[], Any], ...] = (
        lambda: user.clean_fields(exclude=["password"]),
        lambda: get_adapter().clean_username(user.username, shallow=True),
    )
    for check in checks:
        try:
            check()
        except ValidationError as error:
            faults += error.messages
    return list(dict.fromkeys(faults))


def _doubles(rows: list[Row]) -> Iterable[str]:
    first: dict[str, int] = {}
    for row in rows:
        if (line := first.setdefault(_name(row), row.line)) != row.line:
            yield f"Line {row.line}: {row.username!r} stands in line {line}, too."


def _store(user: User, groups: list[Group]) -> None:
    user.save(force_insert=True)
    user.groups.set(groups)
    if user.email:
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
