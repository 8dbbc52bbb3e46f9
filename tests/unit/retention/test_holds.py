"""Legal holds: what is under one is erased by nobody and nothing, and all that erases is told so without a reason."""

import io
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.utils import timezone

from chat.attachments.uploads import discard
from chat.conversations.deletion import delete
from chat.conversations.feedback import Opinion, give
from chat.conversations.prompt_library import change
from chat.conversations.prompt_library import delete as delete_prompt
from chat.errors import Conflict, Held
from chat.models import AccountErasure, Attachment, Conversation, Feedback, Hold, Import, Prompt
from chat.retention import expiry, holds
from chat.retention.erasure import _begin, _finish, erase, erase_account
from chat.retention.imports import end_dead_imports, end_import
from tests.http.test_erasure import everything_of, rows
from tests.support.attachments import stored_attachment
from tests.support.staff import staff

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(days=300)
KEPT = "This cannot be deleted at present. Whoever looks after this site can tell you more."


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("olga")


@pytest.fixture
def lawyer() -> User:
    return User.objects.create_user("lara", is_staff=True)


@pytest.fixture
def conversation(owner: User) -> Conversation:
    return everything_of(owner)


@pytest.fixture(params=["conversation", "user"])
def hold(request: pytest.FixtureRequest, lawyer: User, conversation: Conversation) -> Hold:
    of = conversation.pk if request.param == "conversation" else None
    return holds.place(lawyer, "Case 12", owner_id=conversation.owner_id, conversation_id=of)


def mine(conversation: Conversation) -> Any:
    return Conversation.with_deleted.filter(pk=conversation.pk)


# Who erases


def test_its_owner_is_refused(hold: Hold, owner: User, conversation: Conversation) -> None:
    before, answer = rows(), Feedback.objects.get()
    for attempt in (
        lambda: delete(owner.pk, conversation.pk),
        lambda: erase(Conversation.with_deleted.owned_by(owner)),
        lambda: erase_account(owner.pk),
        lambda: give(owner.pk, answer.message_id, Opinion("")),
        lambda: give(owner.pk, answer.message_id, Opinion("up", "another")),
    ):
        with pytest.raises(Held) as refused:
            attempt()
        assert (refused.value.status, refused.value.code, refused.value.message) == (409, "kept", KEPT)
    give(owner.pk, answer.message_id, Opinion("down"))
    assert rows() == before
    owner.refresh_from_db()
    assert owner.is_active
    assert not AccountErasure.objects.exists()
    assert not Conversation.with_deleted.exclude(deleted_at=None).exists()


def test_of_all_that_is_erased_together_none_is_if_one_is_held(owner: User, conversation: Conversation) -> None:
    others = [everything_of(owner).pk for _ in range(3)]
    holds.place(owner, "Case 12", owner_id=owner.pk, conversation_id=others[1])
    with pytest.raises(Held):
        erase(Conversation.with_deleted.owned_by(owner))
    assert Conversation.objects.count() == 4
    assert erase(Conversation.with_deleted.filter(pk__in=[others[0], others[2], conversation.pk])) == 3


def test_what_waits_to_be_erased_is_left_until_it_is_lifted(
    hold: Hold, owner: User, lawyer: User, conversation: Conversation
) -> None:
    other = everything_of(User.objects.create_user("bob"))
    temporary = everything_of(owner)
    holds.place(lawyer, "Case 13", owner_id=owner.pk, conversation_id=temporary.pk)
    Conversation.objects.filter(pk=temporary.pk).update(is_temporary=True, left_at=LONG_AGO)
    Conversation.objects.exclude(pk=temporary.pk).update(deleted_at=LONG_AGO)
    assert expiry.erase_expired() == 1
    assert not mine(other).exists()
    assert mine(conversation).exists()
    assert mine(temporary).exists()
    for each in Hold.objects.in_force():
        assert holds.lift(each.pk, lawyer)
    assert expiry.erase_expired() == 2
    assert not Conversation.with_deleted.exists()


