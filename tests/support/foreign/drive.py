"""What users and staff do in this project, in a process of its own: `python -m tests.support.foreign.drive`.

Its settings and its database, which it migrates first, are in the environment (tests/support/foreign/settings.py).
An assertion that does not hold ends it.
"""

import asyncio
import io
import json
import re
import uuid
import zipfile
from typing import Any

import django
from django.conf import settings

ROOT = "/help/chat/"
PASSWORD = "a long passphrase"
heard: list[tuple[str, dict[str, Any]]] = []


async def main() -> None:
    from asgiref.sync import sync_to_async as in_thread
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import AsyncClient

    from chat import signals
    from chat.models import Conversation, Reading, SearchEntry

    def listen(signal: Any, **named: Any) -> None:
        Conversation.objects.get(pk=named["conversation_id"])  # committed, and in a thread that may ask
        heard.append(("asked" if signal is signals.message_asked else "ended", named))
        raise ValueError("Whoever listens may fail")

    signals.message_asked.connect(listen)
    signals.generation_ended.connect(listen)

    create = in_thread(get_user_model().people.create_user)  # type: ignore[attr-defined]
    olga, zoe = await create("olga@example.org", PASSWORD), await create("zoe@example.org", PASSWORD)
    clients = {user.email: AsyncClient() for user in (olga, zoe)}
    for user in (olga, zoe):
        await clients[user.email].aforce_login(user)
    client = clients[olga.email]

    answer = await client.get(ROOT)
    assert answer.status_code == 200, answer
    assert "olga@example.org" in answer.content.decode()

    ids = await ask(client, "How do I prune roses?")
    others = await ask(clients[zoe.email], "How do I prune roses, too?")
    await ask(client, "And in autumn?", conversation=ids["conversation"], parent=ids["message"])

    for path in (f"c/{ids['conversation']}/", "conversations/", "settings/", "settings/prompts/", "export/"):
        answer = await client.get(ROOT + path)
        assert answer.status_code == 200, (path, answer)
    assert "prune roses" in (await client.get(f"{ROOT}c/{ids['conversation']}/")).content.decode()
    assert (await client.get(f"{ROOT}c/{others['conversation']}/")).status_code == 404
    found = (await client.get(f"{ROOT}search/?q=prune+ros", headers={"Accept": "application/json"})).content.decode()
    assert ids["conversation"] in found
    assert others["conversation"] not in found
    listed = (await client.get(f"{ROOT}conversations/")).content.decode()
    assert ids["conversation"] in listed
    assert others["conversation"] not in listed
    answer = await client.post(f"{ROOT}c/{ids['conversation']}/title/", {"title": "Gardening"}, content_type=JSON)
    assert answer.status_code == 200, answer.content
    assert await SearchEntry.objects.filter(owner=olga.pk).acount() == 5

    await all_heard(6)
    assert [name for name, _ in heard].count("asked") == 3
    for name, named in heard:
        assert named["owner_id"] in (olga.pk, zoe.pk)
        assert named["message_id"]
        assert name == "asked" or named["generation"].status == "complete"
        assert named["generation"].pk == named["generation_id"]

    answer = await client.post(f"{ROOT}personal-data/")
    pieces = [piece async for piece in answer.streaming_content]  # type: ignore[attr-defined]
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert json.loads(archive.read("account.json"))[0]["name"] == "olga@example.org"
    assert ids["conversation"] in archive.read("contents.json").decode()
    assert others["conversation"] not in archive.read("contents.json").decode()

    await in_thread(see_usage)([olga, zoe])
    if "django.contrib.admin" in settings.INSTALLED_APPS:
        await read_as_staff(create, ids["conversation"])

    await in_thread(call_command)("erase", "--user=olga@example.org", "--dry-run")
    await erase_account(client, "account")
    assert not await get_user_model()._default_manager.filter(pk=olga.pk).aexists()
    await in_thread(see_usage)([zoe, None])
    assert await Conversation.with_deleted.acount() == 1
    if "django.contrib.admin" in settings.INSTALLED_APPS:
        reading = await Reading.objects.aget(action="Read the transcript.")
        assert (reading.object_name, reading.user_name) == ("(erased)", "staff@example.org")
        await delete_as_staff(zoe)
    print("all of it")


