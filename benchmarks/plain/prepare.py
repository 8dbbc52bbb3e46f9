"""Fill the plain site's database. Prints JSON: the session of a user, and how many queries the page takes.

PLAIN_DATABASE=… python benchmarks/plain/prepare.py
"""

# ruff: noqa: E402 - Django must be set up before its models can be imported

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.plain.settings"

import django

django.setup()

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.plain.urls import ROWS


def main() -> None:
    call_command("migrate", verbosity=0)
    Group.objects.bulk_create(Group(name=f"Number {number} of the rows") for number in range(ROWS))
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.create_user("bench"))
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/").status_code == 200
    print(json.dumps({"session": client.cookies["sessionid"].value, "queries": len(queries)}))


if __name__ == "__main__":
    main()