def test_files_prompts_and_what_an_import_left_of_a_user_under_a_hold(owner: User, lawyer: User) -> None:
    file = stored_attachment(owner.pk, "plan.txt", b"text", created_at=LONG_AGO)
    prompt = Prompt.objects.create(owner=owner, name="Mine", text="text")
    dead = Import.objects.create(owner=owner, renewed_at=LONG_AGO)
    ended = Import.objects.create(owner=owner, renewed_at=LONG_AGO, status=Import.Status.FAILED)
    for each in (dead, ended):
        mine(everything_of(owner)).update(importing=each, deleted_at=LONG_AGO)
    hold = holds.place(lawyer, "Case 12", owner_id=owner.pk)
    assert expiry.erase_unsent() == 0
    end_import(ended.pk, "broken")
    end_dead_imports()
    attempts: list[Callable[[], object]] = [
        lambda: discard(owner.pk, file.pk),
        lambda: delete_prompt(owner.pk, prompt.pk),
        lambda: change(owner.pk, prompt.pk, "Mine", "other"),
    ]
    for attempt in attempts:
        with pytest.raises(Held):
            attempt()
    assert Attachment.objects.filter(pk=file.pk).exists()
    assert Prompt.objects.get().text == "text"
    assert Conversation.with_deleted.count() == 2
    holds.lift(hold.pk, lawyer)
    end_dead_imports()
    assert expiry.erase_unsent() == 1
    assert not Conversation.with_deleted.exists()


def test_the_command_says_that_it_may_not(hold: Hold, owner: User, conversation: Conversation) -> None:
    for arguments in (
        ["--user", "olga"],
        ["--user", "olga", "--account"],
        ["--conversation", str(conversation.pk)],
    ):
        with pytest.raises(CommandError, match=f"^{KEPT}$"):
            call_command("erase", *arguments, "--no-vacuum", stdout=io.StringIO())
    mine(conversation).update(deleted_at=LONG_AGO)
    said = io.StringIO()
    call_command("erase", "--deleted", "--no-vacuum", stdout=said)
    assert said.getvalue().startswith("Erased 0 conversations")
    assert mine(conversation).exists()


def test_the_database_itself_keeps_what_a_hold_names(hold: Hold, owner: User, conversation: Conversation) -> None:
    """Whatever code of a project's deletes an account, or SQL by hand."""
    with pytest.raises(ProtectedError):
        owner.delete()
    if hold.conversation:
        with pytest.raises(ProtectedError):
            conversation.delete()
    table, pk = ("chat_conversation", conversation) if hold.conversation else ("auth_user", owner)
    column = pk._meta.get_field("id").get_db_prep_value(pk.pk, connection)
    with pytest.raises(IntegrityError):
        delete_by_hand(table, column)


