"""Accounts: Django's own login and password change, and sign-up.

On a site without any account the first to sign up becomes its administrator. In production whoever finds the site
first must not be that one, so there it takes a token which only the server's log tells. The token is derived from
SECRET_KEY: every process knows the same one and nothing is stored. It is worth nothing once there is an account.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import login, logout, views
from django.contrib.auth.forms import PasswordChangeForm, UserCreationForm
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from chatsite.passwords import PasswordAlone
from chatsite.usernames import validate_distinct

logger = logging.getLogger("chatsite")


class SignUpClosed(Exception):
    """There is no account for this visitor here."""


def has_accounts() -> bool:
    return User.objects.exists()


def may_sign_up(request: HttpRequest) -> bool:
    """Is there an account for this visitor? The first one takes the token, or DEBUG; any other CHAT_SIGNUP."""
    if has_accounts():
        return bool(settings.CHAT_SIGNUP)
    return bool(settings.DEBUG) or constant_time_compare(request.GET.get("token", ""), first_signup_token())


def first_signup_token() -> str:
    """What the first sign-up needs in production."""
    return salted_hmac("chatsite.accounts.first_signup", "administrator", algorithm="sha256").hexdigest()


def signup_is_open(request: HttpRequest) -> dict[str, object]:
    """A context processor. The answer costs a query, which only a page that uses it pays."""
    return {"signup_is_open": SimpleLazyObject(lambda: may_sign_up(request))}


def announce_first_signup() -> None:
    """Log the way to the first account, if there is none. Called at start; never fails.

    With DEBUG the page itself lets anybody make it, so there is nothing to tell.
    In a thread: it may be called with an event loop running, and the connection must not stay open.
    """
    if settings.DEBUG:
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="announce") as thread:
        if thread.submit(_is_vacant).result():
            path = f"{reverse('signup')}?{urlencode({'token': first_signup_token()})}"
            logger.warning("There is no account on this site yet. Its administrator signs up at %s", path)


def _is_vacant() -> bool:
    try:
        return not has_accounts()
    except Exception as error:  # whatever it is, the site starts: it says more at the first request
        logger.warning("The accounts cannot be read yet (%s). Has `manage.py migrate` run?", error)
        return False
    finally:
        connection.close()


private = [sensitive_post_parameters(), csrf_protect, never_cache]


@method_decorator(private, name="dispatch")
class VisitorsOnly:
    """Sends whoever is logged in to the start page."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response


class LogIn(VisitorsOnly, views.LoginView):
    # Called by the template.
    extra_context = {"has_accounts": has_accounts}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Who is deleted meanwhile is no user: Django notes the time of a login in their row."""
        try:
            return super().post(request, *args, **kwargs)
        except DatabaseError:
            if User.objects.filter(username=request.POST["username"]).exists():
                raise
            request.session.flush()
            return super().post(request, *args, **kwargs)


class SignUp(VisitorsOnly, views.RedirectURLMixin, FormView):  # type: ignore[type-arg]
    """Makes an account and logs it in. 403 where sign-up is closed."""

    form_class = UserCreationForm
    template_name = "registration/signup.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_anonymous and not may_sign_up(request):
            return _closed(request)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        user: User = form.save(commit=False)  # hashes the password, too slow for a transaction that all wait for
        try:
            _create(user, self.request)
        except SignUpClosed:
            return _closed(self.request)
        except IntegrityError:
            form.add_error("username", user.unique_error_message(User, ["username"]))
            return self.form_invalid(form)
        except ValidationError as error:
            form.add_error("username", error)
            return self.form_invalid(form)
        login(self.request, user)
        return redirect(self.get_success_url())

    def get_default_redirect_url(self) -> str:
        return resolve_url(settings.LOGIN_REDIRECT_URL)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(next=self.get_redirect_url(), has_accounts=has_accounts, **kwargs)


@transaction.atomic
def _create(user: User, request: HttpRequest) -> None:
    """Store a new account; the first one as administrator. Raises SignUpClosed, ValidationError, IntegrityError."""
    _take_turns()
    if not may_sign_up(request):
        raise SignUpClosed
    validate_distinct(user.username)
    user.is_staff = user.is_superuser = not has_accounts()
    user.save(force_insert=True)


def _take_turns() -> None:
    """Let one sign-up finish before the next begins: two at the same time must not both be the first.

    PostgreSQL needs a row to lock. SQLite's transactions are IMMEDIATE, which does it.
    """
    users = ContentType.objects.filter(app_label=User._meta.app_label, model=User._meta.model_name)
    users.select_for_update(no_key=True).values_list("pk").first()


@never_cache
def _closed(request: HttpRequest) -> HttpResponse:
    context = {"has_accounts": has_accounts()}
    return render(request, "registration/signup_closed.html", context, status=403)


class PasswordForm(PasswordAlone, PasswordChangeForm):
    """Of one's own."""


@method_decorator(private, name="dispatch")
class ChangePassword(views.PasswordChangeView):
    # Not Django's name: the admin has a page of that name too, and keeps its own.
    template_name = "registration/password_change.html"
    form_class = PasswordForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Who is deleted meanwhile is logged out."""
        try:
            return super().form_valid(form)
        except DatabaseError:
            if User.objects.filter(pk=form.user.pk).exists():
                raise
            logout(self.request)
            return redirect("login")


@method_decorator(private, name="dispatch")
class PasswordChanged(views.PasswordChangeDoneView):
    template_name = "registration/password_changed.html"