def see_usage(users: list[Any]) -> None:
    """Each of these has used something, today and in the totals of a month ago; and the sums are those of the rows."""
    from datetime import timedelta

    from django.core.management import call_command
    from django.utils import timezone

    from chat.usage.prices import day_of
    from chat.usage.reports import names_of, report
    from tests.support.usage import spend

    call_command("usage", "--make-totals")
    for user in users:
        spend(user, 1, days_ago=40)
    call_command("usage", "--verify")
    today = day_of(timezone.now())
    for since in (today, today - timedelta(days=80)):
        keys = [row.key for row in report(since, today, "user")]
        names = names_of(keys, "user")
        assert {names.get(key, "") for key in keys} == {str(user or "") for user in users}
        assert {row.key for row in report(since, today, "group")} == {""}


JSON = "application/json"


async def ask(client: Any, text: str, conversation: str = "", parent: str | None = None) -> dict[str, Any]:
    """The ids of an answer, which is complete."""
    conversation = conversation or str(uuid.uuid4())
    body = {"id": str(uuid.uuid4()), "text": text, "parent": parent}
    answer = await client.post(f"{ROOT}c/{conversation}/messages/", body, content_type=JSON)
    assert answer.status_code == 200, answer.content
    said = "".join([frame.decode() async for frame in answer])
    assert '"complete"' in said, said
    start = re.search(r"event: start\ndata: (.*)\n", said)
    assert start, said
    ids: dict[str, Any] = json.loads(start[1])
    return ids


async def all_heard(count: int) -> None:
    for _ in range(200):
        if len(heard) >= count:
            break
        await asyncio.sleep(0.05)
    assert len(heard) == count, heard


async def read_as_staff(create: Any, conversation: str) -> None:
    from django.test import AsyncClient

    from chat.models import Reading

    staff = await create("staff@example.org", PASSWORD, is_staff=True, is_superuser=True)
    client = AsyncClient()
    await client.aforce_login(staff)
    page = await client.get("/back-office/chat/conversation/?q=olga%40example")
    assert "Gardening" in page.content.decode()
    assert "Chatsite" not in page.content.decode().partition("<body")[2], "The host's administration is the host's"
    for view in ("change", "history"):
        page = await client.get(f"/back-office/chat/conversation/{conversation}/{view}/")
        assert page.status_code == 200
    assert "staff@example.org" in page.content.decode()
    reading = await Reading.objects.aget(action="Read the transcript.")
    assert (reading.user_key, reading.object_key) == (str(staff.pk), conversation)
    assert (await client.get("/back-office/chat/reading/?q=Gardening")).status_code == 200


async def delete_as_staff(user: Any) -> None:
    from django.contrib.auth import get_user_model
    from django.test import AsyncClient

    client = AsyncClient()
    await client.aforce_login(await get_user_model()._default_manager.aget(email="staff@example.org"))
    path = f"/back-office/foreign/member/{user.pk}/delete/"
    assert "Conversations: 1" in (await client.get(path)).content.decode()
    assert (await client.post(path, {"post": "yes"})).status_code == 302
    assert not await get_user_model()._default_manager.filter(pk=user.pk).aexists()


async def erase_account(client: Any, of: str) -> None:
    """By the password, or as this project has it proved."""
    question, path = f"{ROOT}settings/erasure/?of={of}", f"{ROOT}settings/erasure/{of}/"
    page = (await client.get(question)).content.decode()
    if not settings.CHAT_CONFIRM:
        assert 'type="password"' in page
        assert (await client.post(path, {"password": "wrong"})).status_code == 400
        answer = await client.post(path, {"password": PASSWORD})
    else:
        assert 'type="password"' not in page
        refused = await client.post(path, {"password": PASSWORD})
        assert refused.status_code == 302, "The password proves nothing here"
        back = await client.get(refused["Location"])
        assert back["Location"] == question
        assert (await client.get(question)).status_code == 200, "Nothing has been erased by coming back"
        other = await client.post(f"{ROOT}settings/erasure/conversations/")
        assert other.status_code == 302, "The proof was for something else"
        await client.get(refused["Location"])
        answer = await client.post(path)
    assert answer.status_code == 200, answer.content
    assert "is deleted" in answer.content.decode()


if __name__ == "__main__":
    from tests.support.upstream import ScriptedUpstream

    django.setup()
    from django.core.management import call_command
    from django.test import override_settings

    call_command("migrate", verbosity=0)
    with ScriptedUpstream() as upstream, override_settings(OPENAI_BASE_URL=upstream.base_url):
        asyncio.run(main())