@transaction.atomic
def delete_by_hand(table: str, pk: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", [pk])
    connection.check_constraints()  # now, not with the test's end


# Which comes first


def test_what_has_begun_is_finished_and_no_hold_is_placed_on_it(
    owner: User, lawyer: User, conversation: Conversation
) -> None:
    """An erasure that was cut short, in each of its steps."""
    ids = _begin(mine(conversation))
    with pytest.raises(Conflict, match="has begun"):
        holds.place(lawyer, "Case 12", owner_id=owner.pk, conversation_id=conversation.pk)
    holds.place(lawyer, "Case 12", owner_id=owner.pk)
    assert ids == [conversation.pk]
    assert expiry.erase_expired() == 1
    assert not Conversation.with_deleted.exists()


def test_an_account_whose_erasure_has_begun_is_not_held(owner: User, lawyer: User, conversation: Conversation) -> None:
    AccountErasure.objects.create(user=owner)
    for of in (None, conversation.pk):
        with pytest.raises(Conflict, match="has begun"):
            holds.place(lawyer, "Case 12", owner_id=owner.pk, conversation_id=of)
    expiry.finish_accounts()
    with pytest.raises(Conflict, match="has begun"):
        holds.place(lawyer, "Case 12", owner_id=owner.pk)
    assert not Hold.objects.exists()
    assert _finish([]) == 0


# Lifting


def test_that_it_was_lifted_is_recorded_and_of_an_erased_user_no_reason_stays(
    owner: User, lawyer: User, conversation: Conversation
) -> None:
    first = holds.place(lawyer, "Olga's case", owner_id=owner.pk, conversation_id=conversation.pk)
    second = holds.place(lawyer, "Another case", owner_id=owner.pk)
    assert holds.lift(first.pk, owner)
    assert not holds.lift(first.pk, lawyer), "once"
    with pytest.raises(Held):
        erase_account(owner.pk)
    holds.lift(second.pk, lawyer)
    key = str(owner.pk)
    erase_account(owner.pk)
    assert not User.objects.filter(username="olga").exists()
    first.refresh_from_db()
    said = (first.owner_key, first.conversation_key, first.placed_by_key, first.lifted_by_key, first.reason)
    assert said == (key, str(conversation.pk), str(lawyer.pk), key, "(erased)")
    assert first.lifted_at


# The administration


def held_by(client: Client, **sent: str) -> Any:
    return client.post("/admin/chat/hold/add/", {"username": "", "conversation_id": "", "reason": "Case 12"} | sent)


def test_who_may_place_and_who_may_lift(owner: User, conversation: Conversation) -> None:
    placing, lifting, looking = staff("add_hold"), staff("change_hold"), staff("view_hold", "delete_conversation")
    assert held_by(lifting, username="olga").status_code == 403
    assert held_by(placing, username="olga").status_code == 302
    assert held_by(placing, conversation_id=str(conversation.pk)).status_code == 302
    of_conversation, of_user = Hold.objects.order_by("-pk")
    assert (of_user.user, of_user.conversation, of_user.reason) == (owner, None, "Case 12")
    assert (of_conversation.user, of_conversation.conversation_id) == (None, conversation.pk)
    for hold in (of_user, of_conversation):
        page = f"/admin/chat/hold/{hold.pk}/change/"
        assert "Case 12" in looking.get(page).text
        for client in (placing, looking):
            assert client.post(page, {"is_lifted": "on"}).status_code == 403
        assert lifting.post(page, {}).status_code == 302
        assert holds.is_held(owner.pk, hold.conversation_id)
        assert lifting.post(page, {"is_lifted": "on"}).status_code == 302
        assert lifting.post(page, {"is_lifted": "on"}).status_code == 403, "once"
        assert lifting.post(f"/admin/chat/hold/{hold.pk}/delete/", {"post": "yes"}).status_code == 403
    assert not Hold.objects.in_force().exists()
    assert "2 legal holds" in looking.get("/admin/chat/hold/?in_force=no").text


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Name a user or a conversation."),
        ({"username": "nobody"}, "There is no such user."),
        ({"conversation_id": str(uuid.uuid4())}, "There is no such conversation."),
        ({"conversation_id": "12"}, "Enter a valid UUID."),
        ({"username": "olga", "reason": " "}, "This field is required."),
        ({"username": "olga", "reason": "\u200b"}, "Say why: a sentence, or a reference."),
        ({"username": "gone"}, "Its erasure has begun already, so it can no longer be held."),
    ],
)
def test_what_no_hold_can_be_placed_on(owner: User, sent: dict[str, str], sentence: str) -> None:
    AccountErasure.objects.create(user=User.objects.create_user("gone"))
    page = held_by(staff("add_hold"), **sent)
    assert page.status_code == 200
    assert sentence in page.text
    assert not Hold.objects.exists()


def test_staff_who_delete_are_refused(hold: Hold, owner: User, conversation: Conversation) -> None:
    """By the page before, and where they post without it."""
    client = staff(
        "view_conversation", "delete_conversation", "delete_feedback", "delete_toolcall", "view_user", "delete_user"
    )
    User.objects.filter(username__startswith="staff-").update(is_superuser=True)
    of, user = f"/admin/chat/conversation/{conversation.pk}/delete/", f"/admin/auth/user/{owner.pk}/delete/"
    for page in (of, user):
        shown = client.get(page).text
        assert KEPT in shown
        assert "Case 12" not in shown
        client.post(page, {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": str(conversation.pk), "post": "yes"}
    client.post("/admin/chat/conversation/", chosen)
    client.post("/admin/auth/user/", chosen | {"_selected_action": str(owner.pk)})
    assert mine(conversation).filter(deleted_at=None).exists()
    assert User.objects.filter(pk=owner.pk, is_active=True).exists()
