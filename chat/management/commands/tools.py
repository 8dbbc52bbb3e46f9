"""`manage.py tools`: which tools there are, and what a model is told of each."""

import json

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat.tools.base import Tool
from chat.tools.registry import read_due, tools
from chat.tools.toolbox import offered_to


class Command(BaseCommand):
    help = "List the tools that models may call, with what they are told of each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="NAME", help="only those that this user may have called")

    def handle(self, *, user: str | None, **options: object) -> None:
        read_due()
        listed = offered_to(_user(user)) if user else list(tools().values())
        for tool in listed:
            self.stdout.write(self._said(tool), ending="\n\n")
        if not listed:
            self.stdout.write("There are none: see docs/tools.md.")

    def _said(self, tool: Tool) -> str:
        marks = {
            f"of the MCP server {tool.server}": tool.server,
            "changes something": tool.changes,
            "sends data outside": tool.outside,
        }
        said = "".join(f", {mark}" for mark, is_so in marks.items() if is_so)
        return (
            f"{self.style.SUCCESS(tool.name)}: {tool.title}{said}\n{tool.description}\n"
            f"{json.dumps(tool.parameters, indent=2, ensure_ascii=False)}"
        )


def _user(name: str) -> object:
    users = get_user_model()
    found = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()
    if not found:
        raise CommandError(f"There is no user called {name!r}.")
    return found
